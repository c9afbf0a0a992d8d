//! Messages to and from a guest over two pipes, none of which is waited for longer than allowed.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::uml::message::{Frames, TAKEN, ToHost, WINDOW};

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
        Ok(Self { to_guest, from_guest, frames: Frames::default(), ahead: 0 })
    }

    /// Sends a frame within `limit`.
    pub(super) fn send(&mut self, frame: &[u8], limit: Duration) -> Result<(), Broken> {
        let until = Instant::now() + limit;
        let mut rest = frame;
        while !rest.is_empty() {
            let room = WINDOW.saturating_sub(self.ahead).min(rest.len());
            if room == 0 {
                self.wait_until_taken(limit)?;
                continue;
            }
            match nix::unistd::write(&self.to_guest, rest.get(..room).unwrap_or_default()) {
                Ok(sent) => {
                    self.ahead += sent;
                    rest = rest.get(sent..).unwrap_or_default();
                }
                Err(Errno::EAGAIN) => {
                    wait(&self.to_guest, PollFlags::POLLOUT, until).map_err(|e| e.of(limit))?;
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE) => return Err(Broken::Closed),
                Err(error) => return Err(Broken::Io(error.into())),
            }
        }
        Ok(())
    }

    fn wait_until_taken(&mut self, limit: Duration) -> Result<(), Broken> {
        match self.next(limit)? {
            ToHost::Taken => {
                self.ahead = self.ahead.saturating_sub(TAKEN);
                Ok(())
            }
            ToHost::Ready(_) | ToHost::Unusable(_) | ToHost::Ran(_) => {
                Err(Broken::Garbled("an answer before the question".into()))
            }
        }
    }

    /// The next message that is not about the channel itself, if it comes within `limit`.
    pub(super) fn receive(&mut self, limit: Duration) -> Result<ToHost, Broken> {
        loop {
            match self.next(limit)? {
                ToHost::Taken => self.ahead = self.ahead.saturating_sub(TAKEN),
                message @ (ToHost::Ready(_) | ToHost::Unusable(_) | ToHost::Ran(_)) => {
                    return Ok(message);
                }
            }
        }
    }

    fn next(&mut self, limit: Duration) -> Result<ToHost, Broken> {
        let until = Instant::now() + limit;
        let mut piece = vec![0; 1 << 16];
        loop {
            if let Some(message) = self.frames.next().map_err(Broken::Garbled)? {
                return Ok(message);
            }
            match nix::unistd::read(&self.from_guest, &mut piece) {
                Ok(0) => return Err(Broken::Closed),
                Ok(len) => self.frames.extend(piece.get(..len).unwrap_or_default()),
                Err(Errno::EAGAIN) => {
                    wait(&self.from_guest, PollFlags::POLLIN, until).map_err(|e| e.of(limit))?;
                }
                Err(Errno::EINTR) => {}
                Err(error) => return Err(Broken::Io(error.into())),
            }
        }
    }

    /// Everything that came and is no message, up to the end of the guest, which has been killed.
    pub(super) fn rest(&mut self, limit: Duration) -> String {
        let until = Instant::now() + limit;
        let mut piece = vec![0; 1 << 16];
        loop {
            match nix::unistd::read(&self.from_guest, &mut piece) {
                Ok(0) => break,
                Ok(len) => self.frames.extend(piece.get(..len).unwrap_or_default()),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) if wait(&self.from_guest, PollFlags::POLLIN, until).is_ok() => {}
                Err(_) => break,
            }
        }
        self.frames.text()
    }

    /// Waits until the guest has closed its end, at most `limit`.
    pub(super) fn wait_for_end(&mut self, limit: Duration) {
        while self.next(limit).is_ok() {}
    }
}

enum Waited {
    TooLong,
    Failed(Errno),
}

impl Waited {
    fn of(self, limit: Duration) -> Broken {
        match self {
            Self::TooLong => Broken::Silent(limit),
            Self::Failed(error) => Broken::Io(error.into()),
        }
    }
}

fn wait(end: &OwnedFd, what: PollFlags, until: Instant) -> Result<(), Waited> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Waited::TooLong);
    }
    let mut fds = [PollFd::new(end.as_fd(), what)];
    match ppoll(&mut fds, Some(TimeSpec::from_duration(left)), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(Waited::Failed(error)),
    }
}
