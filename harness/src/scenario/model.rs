//! A scenario: its steps in order, each some time after the one before.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::segment::{IcmpError, Segment};
use crate::target::IpVersion;

/// What is done to a TCP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scenario {
    /// Which sockets and which packets.
    #[serde(default)]
    pub family: Family,
    /// Sysctls that differ from the profile: dotted name, value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<(String, String)>,
    /// What else a script says before its first event (metadata, options, an init command), a line
    /// each, as written. Whoever plays a scenario without a script may ignore it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub head: Vec<String>,
    /// In order.
    pub steps: Vec<Step>,
    /// The cleanup command of a script, without its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanup: Option<String>,
}

impl Scenario {
    /// Nothing but `steps`, with IPv4.
    #[must_use]
    pub fn of(steps: Vec<Step>) -> Self {
        Self { steps, ..Self::default() }
    }
}

/// Which sockets and which packets: `--ip_version` of a script.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Family {
    /// AF_INET sockets, IPv4 packets.
    #[default]
    V4,
    /// AF_INET6 sockets, IPv6 packets.
    V6,
    /// AF_INET6 sockets, IPv4 packets.
    Mapped,
}

impl Family {
    /// The same among the options of a script.
    #[must_use]
    pub fn ip_version(self) -> IpVersion {
        match self {
            Self::V4 => IpVersion::Ipv4,
            Self::V6 => IpVersion::Ipv6,
            Self::Mapped => IpVersion::Ipv4Mapped,
        }
    }
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// How long after the step before, in microseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after_us: u64,
    /// What.
    pub action: Action,
}

/// What a reader fills in is not written: scenarios are written a hundred thousand times a minute.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Step {
    /// At once after the step before.
    #[must_use]
    pub fn now(action: impl Into<Action>) -> Self {
        Self::after(0, action)
    }

    /// `us` microseconds after the step before.
    #[must_use]
    pub fn after(us: u64, action: impl Into<Action>) -> Self {
        Self { after_us: us, action: action.into() }
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Action {
    /// The application makes a call.
    Call(Call),
    /// A segment arrives.
    Segment(Segment),
    /// An ICMP error about the connection of the last segment or connect() arrives.
    Icmp(IcmpError),
    /// The link does something to the next packet.
    Link(LinkEvent),
    /// Nothing: only the time of the step passes.
    Wait,
    /// An event of a script that has no other form here, as written, its time included. The time of
    /// the step is 0. Whoever plays a scenario without a script may ignore it.
    Verbatim(String),
}

impl From<Call> for Action {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}

impl From<Segment> for Action {
    fn from(segment: Segment) -> Self {
        Self::Segment(segment)
    }
}

impl From<IcmpError> for Action {
    fn from(error: IcmpError) -> Self {
        Self::Icmp(error)
    }
}

impl From<LinkEvent> for Action {
    fn from(event: LinkEvent) -> Self {
        Self::Link(event)
    }
}

/// What becomes of the next packet in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LinkEvent {
    /// The packet is one that the target sends; else the next segment of the scenario.
    pub outbound: bool,
    /// What.
    pub fate: Fate,
}

/// What a link can do to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fate {
    /// It does not arrive. An outbound one teaches the peer nothing.
    Lose,
    /// It arrives twice.
    Duplicate,
    /// It arrives behind the packet after it.
    Overtaken,
}
