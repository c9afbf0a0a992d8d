//! What a run is for. Both kinds share one flow of control: the difference is whether what the
//! target does is judged.

use serde::{Deserialize, Serialize};

use crate::target::Sampling;

/// Whether a run judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// What the target does otherwise than the script says ends the run.
    #[default]
    Judge,
    /// Nothing that the target does ends the run; all of it goes to the log. An outbound line is
    /// where the script waits for a packet of its connection, whatever that is: up to the end of
    /// its time plus the script's tolerance, and no longer. Packets teach their numbers as soon as
    /// they are seen, so a script may do without outbound lines.
    Observe(Sampling),
}

impl Mode {
    /// What the target does is compared with the script.
    #[must_use]
    pub fn judges(self) -> bool {
        match self {
            Self::Judge => true,
            Self::Observe(_) => false,
        }
    }

    /// What to look at after every event.
    #[must_use]
    pub fn sampling(self) -> Sampling {
        match self {
            Self::Judge => Sampling::NONE,
            Self::Observe(sampling) => sampling,
        }
    }
}
