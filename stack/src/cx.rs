//! Everything a socket function may touch besides its own socket.
//!
//! A function `f(sk, …, cx)` reads the time, the knobs and the network from here, counts, traces
//! and draws randomness here, hands packets to [`Cx::tx`], and leaves work on other sockets in
//! [`Cx::effects`]. There is no way from here to another socket, a clock or the outside.

use std::collections::VecDeque;

use crate::effect::{Effect, Wake};
use crate::mib::Mib;
use crate::net::Net;
use crate::rng::Rng;
use crate::sock::SockId;
use crate::sysctl::Sysctls;
use crate::time::Instant;
use crate::trace::Trace;

/// The surroundings of the socket being worked on.
#[derive(Debug)]
pub struct Cx {
    /// The present moment, as the last entry point was told.
    pub now: Instant,
    /// The net.ipv4.tcp_* knobs.
    pub sysctl: Sysctls,
    /// Counters.
    pub mib: Mib,
    /// The only source of randomness.
    pub rng: Rng,
    /// What happened, for tests, coverage and humans.
    pub trace: Trace,
    /// Addresses, link and path properties.
    pub net: Net,
    /// Datagrams on their way out, oldest first.
    pub(crate) tx: VecDeque<Vec<u8>>,
    /// Work on other sockets and tables, applied when the present function has returned.
    pub(crate) effects: VecDeque<Effect>,
}

impl Cx {
    /// Surroundings at time zero.
    pub(crate) fn new(net: Net, seed: u64) -> Self {
        Self {
            now: Instant::ZERO,
            sysctl: Sysctls::default(),
            mib: Mib::default(),
            rng: Rng::new(seed),
            trace: Trace::default(),
            net,
            tx: VecDeque::new(),
            effects: VecDeque::new(),
        }
    }

    /// Asks for `effect` after the present function.
    pub(crate) fn later(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// Tells whoever sleeps on `id` that something of `wake` happened.
    pub(crate) fn wake(&mut self, id: SockId, wake: Wake) {
        self.later(Effect::Wake(id, wake));
    }
}
