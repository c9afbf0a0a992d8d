//! What a thread that makes a script's calls is: its descriptors, its signals, its priority.

use nix::sched::{CloneFlags, unshare};

use super::{Sys, check};
use crate::target::syscall::Errno;

/// Gives the calling thread a descriptor table of its own that holds only stdin, stdout, stderr
/// and, as number 3, a duplicate of `keep`.
pub(in super::super) fn private_descriptors(keep: i32) -> Sys {
    unshare(CloneFlags::CLONE_FILES).map_err(|e| Errno(e as i32))?;
    // SAFETY: the table was copied just now; no other thread sees what happens to it, and no
    // owner of a closed number lives on this thread (callers hand over only `keep`).
    unsafe {
        if keep != 3 {
            check(i64::from(libc::dup3(keep, 3, libc::O_CLOEXEC)))?;
        }
        check(libc::syscall(libc::SYS_close_range, 4_u32, u32::MAX, 0_u32))
    }
}

/// Closes everything in the calling thread's private table but what [`private_descriptors`] left.
pub(in super::super) fn close_script_descriptors() -> Sys {
    // SAFETY: the table is a script's, whose descriptors have no owners in this program.
    check(unsafe { libc::syscall(libc::SYS_close_range, 4_u32, u32::MAX, 0_u32) })
}

/// Descriptor 3 of the calling thread's private table, as an owner.
pub(in super::super) fn adopt_descriptor_three() -> std::os::fd::OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: called once per private table, right after `private_descriptors` made number 3.
    unsafe { std::os::fd::OwnedFd::from_raw_fd(3) }
}

/// The signal that interrupts a blocked call of a script whose run is over.
fn wake_signal() -> i32 {
    libc::SIGRTMIN() + 6
}

/// The same with a handler after which calls go on, where they can.
fn restart_signal() -> i32 {
    wake_signal() + 1
}

extern "C" fn ignore(_signal: i32) {}

/// Installs handlers that do nothing for both signals, once per process.
pub(in super::super) fn install_wake_handler() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for (signal, flags) in [(wake_signal(), 0), (restart_signal(), libc::SA_RESTART)] {
            // SAFETY: all-zero bytes are a valid sigaction; the handler touches nothing.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = ignore as extern "C" fn(i32) as usize;
                action.sa_flags = flags;
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
    });
}

/// Blocks every signal but these two on the calling thread, so that a script's blocking
/// call is not interrupted by a signal meant for the process.
pub(in super::super) fn block_foreign_signals() {
    // SAFETY: `set` is initialised by sigfillset before use.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::sigdelset(&raw mut set, wake_signal());
        libc::sigdelset(&raw mut set, restart_signal());
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}

/// Sends the wake signal to thread `tid` of this process, or the one after which calls go on.
pub(in super::super) fn wake_thread(tid: i32, restart: bool) {
    let signal = if restart { restart_signal() } else { wake_signal() };
    let pid = i32::try_from(std::process::id()).unwrap_or(0);
    // SAFETY: no pointers; a thread that is gone gives ESRCH.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, signal) };
}

/// Real-time round-robin for thread `tid` at the lowest priority plus `above`, not inherited by
/// children; `above` absent restores ordinary scheduling. Refusal is no error.
pub(in super::super) fn round_robin(tid: i32, above: Option<i32>) -> bool {
    let (policy, priority) = match above {
        // SAFETY: no pointers.
        Some(above) => (
            libc::SCHED_RR | libc::SCHED_RESET_ON_FORK,
            unsafe { libc::sched_get_priority_min(libc::SCHED_RR) } + above,
        ),
        None => (libc::SCHED_OTHER, 0),
    };
    let parameter = libc::sched_param { sched_priority: priority };
    // SAFETY: `parameter` outlives the call.
    unsafe { libc::sched_setscheduler(tid, policy, &raw const parameter) == 0 }
}
