//! `tc qdisc` by rtnetlink for the disciplines scripts use; the others are left to the program.
//!
//! Formats: include/uapi/linux/rtnetlink.h (struct tcmsg), pkt_sched.h.

use std::io;

use super::commands::Handled;
use super::netlink::{CREATE, EXCL, REPLACE, Request};
use super::rtnetlink::{Rtnetlink, index_of};
use crate::command::tc::{QdiscCommand, QdiscOp, QdiscParent};

pub(super) const RTM_NEWQDISC: u16 = 36;
const RTM_DELQDISC: u16 = 37;
pub(super) const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;

pub(super) const TC_H_ROOT: u32 = 0xffff_ffff;
/// TC_H_INGRESS and TC_H_CLSACT
const TC_H_INGRESS: u32 = 0xffff_fff1;

/// Options of fq with their TCA_FQ_ attribute.
const FQ_OPTIONS: [(&str, u16); 4] =
    [("limit", 1), ("flow_limit", 2), ("quantum", 3), ("initial_quantum", 4)];

/// Applies `command`, if it is one of the simple ones.
pub(super) fn apply(command: &QdiscCommand) -> io::Result<Handled> {
    let (ty, flags) = match command.op {
        QdiscOp::Add => (RTM_NEWQDISC, CREATE | EXCL),
        QdiscOp::Replace => (RTM_NEWQDISC, CREATE | REPLACE),
        QdiscOp::Change => (RTM_NEWQDISC, 0),
        QdiscOp::Delete => (RTM_DELQDISC, 0),
        QdiscOp::Show => return Ok(Handled::Yes),
    };
    let (Some(dev), Some(parent), None) = (&command.dev, &command.parent, &command.handle) else {
        return Ok(Handled::No);
    };
    let (parent, handle, implied) = match parent {
        QdiscParent::Root => (TC_H_ROOT, 0, None),
        QdiscParent::Ingress => (TC_H_INGRESS, 0xffff_0000, Some("ingress")),
        QdiscParent::Clsact => (TC_H_INGRESS, 0xffff_0000, Some("clsact")),
        QdiscParent::Class(_) => return Ok(Handled::No),
    };
    let mut header = vec![0; 4]; // struct tcmsg: family and padding
    for word in [index_of(dev)?, handle, parent, 0] {
        header.extend_from_slice(&word.to_ne_bytes());
    }
    let mut request = Request::new(ty, flags).put(&header);
    if let Some(kind) = command.kind.as_deref().or(implied) {
        request = request.attr(TCA_KIND, &[kind.as_bytes(), &[0]].concat());
        let Some(with_options) = options(request, kind, &command.options) else {
            return Ok(Handled::No);
        };
        request = with_options;
    }
    Rtnetlink::open()?.change(request)?;
    Ok(Handled::Yes)
}

/// The request with the options of the discipline; none for options not known here.
fn options(request: Request, kind: &str, words: &[String]) -> Option<Request> {
    if words.is_empty() {
        return Some(request);
    }
    let pairs: Option<Vec<(&str, u32)>> = words
        .chunks(2)
        .map(|pair| match pair {
            [name, value] => Some((name.as_str(), value.parse().ok()?)),
            _ => None,
        })
        .collect();
    match (kind, pairs?.as_slice()) {
        // struct tc_fifo_qopt
        ("pfifo" | "bfifo", &[("limit", limit)]) => Some(request.attr_u32(TCA_OPTIONS, limit)),
        ("fq", pairs) => {
            let ids: Option<Vec<(u16, u32)>> = pairs.iter().map(|pair| fq_option(*pair)).collect();
            let ids = ids?;
            Some(request.nest(TCA_OPTIONS, |nested| {
                ids.into_iter().fold(nested, |nested, (id, value)| nested.attr_u32(id, value))
            }))
        }
        _ => None,
    }
}

fn fq_option((name, value): (&str, u32)) -> Option<(u16, u32)> {
    let (_, id) = FQ_OPTIONS.iter().find(|(known, _)| *known == name)?;
    Some((*id, value))
}
