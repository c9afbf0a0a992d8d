//! `ip …` as values: routes with their metrics, addresses, links, the TCP metrics cache.
//!
//! Words are those of iproute2 (ip-route(8), ip-address(8), ip-link(8), ip-tcp_metrics(8)); the
//! numbers of [`Metric`] are Linux's `RTAX_*`. What is not understood keeps its words, so that a
//! host can hand it to the program itself.

mod parse;
mod route;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use parse::parse;

/// One `ip` command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpCommand {
    /// The words after `ip`.
    pub words: Vec<String>,
    /// `-4`, `-6`, or none given.
    pub family: Option<IpFamily>,
    /// What to do.
    pub object: IpObject,
}

/// Address family option of `ip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IpFamily {
    /// `-4`
    V4,
    /// `-6`
    V6,
}

/// What an `ip` command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IpObject {
    /// `ip route …`
    Route(RouteCommand),
    /// `ip addr …`
    Addr(AddrCommand),
    /// `ip link …`
    Link(LinkCommand),
    /// `ip tcp_metrics …`
    TcpMetrics(TcpMetricsCommand),
    /// Some form that this parser does not know, with the reason in words.
    NotUnderstood(String),
}

/// An address with a prefix length: `192.0.2.0/24`, or a host with its full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// As written, host bits included.
    pub addr: IpAddr,
    /// Length in bits.
    pub len: u8,
}

/// What to do with a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteOp {
    /// Fails when there is one.
    Add,
    /// Fails when there is none.
    Change,
    /// Adds or changes.
    Replace,
    /// Adds after an equal one.
    Append,
    /// Removes one.
    Delete,
    /// Removes all that match.
    Flush,
    /// Prints; nothing changes.
    Show,
}

/// The destination of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteDst {
    /// `default`, `all`, `any`, or none written.
    Default,
    /// A host or network.
    To(Prefix),
}

/// The type of a route (`RTN_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are ip-route(8)'s types")]
pub enum RouteKind {
    #[default]
    Unicast,
    Local,
    Broadcast,
    Multicast,
    Blackhole,
    Unreachable,
    Prohibit,
    Throw,
}

/// `ip route OP …`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteCommand {
    /// What to do.
    pub op: RouteOp,
    /// `unicast`, `local`, `blackhole`, …
    pub kind: RouteKind,
    /// Where to.
    pub dst: RouteDst,
    /// Next hop.
    pub via: Option<IpAddr>,
    /// Device.
    pub dev: Option<String>,
    /// Preferred source.
    pub src: Option<IpAddr>,
    /// `table N`, `main` 254, `local` 255.
    pub table: Option<u32>,
    /// `scope`: global 0, site 200, link 253, host 254.
    pub scope: Option<u8>,
    /// `proto`: kernel 2, boot 3, static 4.
    pub protocol: Option<u8>,
    /// `metric N`.
    pub priority: Option<u32>,
    /// `onlink`.
    pub onlink: bool,
    /// TCP and path metrics, in the order written.
    pub metrics: Vec<RouteMetric>,
    /// `congctl NAME` and whether it is locked.
    pub congctl: Option<(String, bool)>,
}

/// One metric with its value as the kernel stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteMetric {
    /// Which.
    pub metric: Metric,
    /// The kernel's value: `rtt` in eighths, `rttvar` in quarters of a millisecond, `rto_min` in
    /// milliseconds, `features` as bits, the rest as written.
    pub value: u32,
    /// `lock` was written before the value.
    pub lock: bool,
}

/// Route metrics with Linux's `RTAX_*` numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are Linux's RTAX_* names")]
pub enum Metric {
    Mtu = 2,
    Window = 3,
    Rtt = 4,
    Rttvar = 5,
    Ssthresh = 6,
    Cwnd = 7,
    Advmss = 8,
    Reordering = 9,
    Hoplimit = 10,
    Initcwnd = 11,
    Features = 12,
    RtoMin = 13,
    Initrwnd = 14,
    Quickack = 15,
    FastopenNoCookie = 17,
}

/// What to do with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddrOp {
    /// Fails when there is one.
    Add,
    /// Fails when there is none.
    Change,
    /// Adds or changes.
    Replace,
    /// Removes one.
    Delete,
    /// Removes all that match.
    Flush,
    /// Prints; nothing changes.
    Show,
}

/// `ip addr OP ADDR dev DEV`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddrCommand {
    /// What to do.
    pub op: AddrOp,
    /// The address; none for `flush dev DEV` and `show`.
    pub addr: Option<Prefix>,
    /// Device.
    pub dev: Option<String>,
    /// `scope`, numbered as in [`RouteCommand::scope`].
    pub scope: Option<u8>,
    /// `nodad`: usable at once (IPv6).
    pub nodad: bool,
}

/// `ip link …`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkCommand {
    /// `ip link set DEV …`
    Set {
        /// Device.
        dev: String,
        /// In the order written.
        changes: Vec<LinkChange>,
    },
    /// Prints; nothing changes.
    Show {
        /// Device.
        dev: Option<String>,
    },
}

/// One change of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkChange {
    /// `up`
    Up,
    /// `down`
    Down,
    /// `mtu N`
    Mtu(u32),
    /// `txqueuelen N`
    TxQueueLen(u32),
    /// `gso_max_size N`
    GsoMaxSize(u32),
    /// `gso_max_segs N`
    GsoMaxSegs(u32),
    /// `gro_max_size N`
    GroMaxSize(u32),
}

/// `ip tcp_metrics …`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TcpMetricsCommand {
    /// `flush`, `flush all`, or `flush PREFIX`.
    Flush(Option<Prefix>),
    /// `delete ADDR`
    Delete(IpAddr),
    /// Prints; nothing changes.
    Show,
}
