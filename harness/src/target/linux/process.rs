//! Programs started for a script: `/bin/sh`, and those of iproute2 for what is not done in process.
//!
//! They are forked from the namespace's thread, so they live in the namespace. As packetdrill's
//! system(), a command is over when the program started for it is: what that program left in the
//! background runs on beside the script, until the target is dropped. Every program leads a process
//! group, and the groups are killed with the target or, if the process ends before, at its exit.
//! What leaves its group (`setsid`) or outlives a synproof that was itself killed is not caught.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::sys;
use crate::command::host::Refusal;

/// More of a program's output than anybody reads in a report.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// The programs started for one script. None of them is reaped before it is dropped: the dead
/// leader keeps its number, so that no other process can become what the group's number means.
#[derive(Default)]
pub(super) struct Programs {
    leaders: Vec<Child>,
}

impl Programs {
    /// No program was started yet.
    pub(super) fn none_started(&self) -> bool {
        self.leaders.is_empty()
    }

    /// `/bin/sh -c text`.
    pub(super) fn shell(&mut self, text: &str, dir: &Path) -> Result<(), Refusal> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(text);
        // An empty path is the directory of a script given without one.
        if !dir.as_os_str().is_empty() {
            command.current_dir(dir);
        }
        self.run(&mut command, "/bin/sh")
    }

    /// Runs a program with its arguments.
    pub(super) fn program(&mut self, name: &str, words: &[String]) -> Result<(), Refusal> {
        self.run(Command::new(name).args(words), name)
    }

    fn run(&mut self, command: &mut Command, name: &str) -> Result<(), Refusal> {
        match self.run_to_its_end(command) {
            Ok((0, _)) => Ok(()),
            Ok((status, output)) => Err(Refusal::Failed { status, why: said(&output) }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let what = format!("the program {name}, which this machine does not have");
                Err(Refusal::Unsupported(what))
            }
            Err(error) => {
                Err(Refusal::Failed { status: 126, why: format!("cannot run {name}: {error}") })
            }
        }
    }

    /// The status as of the shell's `$?`, and what was written to both streams, in order. A file
    /// and not a pipe, which would have to be read until the last background process ends.
    fn run_to_its_end(&mut self, command: &mut Command) -> std::io::Result<(i32, File)> {
        // A child inherits the mask of the thread that forks it.
        let _ = SigSet::empty().thread_set_mask();
        let output = File::from(memfd_create("output", MFdFlags::MFD_CLOEXEC)?);
        command
            .env("PACKETDRILL_PID", std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            .process_group(0);
        sys::end_with_this_thread(command);
        let group = self.start(command)?;
        Ok((wait_unreaped(group)?, output))
    }

    /// An exit that does not drop the targets (a second Ctrl-C) ends the group too: it waits for
    /// the lock, so it cannot miss a program that already runs and is not yet listed.
    fn start(&mut self, command: &mut Command) -> std::io::Result<Pid> {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| sys::at_exit(kill_live_groups));
        let mut live = live_groups();
        let leader = command.spawn()?;
        let group = group_of(&leader);
        live.push(group);
        self.leaders.push(leader);
        Ok(group)
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        for mut leader in self.leaders.drain(..) {
            let group = group_of(&leader);
            let mut live = live_groups();
            // Refused only for processes that changed their user, which are not ours to end.
            let _ = killpg(group, Signal::SIGKILL);
            live.retain(|other| *other != group);
            drop(live);
            let _ = leader.wait();
        }
    }
}

/// A program leads its group, so its number is the group's.
fn group_of(leader: &Child) -> Pid {
    Pid::from_raw(i32::try_from(leader.id()).unwrap_or(i32::MAX))
}

/// Waits for the end of a program, and leaves it to be reaped. The status is as of the shell's
/// `$?`: 128 and the signal for a killed program.
fn wait_unreaped(leader: Pid) -> std::io::Result<i32> {
    loop {
        match waitid(Id::Pid(leader), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(status) => return Ok(as_shell_status(status)),
            Err(Errno::EINTR) => {}
            // Ended by a real-time signal, whose number is not told.
            Err(Errno::EINVAL) => return Ok(128),
            Err(error) => return Err(error.into()),
        }
    }
}

fn as_shell_status(status: WaitStatus) -> i32 {
    if let WaitStatus::Exited(_, code) = status {
        return code;
    }
    if let WaitStatus::Signaled(_, signal, _) = status {
        return 128 + signal as i32;
    }
    128
}

/// What a program wrote. Background processes may still write: they share the position in the
/// file, which reading leaves alone.
fn said(output: &File) -> String {
    let mut bytes = vec![0_u8; OUTPUT_LIMIT];
    let len = output.read_at(&mut bytes, 0).unwrap_or(0);
    bytes.truncate(len);
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// The groups of all scripts that run now.
static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn live_groups() -> MutexGuard<'static, Vec<Pid>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the lock: nothing may start any more.
extern "C" fn kill_live_groups() {
    let mut live = live_groups();
    for group in live.drain(..) {
        let _ = killpg(group, Signal::SIGKILL);
    }
    std::mem::forget(live);
}
