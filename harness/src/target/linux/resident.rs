//! Makes the targets of a guest: one after the other, on one thread, with as few system calls as
//! may be.

use std::sync::Arc;

use super::crew::Home;
use super::launch::{Attached, Link, LinuxLaunch, Passage, adjust, attach_tun, check_hz};
use super::target::{LinuxTarget, Parts};
use super::{network, sys};
use crate::target::{Launch, Setup, Target, TargetError, TargetInfo};

/// A kernel in virtual time that runs nothing but scripts.
///
/// Its targets take the calling thread into their namespaces, and are for that thread alone.
#[derive(Clone)]
pub struct Resident {
    info: TargetInfo,
    passage: Passage,
    /// New namespaces need nothing more to be quiet.
    quiet: bool,
    home: Arc<Home>,
}

impl Resident {
    /// Arranges the kernel for scripts.
    ///
    /// # Errors
    /// It can run none.
    pub fn settle() -> Result<Self, TargetError> {
        let info = LinuxLaunch { link: Link::Tun, passage: Passage::USUAL }.info()?;
        let quiet = network::keep_later_ones_quiet();
        // Below the crew, which is then done with what it is given before this thread runs again.
        sys::round_robin(0, Some(0));
        let _ = nix::sys::prctl::set_timerslack(1);
        Ok(Self { info, passage: Passage::USUAL, quiet, home: Arc::default() })
    }

    /// The same kernel for scripts of another length.
    #[must_use]
    pub fn passing(&self, passage: Passage) -> Self {
        Self { passage, ..self.clone() }
    }
}

impl Resident {
    /// How long the last script took, in microseconds of script time; 0 if it was not dropped in
    /// peace.
    #[must_use]
    pub fn lasted_us(&self) -> i64 {
        self.home.lasted_us()
    }
}

impl Launch for Resident {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        Ok(self.info.clone())
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        check_hz(setup)?;
        let crew = self.home.leave()?;
        if !self.quiet {
            network::keep_quiet();
        }
        let Attached { wire, mut packets } = attach_tun(setup)?;
        packets.close_here();
        let diag = adjust(self.passage, setup)?;
        let (info, passage, home) = (self.info.clone(), self.passage, Some(Arc::clone(&self.home)));
        Ok(Box::new(LinuxTarget::new(Parts { info, passage, crew, wire, packets, diag, home })))
    }
}
