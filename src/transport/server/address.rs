//! By which part of its address a caller is counted.

use std::net::{IpAddr, Ipv6Addr};

/// The part of an address by which one caller is counted: of IPv6 the /64.
pub fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::server::address::*;

    #[test]
    fn addresses_of_version_six_count_by_their_network() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(prefix(address("2001:db8::1")), prefix(address("2001:db8::ffff:2")));
        assert_ne!(prefix(address("2001:db8::1")), prefix(address("2001:db8:0:1::1")));
        assert_eq!(prefix(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
