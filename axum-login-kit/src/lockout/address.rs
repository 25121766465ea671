//! What counts as one address.

use std::net::{IpAddr, Ipv6Addr};

/// All of IPv4, and of IPv6 the network that one customer gets.
pub(super) fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_is_one_of_ipv4_or_a_network_of_ipv6() {
        let prefix = |text: &str| super::prefix(text.parse().unwrap()).to_string();
        assert_eq!(prefix("198.51.100.7"), "198.51.100.7");
        assert_eq!(prefix("::ffff:198.51.100.7"), "198.51.100.7");
        assert_eq!(prefix("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(prefix("2001:db8:1:2:ffff::"), prefix("2001:db8:1:2::1"));
        assert_ne!(prefix("2001:db8:1:3::1"), prefix("2001:db8:1:2::1"));
    }
}
