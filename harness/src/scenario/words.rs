//! Words of scripts for numbers of scenarios, both ways.

use super::model::Family;
use super::segment::IcmpKind;

/// Flags of sending and receiving calls, with Linux's numbers.
const MSG_FLAGS: [(i32, &str); 12] = [
    (0x1, "MSG_OOB"),
    (0x2, "MSG_PEEK"),
    (0x4, "MSG_DONTROUTE"),
    (0x20, "MSG_TRUNC"),
    (0x40, "MSG_DONTWAIT"),
    (0x80, "MSG_EOR"),
    (0x100, "MSG_WAITALL"),
    (0x2000, "MSG_ERRQUEUE"),
    (0x4000, "MSG_NOSIGNAL"),
    (0x8000, "MSG_MORE"),
    (0x0400_0000, "MSG_ZEROCOPY"),
    (0x2000_0000, "MSG_FASTOPEN"),
];

/// `MSG_DONTWAIT|MSG_MORE`; bits without a name as one number.
pub(super) fn msg_flags(flags: i32) -> String {
    let named = MSG_FLAGS.iter().filter(|(bit, _)| flags & bit != 0);
    let rest = MSG_FLAGS.iter().fold(flags, |rest, (bit, _)| rest & !bit);
    let mut parts: Vec<String> = named.map(|(_, name)| (*name).to_owned()).collect();
    if rest != 0 || parts.is_empty() {
        parts.push(rest.to_string());
    }
    parts.join("|")
}

/// Type and code of an ICMP error; the code is empty where the type has none.
pub(super) fn icmp(kind: IcmpKind, family: Family) -> (&'static str, &'static str) {
    match (kind, family) {
        (IcmpKind::NetUnreachable, Family::V6) => ("unreachable", "no_route"),
        (IcmpKind::NetUnreachable, _) => ("unreachable", "net_unreachable"),
        (IcmpKind::HostUnreachable, Family::V6) => ("unreachable", "address_unreachable"),
        (IcmpKind::HostUnreachable, _) => ("unreachable", "host_unreachable"),
        (IcmpKind::PortUnreachable, _) => ("unreachable", "port_unreachable"),
        (IcmpKind::Prohibited, Family::V6) => ("unreachable", "admin_prohibited"),
        (IcmpKind::Prohibited, _) => ("unreachable", "packet_filtered"),
        (IcmpKind::TooBig(_), Family::V6) => ("packet_too_big", ""),
        (IcmpKind::TooBig(_), _) => ("unreachable", "frag_needed"),
        (IcmpKind::TimeExceeded, _) => ("time_exceeded", ""),
        (IcmpKind::ParameterProblem, _) => ("parameter_problem", ""),
    }
}

/// The error that these words name.
pub(super) fn icmp_kind(
    ty: &str,
    code: &str,
    mtu: Option<u32>,
    family: Family,
) -> Option<IcmpKind> {
    let all = [
        IcmpKind::NetUnreachable,
        IcmpKind::HostUnreachable,
        IcmpKind::PortUnreachable,
        IcmpKind::Prohibited,
        IcmpKind::TooBig(mtu.unwrap_or(0)),
        IcmpKind::TimeExceeded,
        IcmpKind::ParameterProblem,
    ];
    all.into_iter()
        .filter(|kind| matches!(kind, IcmpKind::TooBig(_)) == mtu.is_some())
        .find(|kind| icmp(*kind, family) == (ty, code))
}
