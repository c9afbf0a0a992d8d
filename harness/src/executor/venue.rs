//! From a name of `--target` to what runs there.

use std::time::Duration;

use super::{Executor, InProcess};
use crate::target::Launch;
use crate::target::registry::{RegistryError, launcher};
#[cfg(all(target_os = "linux", feature = "target-linux"))]
use crate::uml::Guests;

/// What a name of `--target` stands for.
#[cfg_attr(
    all(target_os = "linux", feature = "target-linux"),
    expect(clippy::large_enum_variant, reason = "there is one in a process")
)]
pub enum Venue {
    /// Targets of this process.
    Here(Box<dyn Launch>),
    /// Kernels in virtual time, as processes of their own.
    #[cfg(all(target_os = "linux", feature = "target-linux"))]
    Guests(Guests),
}

impl Venue {
    /// Where `name` runs.
    ///
    /// `watchdog` is how long a script may keep a guest busy; other targets have none.
    ///
    /// # Errors
    /// No such target, or it is not part of this build, or no kernel has been built for it.
    pub fn open(name: &str, watchdog: Duration) -> Result<Self, RegistryError> {
        #[cfg(all(target_os = "linux", feature = "target-linux"))]
        if name == "uml" || name.starts_with("uml:") {
            return Ok(Self::Guests(Guests::new(name, watchdog)?));
        }
        launcher(name).map(Self::Here)
    }

    /// What carries out runs there.
    #[must_use]
    pub fn executor(&self) -> Box<dyn Executor + '_> {
        match self {
            Self::Here(launch) => Box::new(InProcess::new(launch.as_ref())),
            #[cfg(all(target_os = "linux", feature = "target-linux"))]
            Self::Guests(guests) => Box::new(guests),
        }
    }
}
