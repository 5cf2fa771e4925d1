//! The PROXY protocol, versions 1 and 2: a balancer that passes TCP through says first whose
//! connection it is.
//!
//! Certificates are pinned, so a balancer cannot end TLS and put a header into the requests; this
//! is how it tells the address all the same. Its word is taken only where the operator has named
//! its address: anyone else's would be a way to come from everywhere.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Longest line of version 1.
const LONGEST_LINE: usize = 107;

/// Longest rest of a header of version 2, with whatever it adds to the addresses.
const LONGEST_REST: usize = 4_096;

/// Addresses of balancers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Balancers(Vec<Network>);

/// An address, or all that begin alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Network {
    address: IpAddr,
    bits: u8,
}

/// What is no address of a balancer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not an address; write it as 10.0.0.7, or a network as 10.0.0.0/24")]
pub struct NotAnAddress(String);

impl FromStr for Network {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> std::result::Result<Self, NotAnAddress> {
        let wrong = || NotAnAddress(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.trim().parse().map_err(|_| wrong()))?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

impl Balancers {
    /// The addresses and networks of a list.
    ///
    /// # Errors
    /// Names the first that is none.
    pub fn parse<T: AsRef<str>>(
        list: impl IntoIterator<Item = T>,
    ) -> std::result::Result<Self, NotAnAddress> {
        list.into_iter()
            .map(|text| text.as_ref().parse())
            .collect::<std::result::Result<_, _>>()
            .map(Self)
    }

    /// Whether a balancer has this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

fn malformed(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

/// Read the header that a balancer sends first: whose connection it is, or `None` where the
/// balancer speaks for itself. Reads not a byte more. Has no deadline of its own.
///
/// # Errors
/// When what comes is no such header.
pub async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>> {
    // The shortest header of either version is longer than that.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        second(stream).await
    } else if start.starts_with(b"PROXY ") {
        first(stream, &start).await
    } else {
        Err(malformed("no PROXY header came from the balancer"))
    }
}

async fn first<S: AsyncRead + Unpin>(stream: &mut S, start: &[u8]) -> Result<Option<SocketAddr>> {
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LONGEST_LINE {
            return Err(malformed("the PROXY header is too long"));
        }
        line.push(stream.read_u8().await?);
    }
    let text = std::str::from_utf8(&line).map_err(|_| malformed("the PROXY header is no text"))?;
    let mut words = text.trim_end().split(' ').skip(1);
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(None);
    }
    let parsed = || {
        let source: IpAddr = words.next()?.parse().ok()?;
        let _target: IpAddr = words.next()?.parse().ok()?;
        let port: u16 = words.next()?.parse().ok()?;
        let _port: u16 = words.next()?.parse().ok()?;
        let fits = match family {
            "TCP4" => source.is_ipv4(),
            "TCP6" => source.is_ipv6(),
            _ => false,
        };
        (fits && words.next().is_none()).then_some(SocketAddr::new(source, port))
    };
    let mut parsed = parsed;
    parsed().map(Some).ok_or_else(|| malformed("the PROXY header cannot be read"))
}

async fn second<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if command >> 4 != 2 || length > LONGEST_REST {
        return Err(malformed("the PROXY header is of no known version, or too long"));
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    match command & 0xf {
        0 => return Ok(None),
        1 => {}
        _ => return Err(malformed("the PROXY header has an unknown command")),
    }
    let port = |at: usize| Some(u16::from_be_bytes(rest.get(at..at + 2)?.try_into().ok()?));
    let source = match family >> 4 {
        1 => rest.first_chunk::<4>().map(|bytes| IpAddr::V4(Ipv4Addr::from(*bytes))).zip(port(8)),
        2 => rest.first_chunk::<16>().map(|bytes| IpAddr::V6(Ipv6Addr::from(*bytes))).zip(port(32)),
        // Neither version of IP: the balancer cannot say more.
        _ => return Ok(None),
    };
    source
        .map(|(address, port)| Some(SocketAddr::new(address, port)))
        .ok_or_else(|| malformed("the PROXY header is too short for its addresses"))
}

#[cfg(test)]
mod tests {
    use crate::transport::server::proxy::*;

    async fn parse(bytes: &[u8]) -> (Result<Option<SocketAddr>>, Vec<u8>) {
        let mut stream = bytes;
        let read = read(&mut stream).await;
        (read, stream.to_vec())
    }

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest, b"tls"].concat()
    }

    #[tokio::test]
    async fn both_versions_are_read_and_nothing_after_them() {
        let (read, rest) = parse(b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\ntls").await;
        assert_eq!(read.unwrap(), Some("192.0.2.1:4711".parse().unwrap()));
        assert_eq!(rest, b"tls");
        let (read, rest) = parse(b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\ntls").await;
        assert_eq!(read.unwrap(), Some("[2001:db8::1]:4711".parse().unwrap()));
        assert_eq!(rest, b"tls");
        assert_eq!(parse(b"PROXY UNKNOWN\r\n").await.0.unwrap(), None);

        let four = [&[192, 0, 2, 1, 10, 0, 0, 1][..], &[0x12, 0x67, 1, 187], b"more"].concat();
        let (read, rest) = parse(&header(0x21, 0x11, &four)).await;
        assert_eq!(read.unwrap(), Some("192.0.2.1:4711".parse().unwrap()));
        assert_eq!(rest, b"tls");
        let mut six = [0; 36];
        (six[0], six[1], six[32], six[33]) = (0x20, 1, 0x12, 0x67);
        let (read, _) = parse(&header(0x21, 0x21, &six)).await;
        assert_eq!(read.unwrap(), Some("[2001::]:4711".parse().unwrap()));
        // Health checks of the balancer itself.
        assert_eq!(parse(&header(0x20, 0, &[])).await.0.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let (wrong, short) = (header(0x31, 0x11, &[0; 12]), header(0x21, 0x11, &[0; 4]));
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"PROXY TCP4 2001:db8::1 ::1 1 1\r\n",
            b"PROXY TCP4 192.0.2.1\r\n  ",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 99999 443\r\n",
            b"PROXY",
            &long,
            &wrong,
            &short,
            &header(0x21, 0x11, &[0; 5_000]),
        ] {
            assert!(parse(bytes).await.0.is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn balancers_are_addresses_and_networks() {
        let named = Balancers::parse(["10.0.0.0/24", "192.0.2.7", "2001:db8::/32"]).unwrap();
        for (address, expected) in [
            ("10.0.0.200", true),
            ("10.0.1.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:192.0.2.7", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(named.contains(address.parse().unwrap()), expected, "{address}");
        }
        assert!(Balancers::parse(["0.0.0.0/0"]).unwrap().contains([1, 2, 3, 4].into()));
        for wrong in ["", "balancer", "10.0.0.0/33", "10.0.0.0/x"] {
            assert!(Balancers::parse([wrong]).is_err(), "{wrong:?}");
        }
        assert!(!Balancers::default().contains([127, 0, 0, 1].into()));
    }
}
