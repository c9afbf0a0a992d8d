//! A network namespace of one's own: whatever happens in it stays in it, and it is gone with the
//! process.

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

/// Settings that make IPv6 addresses usable at once and keep the kernel's own packets away. A
/// kernel without IPv6 has none of them.
const QUIET: [&str; 4] = [
    "/proc/sys/net/ipv6/conf/all/accept_dad",
    "/proc/sys/net/ipv6/conf/default/accept_dad",
    "/proc/sys/net/ipv6/conf/all/router_solicitations",
    "/proc/sys/net/ipv6/conf/default/router_solicitations",
];

/// Moves the calling thread, and all threads it starts from now on, into a fresh network
/// namespace; into a fresh user namespace as well if that is what it takes. To be called first
/// thing in `main`: the kernel refuses the latter once there are threads.
///
/// # Errors
/// The kernel refuses; the text says what would help.
pub fn enter() -> Result<()> {
    let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
    if unshare(CloneFlags::CLONE_NEWNET).is_err() {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
            .context("failed to make a network namespace (run as root or allow user namespaces)")?;
        // Without setgroups denied, an unprivileged process may not write its gid map.
        fs::write("/proc/self/setgroups", "deny").context("failed to deny setgroups")?;
        fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("failed to map the user")?;
        fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("failed to map the group")?;
    }
    for path in QUIET {
        // A missing one is none of ours to complain about.
        let _ = fs::write(path, "0");
    }
    Ok(())
}
