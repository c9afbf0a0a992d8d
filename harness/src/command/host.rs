//! What a target must be able to do so that [`execute`](super::execute::execute) can run commands
//! on it. The shell's rules are not here: a host does one thing at a time and says how it went.

use std::collections::BTreeMap;
use std::path::Path;

use super::ip::IpCommand;
use super::tc::TcCommand;
use crate::target::TargetError;

/// Why a host did not do what it was asked.
#[derive(Debug)]
pub enum Refusal {
    /// It was tried and failed, as the command would have on Linux: a non-zero exit status.
    Failed {
        /// Exit status of the command.
        status: i32,
        /// What stderr would have said.
        why: String,
    },
    /// This target cannot do that; the script is skipped with this reason.
    Unsupported(String),
    /// The environment is at fault.
    Target(TargetError),
}

impl From<TargetError> for Refusal {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

impl Refusal {
    /// A failure with exit status 1.
    #[must_use]
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed { status: 1, why: why.into() }
    }
}

/// Whether a sysctl exists on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SysctlKey {
    /// It does, and the value was taken.
    Present,
    /// It does not, as on a Linux that was built without it (and as every FreeBSD name on Linux).
    Missing,
}

/// One target's side of the commands. Every method is one action; none blocks but `shell` and
/// `sleep_us`.
pub trait CommandHost {
    /// Writes a sysctl by its dotted name ([`Setting`](super::Setting)). A value the kernel
    /// refuses is [`Refusal::Failed`]; a key Linux has and this target lacks is
    /// [`Refusal::Unsupported`]; a key that Linux lacks, too, is [`SysctlKey::Missing`].
    fn set_sysctl(&mut self, name: &str, value: &str) -> Result<SysctlKey, Refusal>;

    /// The text of a sysctl without its line end; [`None`] for a missing key.
    fn read_sysctl(&mut self, name: &str) -> Result<Option<String>, Refusal>;

    /// Writes `text` and a line end to an existing file outside `/proc/sys`.
    fn write_file(&mut self, path: &str, text: &str) -> Result<(), Refusal>;

    /// Makes `path` a file of `len` zeros, whatever it was before.
    fn make_file(&mut self, path: &str, len: u64) -> Result<(), Refusal>;

    /// Removes a file; it need not be there.
    fn remove_file(&mut self, path: &str) -> Result<(), Refusal>;

    /// The text of a file (`/proc/net/tcp`); [`None`] when there is no such file.
    fn read_file(&mut self, path: &str) -> Result<Option<String>, Refusal>;

    /// An `ip` command. `command.words` are there for a host that runs the program.
    fn ip(&mut self, command: &IpCommand) -> Result<(), Refusal>;

    /// A `tc` command. `command.words` are there for a host that runs the program.
    fn tc(&mut self, command: &TcCommand) -> Result<(), Refusal>;

    /// `ethtool -K dev …`, features as written (`tso`, `gso`, `tcp-segmentation-offload`).
    fn ethtool(&mut self, dev: &str, features: &[(String, bool)]) -> Result<(), Refusal>;

    /// The present counters under nstat's names (`TcpExtTCPSackRecovery`), zeros included.
    fn nstat_snapshot(&mut self) -> Result<BTreeMap<String, i64>, Refusal>;

    /// `/bin/sh -c text` with `dir` as the working directory (the present one if it is empty) and
    /// PACKETDRILL_PID set to the process id that the shell sees as `$PPID`.
    fn shell(&mut self, text: &str, dir: &Path) -> Result<(), Refusal>;

    /// Lets so many microseconds of the target's time pass.
    fn sleep_us(&mut self, us: i64) -> Result<(), Refusal>;
}
