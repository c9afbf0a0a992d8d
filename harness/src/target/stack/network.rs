//! `ip` and `ethtool` on the stack's one link, as far as TCP would notice.

use std::net::IpAddr;

use synproof_stack::net::{Net, RouteMetrics};

use super::commands::lacks;
use crate::command::host::Refusal;
use crate::command::ip::{
    AddrCommand, AddrOp, IpCommand, IpObject, LinkChange, LinkCommand, Metric, Prefix,
    RouteCommand, RouteDst, RouteKind, RouteMetric, RouteOp,
};
use crate::target::Setup;

/// The link as commands left it.
#[derive(Clone, Debug)]
pub(super) struct Network {
    remote: IpAddr,
    link_mtu: u32,
    tso: bool,
    gso: bool,
    sg: bool,
}

impl Network {
    /// The link of a fresh stack.
    pub(super) fn new(setup: &Setup) -> Self {
        Self { remote: setup.remote_ip, link_mtu: setup.mtu, tso: true, gso: true, sg: true }
    }

    /// An `ip` command.
    pub(super) fn ip(&mut self, command: &IpCommand, net: &mut Net) -> Result<(), Refusal> {
        match &command.object {
            IpObject::Route(route) => self.route(route, net),
            IpObject::Addr(addr) => address(addr, net),
            IpObject::Link(LinkCommand::Show { .. }) => Ok(()),
            IpObject::Link(LinkCommand::Set { dev: _, changes }) => {
                changes.iter().try_for_each(|change| self.link(*change, net))
            }
            // What is remembered of destinations is no part of the link.
            IpObject::TcpMetrics(_) => Ok(()),
            IpObject::NotUnderstood(why) => lacks(format!("`ip {}` ({why})", words(command))),
        }
    }

    /// A route: only its metrics matter, and only if it leads to the peer.
    fn route(&mut self, route: &RouteCommand, net: &mut Net) -> Result<(), Refusal> {
        match route.op {
            RouteOp::Show => return Ok(()),
            RouteOp::Add | RouteOp::Append | RouteOp::Change | RouteOp::Replace => {}
            RouteOp::Delete | RouteOp::Flush => return lacks("routes to remove"),
        }
        if route.kind != RouteKind::Unicast {
            return lacks(format!("routes of the kind {:?}", route.kind));
        }
        if let Some((name, _)) = &route.congctl {
            return lacks(format!("route with a congestion control ({name})"));
        }
        let mut known = RouteMetrics::default();
        for metric in &route.metrics {
            if !take_metric(&mut known, *metric) {
                return lacks(format!("route metric {:?}", metric.metric));
            }
        }
        if self.leads_to_the_peer(route.dst) {
            net.route = known;
        }
        Ok(())
    }

    fn leads_to_the_peer(&self, dst: RouteDst) -> bool {
        match dst {
            RouteDst::Default => true,
            RouteDst::To(prefix) => contains(prefix, self.remote),
        }
    }

    fn link(&mut self, change: LinkChange, net: &mut Net) -> Result<(), Refusal> {
        match change {
            LinkChange::Mtu(mtu) => {
                self.link_mtu = mtu;
                net.mtu = mtu;
                Ok(())
            }
            // Received packets are never merged, and there is no transmit queue.
            LinkChange::Up | LinkChange::TxQueueLen(_) | LinkChange::GroMaxSize(_) => Ok(()),
            LinkChange::Down => lacks("link that can be taken down"),
            LinkChange::GsoMaxSize(_) | LinkChange::GsoMaxSegs(_) => {
                lacks("limit of GSO on its link")
            }
        }
    }

