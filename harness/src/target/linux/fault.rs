//! How failures of the operating system become [`TargetError`]s: what was tried, why it failed, and
//! what the user can do about it.

use std::io;

use crate::target::TargetError;

/// Turns an error into "`what` failed" of a target that ought to work.
pub(super) fn io<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> TargetError {
    move |error| TargetError::Io { what: what.into(), source: error.into() }
}

/// Turns an error into "this machine cannot", with the remedy.
pub(super) fn unavailable<E: Into<io::Error>>(
    what: impl Into<String>,
    fix: impl Into<String>,
) -> impl FnOnce(E) -> TargetError {
    move |error| TargetError::Unavailable {
        what: what.into(),
        why: error.into().to_string(),
        fix: fix.into(),
    }
}

/// An error number as an operating system error.
pub(super) fn errno(errno: crate::target::Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.0)
}

/// A lock that another thread of ours poisoned, or a channel whose other end is gone.
pub(super) fn lost(what: &str) -> TargetError {
    TargetError::Internal(format!("{what} is gone"))
}
