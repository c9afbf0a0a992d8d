//! Calls that sleep on the stack, and in which order news wakes them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use synproof_stack::api::Sleep;
use synproof_stack::effect::Wake;
use synproof_stack::time::Instant;
use synproof_stack::{Fd as StackFd, Stack};

use super::calls;
use crate::target::{CallId, Fd, Syscall};

/// A call that sleeps, to be tried again.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) call: CallId,
    pub(super) syscall: Syscall,
    pub(super) sleep: Sleep,
    /// Its turn among those that fell asleep.
    turn: u64,
}

/// Everyone who sleeps, in the order they fell asleep.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    parked: Vec<Parked>,
    turns: u64,
}

/// Sockets with news, and whether that is only an error; none stands for those without a descriptor.
#[derive(Debug)]
pub(super) struct News(BTreeMap<Option<StackFd>, bool>);

impl News {
    /// What the stack has to tell.
    pub(super) fn of(stack: &mut Stack) -> Self {
        let mut news = BTreeMap::new();
        for event in std::iter::from_fn(|| stack.poll_event()) {
            *news.entry(event.fd).or_insert(true) &= event.wake == Wake::Error;
        }
        Self(news)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Sleepers {
    /// A call falls asleep.
    pub(super) fn park(&mut self, call: CallId, syscall: Syscall, sleep: Sleep) {
        self.turns += 1;
        self.parked.push(Parked { call, syscall, sleep, turn: self.turns });
    }

    /// A call that was woken sleeps on: one that reads or accepts leaves the queue and comes again
    /// (sk_wait_data, inet_csk_wait_for_connect), any other keeps its place.
    pub(super) fn put_back(&mut self, mut parked: Parked) {
        if parked.comes_again() {
            self.turns += 1;
            parked.turn = self.turns;
        }
        let at = self.parked.partition_point(|other| other.turn < parked.turn);
        self.parked.insert(at, parked);
    }

    /// When the first of them wants to be woken whatever happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.parked.iter().filter_map(|parked| parked.sleep.deadline()).min()
    }

    /// Whether a call sleeps on `fd` alone.
    pub(super) fn any_on(&self, fd: Fd) -> bool {
        self.parked.iter().any(|parked| parked.fd() == Some(fd))
    }

    /// The first that sleeps on `fd`, perhaps among others.
    pub(super) fn take_first_on(&mut self, fd: Fd) -> Option<Parked> {
        let sleeps = |parked: &Parked| parked.syscall.sleeps_on().contains(&fd);
        let at = self.parked.iter().position(sleeps)?;
        Some(self.parked.remove(at))
    }

    /// Those whose time is over.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Parked> {
        self.take(|parked| parked.sleep.deadline().is_some_and(|at| at <= now))
    }

    /// Those whom news may concern. An error alone wakes one of those who accept, not all.
    ///
    /// Linux: sock_def_error_report (net/core/sock.c)
    pub(super) fn take_woken(&mut self, news: &News) -> Vec<Parked> {
        let mut has_one = BTreeSet::new();
        let accepting = self.parked.iter().filter_map(Parked::accepts);
        let left: BTreeSet<CallId> = accepting
            .filter(|(_, fd)| news.0.get(&Some(*fd)) == Some(&true) && !has_one.insert(*fd))
            .map(|(call, _)| call)
            .collect();
        self.take(|parked| parked.cares_for(news) && !left.contains(&parked.call))
    }

    /// Takes some, in the order a wait queue wakes them: who came last first, and behind all others
    /// who accepts, in turn.
    ///
    /// Linux: add_wait_queue, prepare_to_wait_exclusive (kernel/sched/wait.c)
    fn take(&mut self, which: impl Fn(&Parked) -> bool) -> Vec<Parked> {
        let mut woken: Vec<Parked> = self.parked.extract_if(.., |parked| which(parked)).collect();
        woken.sort_by_key(|parked| match parked.accepts() {
            Some(_) => (true, Reverse(0), parked.turn),
            None => (false, Reverse(parked.turn), 0),
        });
        woken
    }
}

impl Parked {
    /// Whether news may end its sleep.
    fn cares_for(&self, News(news): &News) -> bool {
        #[expect(clippy::wildcard_enum_match_arm, reason = "all others sleep on their descriptor")]
        match &self.syscall {
            // The descriptor of a close that lingers is gone.
            Syscall::Close { .. } => news.contains_key(&None),
            Syscall::Poll { .. }
            | Syscall::EpollWait { .. }
            | Syscall::Splice { .. }
            | Syscall::Sendfile { .. } => true,
            _ => self.fd().is_some_and(|fd| news.contains_key(&Some(StackFd(fd.0)))),
        }
    }

    fn comes_again(&self) -> bool {
        matches!(
            self.syscall,
            Syscall::Accept { .. }
                | Syscall::Read { .. }
                | Syscall::Readv { .. }
                | Syscall::Recv { .. }
                | Syscall::Recvfrom { .. }
                | Syscall::Recvmsg { .. }
                | Syscall::Splice { .. }
        )
    }

    fn fd(&self) -> Option<Fd> {
        calls::sleeps_on(&self.syscall)
    }

    /// The listener, for a call that accepts.
    fn accepts(&self) -> Option<(CallId, StackFd)> {
        let Syscall::Accept { fd } = self.syscall else { return None };
        Some((self.call, StackFd(fd.0)))
    }
}
