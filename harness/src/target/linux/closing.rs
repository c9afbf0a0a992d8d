//! Packet sockets, closed where nobody waits for it.

use std::os::fd::OwnedFd;

/// Lets another thread give up the last reference to the socket behind `fd`, whose owner is about
/// to drop it. The kernel waits for all processors before it frees a packet socket (some ten
/// milliseconds), which would otherwise be added to every script. If there can be no thread, the
/// owner waits after all.
pub(super) fn close_elsewhere(fd: &OwnedFd) {
    if let Ok(last) = fd.try_clone() {
        let _ = std::thread::Builder::new().name("close".into()).spawn(move || drop(last));
    }
}
