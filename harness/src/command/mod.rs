//! The shell commands that scripts use, as values a target applies in process.
//!
//! [`understand`](parse::understand) turns shell text into [`ShellScript`]; whatever it does not
//! recognise stays text ([`Command::Shell`]) and goes to `/bin/sh` on a target that has one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Shell text, understood as far as possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellScript {
    /// The text as written.
    pub text: String,
    /// Directory that relative paths and `/bin/sh` start from: that of the script.
    pub dir: PathBuf,
    /// The commands in order. One [`Command::Shell`] with the whole text if any part of it is
    /// beyond us (variables, loops, pipes we do not know), so that it runs as the shell would.
    pub commands: Vec<Step>,
}

/// One command and whether its failure counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What to do.
    pub command: Command,
    /// Only the status of the last command of a list decides, as in sh.
    pub decides: bool,
    /// `a && b`: skip when the previous one failed.
    pub only_after_success: bool,
    /// The text of this command, for messages.
    pub text: String,
}

/// A command a target can carry out without a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// `sysctl -q -w name=value`, `echo value > /proc/sys/…`. Dotted name.
    SetSysctl {
        /// `net.ipv4.tcp_sack`
        name: String,
        /// Text written.
        value: String,
        /// A missing key is no failure (`sysctl -e`).
        ignore_missing: bool,
    },
    /// `sysctl -n name` and the like, output thrown away.
    ReadSysctl {
        /// Dotted name.
        name: String,
    },
    /// Remembers the present value for [`Command::RestoreSysctls`] (`set_sysctls.py`).
    SaveSysctl {
        /// Dotted name.
        name: String,
    },
    /// `/tmp/sysctl_restore_${PPID}.sh`.
    RestoreSysctls,
    /// `echo value > /sys/…`, or another file outside /proc/sys.
    WriteFile {
        /// Absolute path.
        path: String,
        /// Text written.
        value: String,
    },
    /// `ip …`: the words after `ip`, not yet understood by the target.
    Ip(Vec<String>),
    /// `tc …`: the words after `tc`.
    Tc(Vec<String>),
    /// `ethtool -K dev feature on …`
    EthtoolFeatures {
        /// Device.
        dev: String,
        /// Feature name and new state.
        features: Vec<(String, bool)>,
    },
    /// `nstat …`: resets the history that [`Command::NstatGrep`] looks at.
    Nstat,
    /// `nstat | grep PATTERN`: succeeds when a counter that changed since the last nstat matches.
    NstatGrep {
        /// The pattern (plain text or `^…`).
        pattern: String,
    },
    /// `grep PATTERN FILE…` on files of the target (`/proc/net/tcp`).
    Grep {
        /// Patterns of a pipe of greps, all of which must match one line.
        patterns: Vec<String>,
        /// Files.
        files: Vec<String>,
    },
    /// `sleep N`, in microseconds.
    Sleep {
        /// Microseconds.
        us: i64,
    },
    /// `true`, `:` or `exit 0`.
    True,
    /// `false`.
    False,
    /// Anything else, for `/bin/sh -c`.
    Shell(String),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandOutcome {
    /// Status 0.
    Ok,
    /// Non-zero status, with whatever explains it (stderr, or our reason).
    Failed {
        /// Exit status as the shell reports it.
        status: i32,
        /// Explanation.
        why: String,
    },
    /// The target has no such command: the script is skipped with this reason.
    Unsupported(String),
}
