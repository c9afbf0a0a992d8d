//! Messages to and from a guest over two pipes, none of which is waited for longer than allowed.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::uml::message::{Frames, TAKEN, ToHost, WINDOW};
use crate::uml::stream::Squeeze;

/// Room in the pipe from the guest, so that it never has to wait while its clock would run on.
const PIPE: i32 = 1 << 20;

/// Why no message came, or went.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The other end is closed.
    #[error("it ended")]
    Closed,
    /// The time allowed is over.
    #[error("it said nothing for {} s of the host's clock", .0.as_secs())]
    Silent(Duration),
    /// What came is no message.
    #[error("it said what cannot be understood: {0}")]
    Garbled(String),
    /// The operating system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The host's ends of the two pipes.
#[derive(Debug)]
pub(super) struct Channel {
    to_guest: OwnedFd,
    from_guest: OwnedFd,
    squeeze: Squeeze,
    frames: Frames,
    /// Bytes that have been sent and not been read, as far as is known.
    ahead: usize,
}

impl Channel {
    /// Over these pipes, which become non-blocking on this side.
    pub(super) fn new(to_guest: OwnedFd, from_guest: OwnedFd) -> io::Result<Self> {
        for end in [&to_guest, &from_guest] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        // Refused above a limit for unprivileged users: the pipe then stays as it is.
        let _ = fcntl(&from_guest, FcntlArg::F_SETPIPE_SZ(PIPE));
        let (squeeze, frames) = (Squeeze::new(), Frames::default());
        Ok(Self { to_guest, from_guest, squeeze, frames, ahead: 0 })
    }

    /// Sends a frame within `limit`.
    pub(super) fn send(&mut self, frame: &[u8], limit: Duration) -> Result<(), Broken> {
        let deadline = Deadline::after(limit);
        let small = self.squeeze.squeeze(frame).map_err(Broken::Garbled)?;
        let mut rest = small.as_slice();
        while !rest.is_empty() {
            let room = WINDOW.saturating_sub(self.ahead).min(rest.len());
            if room == 0 {
                self.wait_until_taken(deadline)?;
                continue;
            }
            match nix::unistd::write(&self.to_guest, rest.get(..room).unwrap_or_default()) {
                Ok(sent) => {
                    self.ahead += sent;
                    rest = rest.get(sent..).unwrap_or_default();
                }
                Err(Errno::EAGAIN) => deadline.wait(&self.to_guest, PollFlags::POLLOUT)?,
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE) => return Err(Broken::Closed),
                Err(error) => return Err(Broken::Io(error.into())),
            }
        }
        Ok(())
    }

    fn wait_until_taken(&mut self, deadline: Deadline) -> Result<(), Broken> {
        match self.next(deadline)? {
            ToHost::Taken => Ok(()),
            ToHost::Ready(_) | ToHost::Unusable(_) | ToHost::Ran(_) => {
                Err(Broken::Garbled("an answer before the question".into()))
            }
        }
    }

    /// The next message that is not about the channel itself, if it comes within `limit`.
    pub(super) fn receive(&mut self, limit: Duration) -> Result<ToHost, Broken> {
        let deadline = Deadline::after(limit);
        loop {
            match self.next(deadline)? {
                ToHost::Taken => {}
                message @ (ToHost::Ready(_) | ToHost::Unusable(_) | ToHost::Ran(_)) => {
                    return Ok(message);
                }
            }
        }
    }

    fn next(&mut self, deadline: Deadline) -> Result<ToHost, Broken> {
        let message = loop {
            match self.frames.next().map_err(Broken::Garbled)? {
                Some(message) => break message,
                None => self.read(deadline)?,
            }
        };
        if message == ToHost::Taken {
            self.ahead = self.ahead.saturating_sub(TAKEN);
        }
        Ok(message)
    }

    /// Takes what has come; waits for it.
    fn read(&mut self, deadline: Deadline) -> Result<(), Broken> {
        let mut piece = vec![0; 1 << 16];
        loop {
            match nix::unistd::read(&self.from_guest, &mut piece) {
                Ok(0) => return Err(Broken::Closed),
                Ok(len) => {
                    self.frames.extend(piece.get(..len).unwrap_or_default());
                    return Ok(());
                }
                Err(Errno::EAGAIN) => deadline.wait(&self.from_guest, PollFlags::POLLIN)?,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(Broken::Io(error.into())),
            }
        }
    }

    /// Everything that came and is no message, up to the end of the guest, which has been killed.
    pub(super) fn rest(&mut self, limit: Duration) -> String {
        let deadline = Deadline::after(limit);
        while self.read(deadline).is_ok() {}
        self.frames.text()
    }

    /// Waits until the guest has closed its end, at most `limit`.
    pub(super) fn wait_for_end(&mut self, limit: Duration) {
        let deadline = Deadline::after(limit);
        while self.next(deadline).is_ok() {}
    }
}

/// When waiting ends.
#[derive(Clone, Copy)]
struct Deadline {
    until: Instant,
    limit: Duration,
}

impl Deadline {
    fn after(limit: Duration) -> Self {
        Self { until: Instant::now() + limit, limit }
    }

    /// Waits for `end` to be ready.
    fn wait(self, end: &OwnedFd, what: PollFlags) -> Result<(), Broken> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Broken::Silent(self.limit));
        }
        let mut fds = [PollFd::new(end.as_fd(), what)];
        match ppoll(&mut fds, Some(TimeSpec::from_duration(left)), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(Broken::Io(error.into())),
        }
    }
}