    /// Offloads of the link. Segments leave as one packet only if nothing forbids it.
    pub(super) fn ethtool(
        &mut self,
        features: &[(String, bool)],
        net: &mut Net,
    ) -> Result<(), Refusal> {
        for (feature, on) in features {
            match feature.as_str() {
                "tso" | "tcp-segmentation-offload" | "tx-tcp-segmentation" => self.tso = *on,
                "gso" | "generic-segmentation-offload" | "tx-generic-segmentation" => {
                    self.gso = *on;
                }
                "sg" | "scatter-gather" | "tx-scatter-gather" => self.sg = *on,
                // Received packets are never merged in the first place.
                "gro"
                | "generic-receive-offload"
                | "rx-gro"
                | "lro"
                | "large-receive-offload"
                | "rx-lro" => {}
                other => return lacks(format!("offload {other}")),
            }
        }
        net.tso = self.tso && self.gso && self.sg;
        Ok(())
    }
}

/// Takes one metric over; false if the stack does not have it, or cannot lock it.
fn take_metric(known: &mut RouteMetrics, given: RouteMetric) -> bool {
    let RouteMetric { metric, value, lock } = given;
    let locks = &mut known.locks;
    let (of, locked) = match metric {
        Metric::Mtu => (&mut known.mtu, Some(&mut locks.mtu)),
        Metric::Window => (&mut known.window, None),
        Metric::Rtt => (&mut known.rtt_ms8, Some(&mut locks.rtt)),
        Metric::Rttvar => (&mut known.rttvar_ms4, Some(&mut locks.rttvar)),
        Metric::Ssthresh => (&mut known.ssthresh, Some(&mut locks.ssthresh)),
        Metric::Cwnd => (&mut known.cwnd, Some(&mut locks.cwnd)),
        Metric::Advmss => (&mut known.advmss, None),
        Metric::Reordering => (&mut known.reordering, Some(&mut locks.reordering)),
        Metric::Initcwnd => (&mut known.initcwnd, None),
        Metric::RtoMin => (&mut known.rto_min_ms, Some(&mut locks.rto_min)),
        Metric::Initrwnd => (&mut known.initrwnd, None),
        Metric::Hoplimit => {
            known.hoplimit = u8::try_from(value).unwrap_or(u8::MAX);
            return !lock;
        }
        Metric::Quickack => {
            known.quickack = value != 0;
            return !lock;
        }
        Metric::FastopenNoCookie => {
            known.fastopen_no_cookie = value != 0;
            return !lock;
        }
        Metric::Features => return false,
    };
    *of = value;
    match locked {
        Some(locked) => *locked = lock,
        None => return !lock,
    }
    true
}

fn address(command: &AddrCommand, net: &mut Net) -> Result<(), Refusal> {
    let addr = command.addr.map(|prefix| prefix.addr);
    match (command.op, addr) {
        (AddrOp::Show, _) => Ok(()),
        (AddrOp::Add | AddrOp::Change | AddrOp::Replace, Some(addr)) => {
            if !net.local_addrs.contains(&addr) {
                net.local_addrs.push(addr);
            }
            Ok(())
        }
        (AddrOp::Delete, Some(addr)) => {
            net.local_addrs.retain(|other| *other != addr);
            Ok(())
        }
        (AddrOp::Add | AddrOp::Change | AddrOp::Replace | AddrOp::Delete | AddrOp::Flush, _) => {
            lacks("addresses to flush")
        }
    }
}

fn words(command: &IpCommand) -> String {
    command.words.join(" ")
}

/// Whether `addr` is of the network `prefix`.
pub(super) fn contains(prefix: Prefix, addr: IpAddr) -> bool {
    let len = u32::from(prefix.len);
    match (prefix.addr, addr) {
        (IpAddr::V4(net), IpAddr::V4(addr)) => {
            let mask = u32::MAX.checked_shl(u32::BITS.saturating_sub(len)).unwrap_or(0);
            (u32::from(net) ^ u32::from(addr)) & mask == 0
        }
        (IpAddr::V6(net), IpAddr::V6(addr)) => {
            let mask = u128::MAX.checked_shl(u128::BITS.saturating_sub(len)).unwrap_or(0);
            (u128::from(net) ^ u128::from(addr)) & mask == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
