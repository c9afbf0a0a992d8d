//! The knobs a TCP host obeys, under Linux's names, with the defaults and ranges of Linux 6.18 on
//! a machine with plenty of memory.
//!
//! Linux: net/ipv4/sysctl_net_ipv4.c, net/core/sysctl_net_core.c, Documentation/networking/
//! ip-sysctl.rst. A knob that the stack does not act on is here all the same, so that a script
//! which sets it runs; `sysctl::table` says nothing about which ones matter.

mod table;
mod value;

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use crate::errno::Errno;
use crate::kernel::{self, KNOBS, KernelVersion, find_knob};
pub use table::Sysctls;
pub use value::{Names, PortRange, PortSet, Triple, Written};

/// Why a write was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SysctlError {
    /// No knob of this name.
    Unknown {
        /// The name asked for, in dotted form.
        name: String,
    },
    /// The text is not a value of the knob's kind.
    Malformed {
        /// The knob.
        name: &'static str,
        /// The text.
        value: String,
    },
    /// The value is outside what the kernel accepts.
    OutOfRange {
        /// The knob.
        name: &'static str,
        /// The text.
        value: String,
    },
    /// The knob only reports.
    ReadOnly {
        /// The knob.
        name: &'static str,
    },
}

impl SysctlError {
    /// What a write to the file under /proc/sys would return.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::Unknown { .. } => Errno::ENOENT,
            Self::Malformed { .. } | Self::OutOfRange { .. } => Errno::EINVAL,
            Self::ReadOnly { .. } => Errno::EACCES,
        }
    }
}

impl std::fmt::Display for SysctlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name } => write!(f, "no sysctl named {name}"),
            Self::Malformed { name, value } => write!(f, "{value:?} is no value for {name}"),
            Self::OutOfRange { name, value } => write!(f, "{value} is out of range for {name}"),
            Self::ReadOnly { name } => write!(f, "{name} is read-only"),
        }
    }
}

impl std::error::Error for SysctlError {}

/// Accepts `net.ipv4.tcp_sack`, `net/ipv4/tcp_sack` and `/proc/sys/net/ipv4/tcp_sack`.
fn dotted(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    let name = name.strip_prefix("/proc/sys/").unwrap_or(name);
    // Exploration and fuzzing set knobs by the million: nothing is copied without need.
    if name.contains('/') { Cow::Owned(name.replace('/', ".")) } else { Cow::Borrowed(name) }
}

impl Sysctls {
    /// Writes a knob as `sysctl -w name=value` does.
    ///
    /// # Errors
    /// Unknown names, text of the wrong shape, values out of range, read-only knobs; nothing has
    /// changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SysctlError> {
        let wanted = dotted(name);
        let Some(knob) = self.find(&wanted) else {
            return Err(SysctlError::Unknown { name: wanted.into_owned() });
        };
        (knob.set)(self, value.trim()).map_err(|refusal| {
            let value = value.trim().to_owned();
            match refusal {
                value::Refusal::Malformed => SysctlError::Malformed { name: knob.name, value },
                value::Refusal::OutOfRange => SysctlError::OutOfRange { name: knob.name, value },
                value::Refusal::ReadOnly => SysctlError::ReadOnly { name: knob.name },
            }
        })
    }

    /// Reads a knob as `sysctl -n name` prints it (several numbers are separated by tabs).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let wanted = dotted(name);
        self.find(&wanted).map(|knob| (knob.get)(self))
    }

    /// The knobs of a host that has just started `version` of Linux.
    #[must_use]
    pub fn of(version: KernelVersion) -> Self {
        // Exploration and fuzzing start hosts by the million.
        static STARTED: [OnceLock<Sysctls>; KernelVersion::KNOWN.len()] =
            [const { OnceLock::new() }; KernelVersion::KNOWN.len()];
        let known = KernelVersion::KNOWN.iter().zip(&STARTED).find(|(known, _)| **known == version);
        match known {
            Some((_, started)) => started.get_or_init(|| Self::started(version)).clone(),
            None => Self::started(version),
        }
    }

    fn started(version: KernelVersion) -> Self {
        let mut all = Self::default();
        for knob in KNOBS {
            if let Some(((row, _), value)) = indexed(knob.name).zip(knob.initial(version)) {
                // What the tables say of each other is tested in `kernel`.
                let _checked = (row.set)(&mut all, value);
            }
        }
        all.kernel = version;
        all
    }

    /// The row of a knob that this kernel has.
    fn find(&self, name: &str) -> Option<&'static table::Knob> {
        let (row, other) = indexed(name)?;
        other.is_none_or(|other| other.span.holds(self.kernel)).then_some(row)
    }

    /// Every knob's name, in the table's order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        table::TABLE.iter().map(|knob| knob.name)
    }
}

/// A knob, and what is known of it in other kernels.
type Indexed = (&'static table::Knob, Option<&'static kernel::Knob>);

/// The rows of a knob. Whoever sets a host up sets many of them, so there is an index: sorted, and
/// in one piece, as names begin alike and comparing them is what costs.
fn indexed(name: &str) -> Option<Indexed> {
    static INDEX: LazyLock<Vec<(&str, Indexed)>> = LazyLock::new(|| {
        let row = |row: &'static table::Knob| (row.name, (row, find_knob(row.name)));
        let mut index: Vec<_> = table::TABLE.iter().map(row).collect();
        index.sort_by_key(|(name, _)| *name);
        index
    });
    let at = INDEX.binary_search_by_key(&name, |(name, _)| *name).ok()?;
    INDEX.get(at).map(|(_, rows)| *rows)
}

#[cfg(test)]
mod tests;
