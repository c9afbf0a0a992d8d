//! The loop: packets in, time, packets out, and sleep until one of them is due. It never spins.

use std::io;
use std::os::fd::AsFd;
use std::task::Poll;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use synproof_stack::api::Sleep;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Stack};

use crate::{Host, Link, Tun, TunConfig, Way, Weather, netns};

/// Packets taken from the device before the host's answers and its program have their turn.
const BATCH: usize = 64;

/// A host on a device.
#[derive(Debug)]
pub struct Driver<H> {
    /// The host.
    pub host: H,
    tun: Tun,
    link: Link,
    epoch: std::time::Instant,
    patience: Duration,
}

impl Driver<Stack> {
    /// The reference stack on a TUN device, with a perfect link between them, in a network
    /// namespace that this process enters. Everything random comes from `seed`.
    ///
    /// # Errors
    /// There is no namespace or no device to be had.
    pub fn in_namespace(seed: u64) -> anyhow::Result<Self> {
        netns::enter()?;
        let tun = Tun::create(TunConfig::default())?;
        let stack = Stack::new(Config {
            local_addrs: Tun::HOST.to_vec(),
            mtu: 1500,
            seed,
            ..Config::default()
        });
        Ok(Self::new(stack, tun, Link::new(Weather::default(), seed)))
    }
}

impl<H: Host> Driver<H> {
    /// Puts `host` on a device, with `link` between them.
    #[must_use]
    pub fn new(host: H, tun: Tun, link: Link) -> Self {
        let patience = Duration::from_secs(60);
        Self { host, tun, link, epoch: std::time::Instant::now(), patience }
    }

    /// The present moment on the host's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        let elapsed = u64::try_from(self.epoch.elapsed().as_nanos());
        Instant::ZERO.plus_nanos(elapsed.unwrap_or(u64::MAX))
    }

    /// Tries `call` again and again, whenever the host was told something, until it is ready. It
    /// may ask to be tried at a certain moment.
    ///
    /// # Errors
    /// `TimedOut` when nothing happened for a minute, and the device's errors.
    pub fn until<T>(
        &mut self,
        mut call: impl FnMut(&mut H, Instant) -> (Poll<T>, Option<Instant>),
    ) -> io::Result<T> {
        loop {
            let now = self.now();
            let (outcome, again_at) = call(&mut self.host, now);
            self.flush(now)?;
            if let Poll::Ready(result) = outcome {
                return Ok(result);
            }
            self.turn(again_at)?;
        }
    }

    /// Hands over what the host has to send and what has arrived on the link.
    fn flush(&mut self, now: Instant) -> io::Result<()> {
        loop {
            while let Some(packet) = self.host.poll_transmit(now) {
                self.link.send(now, Way::Out, packet);
            }
            match self.link.arrived(now) {
                Some((Way::Out, packet)) => self.tun.write(&packet)?,
                Some((Way::In, packet)) => self.host.on_packet(now, &packet),
                None => return Ok(()),
            }
        }
    }

    /// Sleeps until something is due, and does it.
    fn turn(&mut self, again_at: Option<Instant>) -> io::Result<()> {
        let now = self.now();
        let timers = [self.host.poll_timer(now), self.link.next(), again_at];
        let next = timers.into_iter().flatten().min();
        let wait = next.map(|at| Duration::from_nanos(at.nanos_since(now)));
        let timeout = TimeSpec::from_duration(wait.unwrap_or(self.patience));
        let mut fds = [PollFd::new(self.tun.as_fd(), PollFlags::POLLIN)];
        let woken = match ppoll(&mut fds, Some(timeout), None) {
            Ok(woken) => woken,
            Err(nix::Error::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        if woken == 0 && next.is_none() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "nothing happened for a minute"));
        }
        let now = self.now();
        for _ in 0..BATCH {
            let Some(packet) = self.tun.read()? else { break };
            self.link.send(now, Way::In, packet);
        }
        self.flush(now)?;
        self.host.on_timer(now);
        self.flush(now)
    }
}

impl Driver<Stack> {
    /// Makes a call of the stack that may sleep, and sleeps.
    ///
    /// # Errors
    /// As [`until`](Self::until).
    pub fn call<T>(
        &mut self,
        mut call: impl FnMut(&mut Stack, Instant, &mut Sleep) -> Poll<T>,
    ) -> io::Result<T> {
        let mut sleep = Sleep::default();
        self.until(|stack, now| {
            let outcome = call(stack, now, &mut sleep);
            (outcome, sleep.deadline())
        })
    }

    /// Serves the network until no connection is left, TIME-WAIT not counted: what the kernel
    /// does for a program that is gone.
    ///
    /// # Errors
    /// As [`until`](Self::until).
    pub fn drain(&mut self) -> io::Result<()> {
        use synproof_stack::state::TcpState::TimeWait;
        self.until(|stack, _| {
            let busy = stack.connections().any(|(_, state)| state != TimeWait);
            (if busy { Poll::Pending } else { Poll::Ready(()) }, None)
        })
    }
}
