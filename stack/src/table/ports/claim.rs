//! What a socket claims of its port, and whether two claims can stand side by side.
//!
//! Linux: inet_rcv_saddr_equal, inet_bind_conflict (net/ipv4/inet_connection_sock.c). User ids play
//! no part: there is one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// LOOPBACK4_IPV6: what stands for the IPv4 address of a socket that is bound to an IPv6 one.
const LOOPBACK4_IPV6: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);

/// What the conflict rules ask about a socket. It is read from the socket at every check, because
/// options, addresses and state change after bind().
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// sk_rcv_saddr
    pub(crate) v4: Ipv4Addr,
    /// sk_v6_rcv_saddr, if the socket's family is AF_INET6; IPv4 addresses are mapped here.
    pub(crate) v6: Option<Ipv6Addr>,
    /// IPV6_V6ONLY.
    pub(crate) is_v6only: bool,
    /// SO_REUSEADDR.
    pub(crate) reuse: bool,
    /// SO_REUSEPORT.
    pub(crate) reuseport: bool,
    /// SO_BINDTODEVICE: index of the interface; 0 is any.
    pub(crate) bound_dev_if: i32,
    /// The state is LISTEN.
    pub(crate) is_listening: bool,
}

/// How strict a check is (Linux: the last two parameters of inet_csk_bind_conflict).
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// SO_REUSEADDR on both sides is enough.
    pub(super) relax: bool,
    /// SO_REUSEPORT on both sides is enough.
    pub(super) reuseport_ok: bool,
}

/// Which of two sides may be a wildcard that stands for every address.
#[derive(Clone, Copy)]
pub(super) struct Wildcards {
    pub(super) first: bool,
    pub(super) second: bool,
}

impl Wildcards {
    pub(super) const BOTH: Self = Self { first: true, second: true };
}

impl Claim {
    /// The claim of a socket without options to `addr`, which is never IPv4-mapped; `is_v6` says
    /// of which family the socket is.
    pub(crate) fn of(addr: IpAddr, is_v6: bool) -> Self {
        let (v4, v6) = match addr {
            IpAddr::V4(v4) => (v4, is_v6.then(|| v4.to_ipv6_mapped())),
            IpAddr::V6(v6) if v6.is_unspecified() => (Ipv4Addr::UNSPECIFIED, Some(v6)),
            IpAddr::V6(v6) => (LOOPBACK4_IPV6, Some(v6)),
        };
        Self {
            v4,
            v6,
            is_v6only: false,
            reuse: false,
            reuseport: false,
            bound_dev_if: 0,
            is_listening: false,
        }
    }

    /// SO_REUSEADDR counts for who does not listen.
    pub(super) const fn reuses(&self) -> bool {
        self.reuse && !self.is_listening
    }

    /// The key of the bucket of the second hash (struct inet_bind2_bucket).
    pub(super) fn bucket2(&self) -> Ipv6Addr {
        self.v6.unwrap_or_else(|| self.v4.to_ipv6_mapped())
    }

    /// IPv4, by the family or by the address.
    fn is_v4(&self) -> bool {
        self.v6.is_none_or(|v6| v6.to_ipv4_mapped().is_some())
    }

    /// Whether owners of the same address and of a wildcard are all there is to look at.
    ///
    /// Linux: inet_use_hash2_on_bind (include/net/inet_hashtables.h)
    pub(super) fn uses_hash2(&self) -> bool {
        if self.is_v4() {
            !self.v4.is_unspecified()
        } else {
            self.v6.is_some_and(|v6| !v6.is_unspecified())
        }
    }

    /// Whether the address is a wildcard that takes in `other`.
    ///
    /// Linux: inet_bind2_bucket_match_addr_any (net/ipv4/inet_hashtables.c)
    pub(super) fn is_any_for(&self, other: &Self) -> bool {
        let v6_any = self.v6.is_some_and(|v6| v6.is_unspecified());
        v6_any || (self.is_v4() && other.is_v4() && self.v4.is_unspecified())
    }

    /// Linux: the check of ipv6_only_sock in __inet_bhash2_conflict
    pub(super) fn leaves_alone(&self, other: &Self) -> bool {
        self.is_v6only && other.is_v4()
    }
}

/// Two sockets with one address cannot have one port, unless options say so.
///
/// Linux: inet_bind_conflict
pub(super) const fn inet_bind_conflict(sk: &Claim, sk2: &Claim, rules: Rules) -> bool {
    let devices_differ = sk.bound_dev_if != sk2.bound_dev_if;
    if devices_differ && sk.bound_dev_if != 0 && sk2.bound_dev_if != 0 {
        return false;
    }
    let both_reuseport = sk.reuseport && sk2.reuseport;
    if sk.reuse && sk2.reuse && !sk2.is_listening {
        !rules.relax || !rules.reuseport_ok && both_reuseport
    } else {
        !rules.reuseport_ok || !both_reuseport
    }
}

/// Some segment could be for both.
///
/// Linux: inet_rcv_saddr_equal
pub(super) fn inet_rcv_saddr_equal(sk: &Claim, sk2: &Claim, any: Wildcards) -> bool {
    match sk.v6 {
        Some(v6) => ipv6_rcv_saddr_equal(sk, v6, sk2, any),
        None => ipv4_rcv_saddr_equal(sk, sk2, any),
    }
}

/// Linux: ipv4_rcv_saddr_equal
fn ipv4_rcv_saddr_equal(sk: &Claim, sk2: &Claim, any: Wildcards) -> bool {
    let wild = any.first && sk.v4.is_unspecified() || any.second && sk2.v4.is_unspecified();
    !sk2.is_v6only && (sk.v4 == sk2.v4 || wild)
}

/// Linux: ipv6_rcv_saddr_equal
fn ipv6_rcv_saddr_equal(sk: &Claim, v6: Ipv6Addr, sk2: &Claim, any: Wildcards) -> bool {
    if sk.is_v4() && sk2.is_v4() {
        return ipv4_rcv_saddr_equal(sk, sk2, any);
    }
    let sk2_any = sk2.v6.is_some_and(|v6| v6.is_unspecified());
    let sk_any = v6.is_unspecified();
    (sk_any && sk2_any)
        || (sk2_any && any.second && !(sk2.is_v6only && sk.is_v4()))
        || (sk_any && any.first && !(sk.is_v6only && sk2.is_v4()))
        || sk2.v6 == Some(v6)
}
