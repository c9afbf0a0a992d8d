//! The shell commands that scripts use, as values a target applies in process.
//!
//! [`understand`](parse::understand) turns shell text into a [`ShellScript`]; whatever it does not
//! recognise stays text ([`Command::Shell`]) and goes to `/bin/sh` on a target that has one.
//! [`execute`](execute::execute) carries a [`ShellScript`] out on any target that implements
//! [`CommandHost`](host::CommandHost): the shell's own rules (lists, statuses, saved values) live
//! there, once, and a target only says how a sysctl or a route is changed.

mod arithmetic;
pub mod execute;
mod file;
mod grep;
pub mod host;
pub mod ip;
mod lexer;
pub mod parse;
mod recognise;
mod scratch;
pub mod sysctl;
pub mod tc;
mod words;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use ip::IpCommand;
use tc::TcCommand;

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

/// One command of a list, and which status of the one before it lets it run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What to do.
    pub command: Command,
    /// When to do it. The status of a list is that of the last command that ran, as in sh.
    pub when: When,
    /// The text of this command, for messages.
    pub text: String,
}

/// The operator in front of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// First of a list, or after `;` or a line end.
    #[default]
    Always,
    /// `a && b`
    AfterSuccess,
    /// `a || b`
    AfterFailure,
}

/// A sysctl and the text written to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Dotted name `net.ipv4.tcp_sack`; dots inside a component are written `/` as sysctl(8) does.
    pub name: String,
    /// Text written, without a line end.
    pub value: String,
}

/// A command a target can carry out without a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// `sysctl -q -w a=1 b=2`, `echo value > /proc/sys/…`. All are tried; one failure fails it.
    SetSysctls {
        /// In the order of the words.
        settings: Vec<Setting>,
        /// A missing key is no failure (`sysctl -e`).
        ignore_missing: bool,
    },
    /// `sysctl -n name` and the like, output thrown away.
    ReadSysctls {
        /// Dotted names.
        names: Vec<String>,
        /// A missing key is no failure (`sysctl -e`).
        ignore_missing: bool,
    },
    /// `set_sysctls.py /proc/sys/…=v …`: remembers the present values for
    /// [`Command::RestoreSysctls`] in place of those remembered before, and sets the new ones.
    SaveAndSetSysctls {
        /// In the order of the words.
        settings: Vec<Setting>,
    },
    /// `/tmp/sysctl_restore_${PPID}.sh`.
    RestoreSysctls,
    /// `echo value > /sys/…`, or another file outside /proc/sys.
    WriteFile {
        /// Absolute path.
        path: String,
        /// Text written, without a line end.
        value: String,
    },
    /// `dd bs=1 count=5 if=/dev/zero of=FILE`: a file of zeros.
    MakeFile {
        /// Absolute path.
        path: String,
        /// Its length in bytes.
        len: u64,
    },
    /// `rm -f FILE…`
    RemoveFiles {
        /// Absolute paths.
        paths: Vec<String>,
    },
    /// `cat FILE…`, output thrown away: fails when a file is missing.
    ReadFiles {
        /// Absolute paths.
        paths: Vec<String>,
    },
    /// `ip …`
    Ip(IpCommand),
    /// `tc …`
    Tc(TcCommand),
    /// `ethtool -K dev feature on …`
    EthtoolFeatures {
        /// Device.
        dev: String,
        /// Feature name as ethtool's users write it (`tso`) and new state.
        features: Vec<(String, bool)>,
    },
    /// `nstat`, `nstat -n`: makes the present counters the history of the next nstat.
    Nstat,
    /// `nstat | grep PATTERN`: succeeds when a line of nstat's output matches.
    NstatGrep {
        /// What is printed.
        counters: NstatCounters,
        /// Patterns of a pipe of greps, all of which must match one line.
        patterns: Vec<String>,
        /// The present counters become the history (all but `-s`).
        update_history: bool,
    },
    /// `grep PATTERN FILE…` on files of the target (`/proc/net/tcp`).
    Grep {
        /// Patterns of a pipe of greps, all of which must match one line.
        patterns: Vec<String>,
        /// Absolute paths.
        files: Vec<String>,
    },
    /// `sleep N`, in microseconds.
    Sleep {
        /// Microseconds.
        us: i64,
    },
    /// `true`, `:`
    True,
    /// `false`
    False,
    /// `exit N`: ends the list it stands in with this status.
    Exit(i32),
    /// Another shell file, understood whole: `../common/defaults.sh`.
    File {
        /// The path as resolved.
        path: PathBuf,
        /// Its commands.
        steps: Vec<Step>,
    },
    /// Anything else, for `/bin/sh -c`.
    Shell(String),
}

/// Which counters an nstat prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NstatCounters {
    /// `-a`: absolute values, not the change since the history.
    pub absolute: bool,
    /// `-z`: zeros, too.
    pub zeros: bool,
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
