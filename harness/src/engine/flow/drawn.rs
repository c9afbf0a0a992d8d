//! Values that a target draws at random and that mean nothing by themselves: what stands for them
//! in logs and messages, so that two runs of a script give the same ones.
//!
//! - An IPv6 flow label is the number of the label among those that its connection has shown: 1 for
//!   the first, 2 for the next one that differs. 0, no label, stays 0.
//! - The IPv4 identification of a datagram that must not be fragmented means nothing (RFC 6864,
//!   section 4.1) and is 0. Of other datagrams equal ones must be told from different ones, so they
//!   are numbered as flow labels are.
//! - The identifier of an echo request, which a ping socket takes from the kernel, is numbered too.
//! - An MD5 digest, which covers sequence numbers and ports, is all zeros.
//! - A port is a number from [`FIRST_PORT`] on, another one for each connection.

use std::collections::BTreeMap;

use crate::packet::{Ip, TcpOption};

/// What stands for the first port that the target chose: the start of the dynamic ports, RFC 6335.
pub(super) const FIRST_PORT: u16 = 49_152;

/// What stands for the values that the target drew for one connection.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// For its port, where the target chose that itself.
    pub(super) port: Option<u16>,
    labels: Ordinals<u32>,
    ids: Ordinals<u16>,
    echo_ids: Ordinals<u16>,
}

impl Drawn {
    /// Flow label and identification of an outbound IP header.
    pub(super) fn stand_in_ip(&mut self, ip: &mut Ip) {
        if ip.flow_label != 0 {
            ip.flow_label = u32::from(self.labels.of(ip.flow_label));
        }
        if ip.dont_fragment {
            ip.id = 0;
        } else if ip.src.is_ipv4() {
            ip.id = self.ids.of(ip.id);
        }
    }

    /// Flow labels and identifications that were seen, in the order of their numbers.
    pub(super) fn seen(&self) -> (Vec<u32>, Vec<u32>) {
        (self.labels.in_order(u32::from), self.ids.in_order(u32::from))
    }

    /// The identifier of an outbound echo request, the upper half of the word `rest`.
    pub(super) fn stand_in_echo(&mut self, rest: &mut u32) {
        let [hi, lo, sequence @ ..] = rest.to_be_bytes();
        let [hi, lo] = self.echo_ids.of(u16::from_be_bytes([hi, lo])).to_be_bytes();
        let [first, second] = sequence;
        *rest = u32::from_be_bytes([hi, lo, first, second]);
    }
}

/// Clears the digests of an outbound segment.
pub(super) fn clear_digests(options: &mut [TcpOption]) {
    for option in options {
        if let TcpOption::Md5(digest) = option {
            digest.fill(0);
        }
    }
}

/// Numbers for values in the order in which they are first asked for, from 1 on.
#[derive(Debug, Default)]
struct Ordinals<T>(BTreeMap<T, u16>);

impl<T: Ord + Copy> Ordinals<T> {
    fn in_order(&self, wide: impl Fn(T) -> u32) -> Vec<u32> {
        let mut values: Vec<_> = self.0.iter().map(|(value, at)| (*at, *value)).collect();
        values.sort_by_key(|(at, _)| *at);
        values.into_iter().map(|(_, value)| wide(value)).collect()
    }

    fn of(&mut self, value: T) -> u16 {
        let next = u16::try_from(self.0.len()).unwrap_or(u16::MAX).saturating_add(1);
        *self.0.entry(value).or_insert(next)
    }
}

#[cfg(test)]
mod tests;
