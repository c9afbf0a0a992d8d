//! TCP-MD5: segments signed with a key that both ends know (RFC 2385).
//!
//! Linux: net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c (CONFIG_TCP_MD5SIG). TCP-AO (RFC 5925) is not
//! here. There are no L3 master devices, so a key bound to one is refused.

mod digest;
mod inbound;
mod keys;

pub(crate) use digest::sign;
use digest::tcp_v4_md5_hash_skb;
pub(crate) use inbound::{Signer, signer, tcp_inbound_hash, tcp_parse_auth_options};
pub(crate) use keys::{Md5Key, Md5Keys};
