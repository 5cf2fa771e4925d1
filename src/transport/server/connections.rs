//! How many connections a port accepts, in all and from one address.
//!
//! Whoever opens more is cut off at once, so that one address cannot use up the connections that
//! others, and the nodes among themselves, need.

use std::collections::HashMap;
use std::io::{IoSlice, Result};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::limits::prefix;
use crate::base::lock;

/// Most connections of one port.
pub const MOST: usize = 8_192;

/// Most connections of one address: a house full of bidders behind it.
pub const MOST_OF_ONE: usize = 2_048;

/// Counts the open connections of one port.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Leave to hold one connection, given back when dropped.
pub struct Permit {
    connections: Connections,
    address: IpAddr,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = lock(&self.connections.0);
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

impl Connections {
    /// A permit for a connection from there; `None` when there are too many.
    pub fn take(&self, address: IpAddr) -> Option<Permit> {
        let address = prefix(address);
        let mut taken = lock(&self.0);
        let of_one = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= MOST || of_one >= MOST_OF_ONE {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, of_one + 1);
        Some(Permit { connections: self.clone(), address })
    }
}

/// A connection with its permit.
pub struct Permitted<S> {
    stream: S,
    _permit: Permit,
}

impl<S> Permitted<S> {
    /// A connection that gives its permit back when it ends.
    pub const fn new(stream: S, permit: Permit) -> Self {
        Self { stream, _permit: permit }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Permitted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Permitted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::server::connections::*;

    #[test]
    fn one_address_leaves_room_for_others_and_permits_come_back() {
        let connections = Connections::default();
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut held: Vec<Permit> =
            (0..MOST_OF_ONE).filter_map(|_| connections.take(address(1))).collect();
        assert_eq!(held.len(), MOST_OF_ONE);
        assert!(connections.take(address(1)).is_none());
        for other in 2..=4 {
            held.extend((0..MOST_OF_ONE).filter_map(|_| connections.take(address(other))));
        }
        assert_eq!(held.len(), MOST);
        assert!(connections.take(address(5)).is_none());
        held.clear();
        assert!(connections.take(address(1)).is_some());
        assert!(connections.0.lock().unwrap().by_address.is_empty());
    }
}
