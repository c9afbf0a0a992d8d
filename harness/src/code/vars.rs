//! The variables of a code block: constants, and what was read from the socket.

use crate::target::{SockSnapshot, TcpState};

use super::tcp_info::{BBR, DCTCP, Field, MEMINFO, TCP_INFO, VEGAS};

/// `enum tcp_ca_state`.
const CA_STATES: [(&str, u64); 5] = [
    ("TCP_CA_Open", 0),
    ("TCP_CA_Disorder", 1),
    ("TCP_CA_CWR", 2),
    ("TCP_CA_Recovery", 3),
    ("TCP_CA_Loss", 4),
];

/// `TCPI_OPT_*`, bits of `tcpi_options`.
const OPTIONS: [(&str, u64); 8] = [
    ("TCPI_OPT_TIMESTAMPS", 1),
    ("TCPI_OPT_SACK", 2),
    ("TCPI_OPT_WSCALE", 4),
    ("TCPI_OPT_ECN", 8),
    ("TCPI_OPT_ECN_SEEN", 16),
    ("TCPI_OPT_SYN_DATA", 32),
    ("TCPI_OPT_USEC_TS", 64),
    ("TCPI_OPT_TFO_CHILD", 128),
];

/// Every name a block can use, with its value, in packetdrill's order.
///
/// `struct tcp_info` and SO_MEMINFO count as zero behind their end (an older kernel's are
/// shorter). The structures of the congestion controls are told apart only by their length, so
/// the same bytes appear under all names that fit.
#[must_use]
pub fn variables(snapshot: &SockSnapshot) -> Vec<(&'static str, u64)> {
    let mut all = states().collect::<Vec<_>>();
    all.extend(CA_STATES);
    all.extend(OPTIONS);
    all.extend(TCP_INFO.iter().map(|field| (field.name, field.read(&snapshot.tcp_info))));
    let cc = &snapshot.cc_info;
    if fits(&BBR, cc) {
        all.extend(BBR.iter().map(|field| (field.name, field.read(cc))));
        let [low, high] = [BBR[0].read(cc), BBR[1].read(cc)];
        all.push(("bbr_bw", (high << 32) | low));
    }
    for structure in [DCTCP.as_slice(), VEGAS.as_slice()] {
        if fits(structure, cc) {
            all.extend(structure.iter().map(|field| (field.name, field.read(cc))));
        }
    }
    all.extend(MEMINFO.iter().map(|field| (field.name, field.read(&snapshot.meminfo))));
    all
}

/// The fields of a `struct tcp_info` that are all there: an older kernel's structure is shorter.
pub fn tcp_info_fields(tcp_info: &[u8]) -> impl Iterator<Item = (&'static str, u64)> + '_ {
    let present = TCP_INFO.iter().filter(|field| field.end() <= tcp_info.len());
    present.map(|field| (field.name, field.read(tcp_info)))
}

/// `TCP_ESTABLISHED` to `TCP_CLOSING`; packetdrill knows no TCP_NEW_SYN_RECV.
fn states() -> impl Iterator<Item = (&'static str, u64)> {
    let named = TcpState::ALL.into_iter().filter(|state| *state != TcpState::NewSynRecv);
    named.map(|state| (state.linux_name(), state as u64))
}

fn fits(structure: &[Field], bytes: &[u8]) -> bool {
    structure.iter().all(|field| field.end() <= bytes.len())
}

/// What a number means under this name: the state, the flags.
pub(super) fn meaning(name: &str, value: i128) -> Option<String> {
    let value = u64::try_from(value).ok()?;
    match name {
        "tcpi_state" => {
            states().find(|(_, number)| *number == value).map(|(name, _)| name.to_owned())
        }
        "tcpi_ca_state" => {
            CA_STATES.iter().find(|(_, number)| *number == value).map(|(name, _)| (*name).into())
        }
        "tcpi_options" => {
            let set = OPTIONS.iter().filter(|(_, bit)| value & bit != 0).map(|(name, _)| *name);
            let set = set.collect::<Vec<_>>().join("|");
            (!set.is_empty()).then_some(set)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
