//! What this machine's kernel allows, tried out in a fresh namespace that is gone afterwards.
//! Input of `doctor`; nothing here judges.

use std::io;

use super::namespace::Namespace;
use super::sock_diag::SockDiag;
use super::tun::{self, Tun};
use super::{fault, qdisc, sysctl, veth};
use crate::command::tc::{QdiscCommand, QdiscOp, QdiscParent};
use crate::target::{FlowKey, TargetError};

/// Queueing disciplines that scripts ask for.
const QDISCS: [&str; 4] = ["pfifo", "pfifo_fast", "fq", "netem"];

/// What was tried and how it went.
#[derive(Debug)]
pub struct Inspection {
    /// Making `tun0` with its offloads.
    pub tun: Result<(), TargetError>,
    /// Making a veth pair.
    pub veth: Result<(), TargetError>,
    /// Looking a connection up by sock_diag.
    pub sock_diag: Result<(), TargetError>,
    /// Queueing disciplines, and whether `tun0` took them. Empty without `tun0`.
    pub qdiscs: Vec<(&'static str, bool)>,
    /// Congestion controls of the kernel, and whether a namespace may make them its default.
    pub congestion_controls: Vec<(String, bool)>,
}

/// Tries everything.
///
/// # Errors
/// There can be no network namespace, so nothing could be tried.
pub fn inspect() -> Result<Inspection, TargetError> {
    let main = Namespace::new()?;
    let far = Namespace::new()?;
    let far_fd = far.run(|_| std::fs::File::open("/proc/thread-self/ns/net"))?;
    let pair = Namespace::new()?;
    let veth = match far_fd {
        Ok(fd) => pair.run(move |_| veth::create(&fd.into()))?,
        Err(error) => Err(fault::io("open a network namespace")(error)),
    };
    main.run(|_| {
        let tun = Tun::create(0);
        let qdiscs = if tun.is_ok() { try_qdiscs() } else { Vec::new() };
        Inspection {
            tun: tun.map(drop),
            veth,
            sock_diag: try_sock_diag().map_err(fault::io("look up a connection by sock_diag")),
            qdiscs,
            congestion_controls: try_congestion_controls(),
        }
    })
}

/// Length of a timer tick in microseconds.
#[must_use]
pub fn tick_us() -> i64 {
    super::clock::tick_us()
}

fn try_qdiscs() -> Vec<(&'static str, bool)> {
    let command = |kind: &str, op| QdiscCommand {
        op,
        dev: Some(tun::NAME.to_owned()),
        parent: Some(QdiscParent::Root),
        handle: None,
        kind: Some(kind.to_owned()),
        options: Vec::new(),
    };
    // netem insists on its options; a kernel that has it says EINVAL, one that lacks it ENOENT.
    let taken = |kind| match qdisc::apply(&command(kind, QdiscOp::Replace)) {
        Ok(_) => true,
        Err(error) => error.raw_os_error() == Some(libc::EINVAL),
    };
    QDISCS.iter().map(|&kind| (kind, taken(kind))).collect()
}

fn try_sock_diag() -> io::Result<()> {
    let nobody = std::net::SocketAddr::from(([192, 0, 2, 1], 9));
    SockDiag::open()?.tcp_state(&FlowKey { local: nobody, remote: nobody }).map(drop)
}

fn try_congestion_controls() -> Vec<(String, bool)> {
    let known = sysctl::read("net.ipv4.tcp_available_congestion_control").unwrap_or_default();
    known
        .split_whitespace()
        .map(|name| {
            let allowed = sysctl::write("net.ipv4.tcp_congestion_control", name).is_ok();
            (name.to_owned(), allowed)
        })
        .collect()
}
