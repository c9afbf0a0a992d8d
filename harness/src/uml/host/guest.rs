//! One guest: from its boot to its end, whoever brings that about.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::boot::{Booted, boot, io_error};
use super::channel::{Broken, Channel};
use super::console::Console;
use super::processor::Processor;
use super::room;
use crate::target::TargetError;
use crate::uml::kernel::Kernel;
use crate::uml::message::{Errand, Greeting, Report, ToGuest, ToHost, frame};

/// A boot takes a fraction of a second; this long, on the busiest machine, it never does.
const BOOT_LIMIT: Duration = Duration::from_secs(60);
/// Lines of a kernel's last words that are told.
const LAST_LINES: usize = 30;
/// How long a guest that is told to power off may take.
const END_LIMIT: Duration = Duration::from_secs(5);

/// A guest was lost, with what its kernel said last.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) what: String,
    pub(super) console: Vec<String>,
}

/// A kernel that runs, idle between two scripts.
#[derive(Debug)]
pub(super) struct Guest {
    child: std::process::Child,
    channel: Channel,
    console: Console,
    /// Where all its processes run.
    processor: Option<Processor>,
    ended: bool,
}

impl Guest {
    /// Boots `kernel` on `processor` and waits until it is ready.
    pub(super) fn boot(
        kernel: &Kernel,
        processor: Option<Processor>,
    ) -> Result<(Self, Greeting), TargetError> {
        let _here = processor.map(Processor::hold);
        let Booted { child, to_guest, from_guest, console, folder } = boot(kernel)?;
        let console = Console::read(File::from(console));
        let console = console.map_err(io_error("read the console of a guest"))?;
        let channel = Channel::new(to_guest, from_guest);
        let channel = channel.map_err(io_error("talk to a guest"))?;
        let mut guest = Self { child, channel, console, processor, ended: false };
        let greeting = guest.channel.receive(BOOT_LIMIT);
        // Init runs, so nothing in it is needed any more: whatever ends the host, nothing is left.
        drop(folder);
        match greeting {
            Ok(ToHost::Ready(greeting)) => {
                // The boot went well: what its kernel said on the way explains nothing later.
                guest.console.forget();
                Ok((guest, greeting))
            }
            Ok(ToHost::Unusable(why)) => Err(not_booted(kernel, why)),
            Ok(ToHost::Ran(_) | ToHost::Taken) => {
                Err(TargetError::Internal("a result before a script".into()))
            }
            Err(broken) => {
                let Lost { what, console } = guest.lost(&broken);
                let said = console.iter().rev().take(4).rev().cloned().collect::<Vec<_>>();
                Err(not_booted(kernel, format!("{what}; {}", said.join("; "))))
            }
        }
    }

    /// Runs a script within `limit` of the host's clock. A guest that is lost is of no more use.
    pub(super) fn run(&mut self, errand: Errand, limit: Duration) -> Result<Report, Box<Lost>> {
        let _beside_it = self.processor.map(Processor::hold);
        let message = frame(&ToGuest::Run(Box::new(errand)));
        let sent = message.map_err(Broken::Garbled).and_then(|f| self.channel.send(&f, limit));
        match sent.and_then(|()| self.channel.receive(limit)) {
            Ok(ToHost::Ran(report)) => Ok(*report),
            Ok(ToHost::Ready(_) | ToHost::Unusable(_) | ToHost::Taken) => {
                let broken = Broken::Garbled("a greeting".into());
                Err(Box::new(self.lost(&broken)))
            }
            Err(broken) => Err(Box::new(self.lost(&broken))),
        }
    }

    /// What became of it. It is gone after this.
    fn lost(&mut self, broken: &Broken) -> Lost {
        // Before the end: afterwards its memory is free again.
        let cramped = room::cramped();
        let status = self.kill();
        let mut console = self.console.last_lines();
        let what = match (broken, status) {
            (Broken::Closed, Some(status)) => format!("the guest {}", end(status)),
            (Broken::Silent(limit), _) => {
                let limit = limit.as_secs();
                format!(
                    "the guest was stopped: no result after {limit} s of the host's clock \
                     (--guest-timeout); what spins on a clock never ends in virtual time"
                )
            }
            (Broken::Garbled(_), _) => {
                let said = self.channel.rest(END_LIMIT);
                let lines: Vec<_> = said.lines().map(str::trim_end).collect();
                let last = lines.len().saturating_sub(LAST_LINES);
                console.extend(lines.iter().skip(last).map(|line| (*line).to_owned()));
                "the guest's kernel gave up".to_owned()
            }
            (Broken::Closed | Broken::Io(_), _) => format!("the guest was stopped: {broken}"),
        };
        let what = match cramped {
            Some(why) => format!("{what}; {why}"),
            None => what,
        };
        Lost { what, console }
    }

    /// Ends every process of the guest, and waits for the kernel itself.
    fn kill(&mut self) -> Option<ExitStatus> {
        self.ended = true;
        // Whatever ended by itself has its status already; a signal does not change it.
        let early = self.child.try_wait().ok().flatten();
        if let Ok(group) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        early.or_else(|| self.child.wait().ok())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Ok(finish) = frame(&ToGuest::Finish)
            && self.channel.send(&finish, END_LIMIT).is_ok()
        {
            self.channel.wait_for_end(END_LIMIT);
        }
        self.kill();
    }
}

fn end(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
            format!("was killed by {name}")
        }
        (None, None) => "ended".to_owned(),
    }
}

fn not_booted(kernel: &Kernel, why: String) -> TargetError {
    TargetError::Unavailable {
        what: format!("boot {}", kernel.binary.display()),
        why,
        fix: "TMPDIR must name a folder with room from which programs may run; else build the \
              kernel anew: `cargo xtask uml build` (docs/virtual-time.md)"
            .into(),
    }
}
