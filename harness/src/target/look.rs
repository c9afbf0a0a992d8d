//! A look at descriptors: what an observer samples of a socket beside its packets.

use serde::{Deserialize, Serialize};

/// What to look at. Each costs a target something after every event of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// What poll() says of each descriptor.
    pub readiness: bool,
    /// `TCP_INFO` of each descriptor.
    pub tcp_info: bool,
}

impl Sampling {
    /// Everything.
    pub const ALL: Self = Self { readiness: true, tcp_info: true };
    /// Nothing: packets, results and states are all there is to see.
    pub const NONE: Self = Self { readiness: false, tcp_info: false };

    /// Nothing is to be looked at.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// What a look at one descriptor showed. None for what was not asked for, and for what the
/// descriptor or the target does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// What poll() says when it is asked for everything.
    pub readiness: Option<i16>,
    /// `struct tcp_info`, of any length.
    pub tcp_info: Option<Vec<u8>>,
}

/// All events that poll() knows of a socket: POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL,
/// POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLRDHUP.
pub const ALL_EVENTS: i16 = 0x23ff;
