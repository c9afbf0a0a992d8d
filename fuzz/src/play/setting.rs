//! What is the same from the first step of a scenario to its last: addresses, and which rules its
//! sysctls and options make void.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use synproof_harness::scenario::{Action, Call, Family, Scenario, SockOption, Step};
use synproof_stack::api::Domain;

use super::arrival::Ends;

/// What a scenario says from the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting {
    /// The largest TCP_MAXSEG.
    pub maxseg: u32,
    /// A socket is told to wait for its peer for longer than the end is waited for.
    pub is_patient: bool,
    /// Fewer challenges than usual are sent.
    pub is_reluctant: bool,
    /// Whom a full accept queue has no room for is reset (tcp_abort_on_overflow).
    pub aborts: bool,
}

impl Setting {
    /// That of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        const RELUCTANT: [&str; 2] =
            ["net.ipv4.tcp_challenge_ack_limit", "net.ipv4.tcp_invalid_ratelimit"];
        let sysctls = &scenario.sysctls;
        let aborts = |(name, value): &(String, String)| {
            name == "net.ipv4.tcp_abort_on_overflow" && value != "0"
        };
        Self {
            aborts: sysctls.iter().any(aborts),
            maxseg: scenario.steps.iter().filter_map(maxseg).max().unwrap_or_default(),
            is_patient: scenario.steps.iter().any(is_patient),
            is_reluctant: sysctls.iter().any(|(name, _)| RELUCTANT.contains(&&**name)),
        }
    }
}

/// TCP_USER_TIMEOUT of more than an hour, in milliseconds.
fn is_patient(step: &Step) -> bool {
    let Action::Call(Call::SetOption { option, value, .. }) = step.action else { return false };
    option == SockOption::UserTimeout && value > 3_600_000
}

/// What a step sets TCP_MAXSEG to.
fn maxseg(step: &Step) -> Option<u32> {
    match step.action {
        Action::Call(Call::SetOption { option: SockOption::MaxSeg, value, .. }) => {
            u32::try_from(value).ok()
        }
        Action::Call(_)
        | Action::Segment(_)
        | Action::Icmp(_)
        | Action::Link(_)
        | Action::Wait
        | Action::Verbatim(_) => None,
    }
}

/// The addresses of a script, and what sockets are made for.
#[must_use]
pub fn ends(family: Family) -> (Domain, Ends) {
    let v4 = Ends {
        local: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)),
        remote: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    };
    match family {
        Family::V4 => (Domain::Inet, v4),
        Family::Mapped => (Domain::Inet6, v4),
        Family::V6 => {
            let host = |n: u16| IpAddr::V6(Ipv6Addr::new(0xfd3d, 0, 0, 0, 0, 0, 0, n));
            (Domain::Inet6, Ends { local: host(1), remote: host(2) })
        }
    }
}
