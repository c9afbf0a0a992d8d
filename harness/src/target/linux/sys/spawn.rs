//! What a program that is started gets before it runs, and what is done when this one exits.

use std::io;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::personality::{self, Persona};
use nix::sys::prctl;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

/// Has `command`'s program killed when the thread that starts it ends, however the process dies.
pub(crate) fn end_with_this_thread(command: &mut Command) {
    before_exec(command, || Ok(prctl::set_pdeathsig(Signal::SIGKILL)?));
}

/// Has `command`'s program live in a process namespace of its own, where that is allowed: what it
/// starts ends with it, however that happens. Between the two a process waits, and ends as it does.
pub(crate) fn with_all_it_starts(command: &mut Command) {
    before_exec(command, || {
        if unshare(CloneFlags::CLONE_NEWPID).is_err() {
            return Ok(());
        }
        // SAFETY: until they run a program or end, both processes make system calls only.
        match unsafe { fork() }? {
            ForkResult::Child => Ok(prctl::set_pdeathsig(Signal::SIGKILL)?),
            ForkResult::Parent { child } => end_as(child),
        }
    });
}

/// Ends as `child` ends.
fn end_as(child: Pid) -> ! {
    // SAFETY: nothing of this process is used from here on, its descriptors neither. Those of the
    // standard streams stay until it ends: whoever sees their end can ask how it ended.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    let code = loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => break code,
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                let _ended = raise(signal);
                break 128 + signal as i32;
            }
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(_) => break 1,
        }
    };
    // SAFETY: ends the process, and runs nothing that the program had registered.
    unsafe { libc::_exit(code) }
}

/// Has `command`'s program find its memory at the same addresses every time, where that is allowed
/// (the filters of containers may refuse it).
pub(crate) fn without_address_randomisation(command: &mut Command) {
    before_exec(command, || {
        let fixed = |now| personality::set(now | Persona::ADDR_NO_RANDOMIZE);
        let _ = personality::get().and_then(fixed);
        Ok(())
    });
}

/// Has `ask`, which only makes system calls, called in `command`'s process before its program.
fn before_exec(command: &mut Command, ask: fn() -> io::Result<()>) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec, `ask` makes system calls and allocates nothing.
    unsafe { command.pre_exec(ask) };
}

/// Has `then` called when the process exits in an orderly way, from whatever thread. Without
/// memory for that it is not called.
pub(in super::super) fn at_exit(then: extern "C" fn()) {
    // SAFETY: a function of this program, which is never unloaded.
    unsafe { libc::atexit(then) };
}
