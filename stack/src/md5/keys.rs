//! The keys of a socket: one for a peer or a network of peers.
//!
//! RFC 2385 §4.5 · Linux: tcp_v4_parse_md5_keys, tcp_v6_parse_md5_keys, __tcp_md5_do_lookup

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::errno::Errno;

/// sizeof(struct tcp_md5sig), and where its parts begin.
const SIZE: usize = 216;
const FLAGS_AT: usize = 128;
const PREFIX_AT: usize = 129;
const KEYLEN_AT: usize = 130;
const IFINDEX_AT: usize = 132;
const KEY_AT: usize = 136;
/// TCP_MD5SIG_MAXKEYLEN
const MAX_KEY_LEN: usize = 80;
/// TCP_MD5SIG_FLAG_PREFIX, TCP_MD5SIG_FLAG_IFINDEX
const FLAG_PREFIX: u8 = 1;
const FLAG_IFINDEX: u8 = 2;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// A key and the peers it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Md5Key {
    addr: IpAddr,
    prefix_len: u8,
    /// TCP_MD5SIG_FLAG_IFINDEX, of no L3 master device: the default domain.
    has_ifindex: bool,
    pub(super) key: Vec<u8>,
}

/// The keys of one socket, the newest first (Linux: struct tcp_md5sig_info).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Md5Keys {
    keys: Vec<Md5Key>,
    /// There was a key once: the device does not segment for this socket any more
    /// (sk_gso_disable).
    gso_disabled: bool,
}

impl Md5Keys {
    /// The key for segments to and from `peer`; the longest prefix wins.
    ///
    /// Linux: __tcp_md5_do_lookup, better_md5_match
    pub(crate) fn lookup(&self, peer: IpAddr) -> Option<&Md5Key> {
        let matching = self.keys.iter().filter(|key| key.is_for(peer));
        // `max_by_key` keeps the last of equals; the kernel keeps the first.
        matching.rev().max_by_key(|key| key.prefix_len)
    }

    /// The keys that a connection to `peer` takes over from its listener: its own one.
    ///
    /// Linux: tcp_md5_key_copy
    pub(crate) fn inherit(&self, peer: IpAddr) -> Self {
        let whole = whole_prefix(peer);
        let copy = |key: &Md5Key| Md5Key { addr: peer, prefix_len: whole, ..key.clone() };
        Self {
            keys: self.lookup(peer).map(copy).into_iter().collect(),
            gso_disabled: self.gso_disabled,
        }
    }

    /// Whether the device may cut segments of this socket.
    ///
    /// Linux: sk_can_gso (include/net/sock.h)
    pub(crate) const fn can_gso(&self) -> bool {
        !self.gso_disabled
    }

    /// TCP_MD5SIG and TCP_MD5SIG_EXT: adds, replaces, or with an empty key removes.
    ///
    /// RFC 2385 §4.5 · Linux: tcp_v4_parse_md5_keys, tcp_v6_parse_md5_keys, tcp_md5_do_add
    pub(crate) fn set(&mut self, value: &[u8], is_v6: bool, is_ext: bool) -> Result<(), Errno> {
        let cmd: &[u8; SIZE] = value.first_chunk().ok_or(Errno::EINVAL)?;
        let addr = address(cmd, is_v6)?;
        let flags = byte(cmd, FLAGS_AT);
        let mut prefix_len = whole_prefix(addr);
        if is_ext && flags & FLAG_PREFIX != 0 {
            let asked = byte(cmd, PREFIX_AT);
            prefix_len = Some(asked).filter(|len| *len <= prefix_len).ok_or(Errno::EINVAL)?;
        }
        let has_ifindex = flags & FLAG_IFINDEX != 0;
        let ifindex = i32::from_ne_bytes(array(cmd, IFINDEX_AT));
        if is_ext && has_ifindex && ifindex != 0 {
            return Err(Errno::EINVAL);
        }
        let len = usize::from(u16::from_ne_bytes(array(cmd, KEYLEN_AT)));
        if len > MAX_KEY_LEN {
            return Err(Errno::EINVAL);
        }
        let key = cmd.get(KEY_AT..KEY_AT + len).unwrap_or_default().to_vec();
        self.change(Md5Key { addr, prefix_len, has_ifindex, key })
    }

    fn change(&mut self, new: Md5Key) -> Result<(), Errno> {
        let same = |old: &Md5Key| {
            (old.addr, old.prefix_len, old.has_ifindex)
                == (new.addr, new.prefix_len, new.has_ifindex)
        };
        let at = self.keys.iter().position(same);
        if new.key.is_empty() {
            self.keys.remove(at.ok_or(Errno::ENOENT)?);
            return Ok(());
        }
        match at.and_then(|at| self.keys.get_mut(at)) {
            Some(old) => old.key = new.key,
            None => self.keys.insert(0, new),
        }
        self.gso_disabled = true;
        Ok(())
    }

    /// Adds a key for one peer.
    #[cfg(test)]
    pub(super) fn for_test(&mut self, addr: IpAddr, key: &[u8]) -> &Md5Key {
        let prefix_len = whole_prefix(addr);
        let key = Md5Key { addr, prefix_len, has_ifindex: false, key: key.to_vec() };
        self.keys.insert(0, key);
        &self.keys[0]
    }
}

impl Md5Key {
    fn is_for(&self, peer: IpAddr) -> bool {
        let len = u32::from(self.prefix_len);
        match (self.addr, peer) {
            (IpAddr::V4(net), IpAddr::V4(peer)) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(len)).unwrap_or(0);
                (u32::from(net) ^ u32::from(peer)) & mask == 0
            }
            (IpAddr::V6(net), IpAddr::V6(peer)) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(len)).unwrap_or(0);
                (u128::from(net) ^ u128::from(peer)) & mask == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

const fn whole_prefix(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { 32 } else { 128 }
}

/// The address of a sockaddr of the socket's own family; an IPv4-mapped one is IPv4's.
fn address(cmd: &[u8; SIZE], is_v6: bool) -> Result<IpAddr, Errno> {
    match (u16::from_ne_bytes(array(cmd, 0)), is_v6) {
        (AF_INET, false) => Ok(Ipv4Addr::from(array::<4>(cmd, 4)).into()),
        (AF_INET6, true) => Ok(Ipv6Addr::from(array::<16>(cmd, 8)).to_canonical()),
        (_, _) => Err(Errno::EINVAL),
    }
}

fn byte(cmd: &[u8; SIZE], at: usize) -> u8 {
    array::<1>(cmd, at)[0]
}

fn array<const N: usize>(cmd: &[u8; SIZE], at: usize) -> [u8; N] {
    cmd.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests;
