//! A connection's bytes, with the place it has at its port.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::Place;
use super::life::Life;
use crate::transport::connect::READ_AHEAD;

/// Counts a socket until it is closed.
pub struct Socket(Arc<AtomicUsize>);

impl Socket {
    /// One more.
    pub fn new(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection with its place. One that has proved to be a member's reads ahead in large pieces:
/// TLS by itself asks for 4 KiB at a time, a quarter of a record. A stranger's has no buffer here.
pub struct Placed {
    stream: TcpStream,
    life: Life,
    /// Nothing, or room for a large piece.
    ahead: Vec<u8>,
    /// Up to where `ahead` has been filled, and how much of that has been handed on.
    filled: usize,
    used: usize,
    _place: Place,
    _socket: Socket,
}

impl Placed {
    /// A connection that gives its place back when it ends.
    pub const fn new(stream: TcpStream, life: Life, place: Place, socket: Socket) -> Self {
        Self { stream, life, ahead: Vec::new(), filled: 0, used: 0, _place: place, _socket: socket }
    }

    /// Read directly, as much as is asked for.
    fn read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if self.life.may_read(buffer.filled().len() - before) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(Error::new(ErrorKind::QuotaExceeded, "too much besides requests")))
    }

    /// Read a large piece.
    fn fill(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.ahead.is_empty() {
            self.ahead = vec![0; READ_AHEAD];
        }
        let mut buffer = ReadBuf::new(&mut self.ahead);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        (self.used, self.filled) = (0, buffer.filled().len());
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        if self.used == self.filled {
            if !self.life.is_member() || buffer.remaining() >= READ_AHEAD {
                return self.read(context, buffer);
            }
            ready!(self.fill(context))?;
        }
        let count = (self.filled - self.used).min(buffer.remaining());
        buffer.put_slice(&self.ahead[self.used..self.used + count]);
        self.used += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Placed {
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
