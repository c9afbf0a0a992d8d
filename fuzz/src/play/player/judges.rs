//! What is looked at besides each packet: what was read, what is held, what is due.

use synproof_harness::scenario::{Call, Slot};
use synproof_stack::mib::Counter;
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;
use synproof_stack::{Fd, Stack};

use super::{Link, Player, flow};
use crate::Finding;
use crate::play::program::Got;

/// What a socket may hold beyond twice its buffer: a burst that was taken as a whole.
const MOST_BEYOND: u32 = 3 * 65_536;
/// The same of what it sends: cutting segments into smaller ones costs memory (Linux: the limit of
/// tcp_fragment).
const MOST_BEYOND_SENDING: u32 = 8 * 65_536;
const MSG_PEEK: i32 = 0x2;
/// Of the level SOL_TCP, and where in `struct tcp_info` a number of eight bytes is.
const TCP_INFO: i32 = 11;
const BYTES_RECEIVED: usize = 128;
const STREAM: &str = "an application reads what the peer sent, in order, once [RFC9293:3.1]";
const COUNTED: &str = "TCP_INFO counts every byte that was acknowledged [RFC4898]";
const MEMORY: &str = "a socket holds no more than its buffers allow";

impl Player {
    /// What was due up to now.
    pub(super) fn judge_time(&mut self) -> Result<(), Finding> {
        let (now, ends) = (self.now, self.ends);
        for Link { wire, duty, .. } in self.links.iter_mut().filter(|link| link.duty.is_pending()) {
            let state = self.stack.tcp_state(flow(ends, wire.local, wire.remote));
            if let Some(property) = duty.passed(state, now) {
                return Err(Finding::of(
                    property,
                    state.linux_name(),
                    format!("{duty:?} {wire:?}"),
                ));
            }
        }
        Ok(())
    }

    /// Connections may have left TIME-WAIT for another reason than time.
    pub(super) fn states_are_now(&mut self) {
        for Link { wire, duty, .. } in &mut self.links {
            duty.is_now(self.stack.tcp_state(flow(self.ends, wire.local, wire.remote)), self.now);
        }
    }

    /// The ports of a connection of which the stack has acknowledged data that nobody has read.
    pub(super) fn unread(&self, slot: Slot) -> Option<(u16, u16)> {
        let (Link { wire, .. }, _, read) = self.judged(slot)?;
        // The last number may be that of a FIN.
        (wire.taken()? > read + 1).then_some((wire.local, wire.remote))
    }

    /// What was read is the peer's stream at the place where the application is.
    pub(super) fn judge_read(&mut self, got: Option<Got>) -> Result<(), Finding> {
        let Some(got) = got else { return Ok(()) };
        self.played.read += u32::try_from(got.data.len()).unwrap_or_default();
        let peer = self.stack.getpeername(got.fd).ok();
        let local = self.stack.getsockname(got.fd).ok();
        let Some((local, remote)) = local.zip(peer) else { return Ok(()) };
        let known = |link: &&Link| link.is(local.port(), remote.port()) && link.wire.is_judged();
        let Some(link) = self.links.iter().find(known) else { return Ok(()) };
        match link.wire.first_difference(got.at, &got.data) {
            Some(detail) => Err(Finding::of(STREAM, "read", detail)),
            None => Ok(()),
        }
    }

    /// How large the buffers of every socket are, which a call is about to change.
    pub(super) fn note_buffers(&mut self) {
        for fd in self.program.open() {
            let Some(held) = memory(&mut self.stack, self.now, *fd) else { continue };
            let buffers = self.buffers.entry(fd.0).or_default();
            *buffers = [held.rcvbuf.max(buffers[0]), held.sndbuf.max(buffers[1])];
        }
    }

    /// No socket holds far more than it may, or might before.
    pub(super) fn check_memory(&mut self) -> Result<(), Finding> {
        self.note_buffers();
        for fd in self.program.open() {
            let Some(held) = memory(&mut self.stack, self.now, *fd) else { continue };
            let most = |buffer: u32, beyond| buffer.saturating_mul(2).saturating_add(beyond);
            let [rcvbuf, sndbuf] = self.buffers.get(&fd.0).copied().unwrap_or_default();
            let receives = held.rmem > most(rcvbuf, MOST_BEYOND);
            if receives || held.wmem > most(sndbuf, MOST_BEYOND_SENDING) {
                return Err(Finding::of(MEMORY, "SO_MEMINFO", format!("{held:?}")));
            }
        }
        Ok(())
    }

    /// Data arrived. A socket that holds more than its buffer takes no more: Linux looks before it
    /// takes a segment, but for one that comes to an empty queue.
    pub(super) fn judge_growth(&mut self) -> Result<(), Finding> {
        // What is thrown out of the queue makes room for what comes.
        let pruned = self.stack.mib().get(Counter::TcpExtPruneCalled) > 0;
        for fd in self.program.open() {
            let Some(now) = memory(&mut self.stack, self.now, *fd) else { continue };
            let place = self.held.iter_mut().find(|(known, ..)| known == fd);
            let Some((_, before, over)) = place else {
                self.held.push((*fd, now.rmem, false));
                continue;
            };
            let grows = now.rmem > *before && *before > now.rcvbuf;
            if grows && *over && !pruned {
                return Err(Finding::of(MEMORY, "growth", format!("{before} to {now:?}")));
            }
            (*before, *over) = (now.rmem, grows || (*over && now.rmem >= *before));
        }
        Ok(())
    }

    /// What can still be read is the peer's stream, and TCP_INFO has counted what was acknowledged.
    pub(super) fn judge_rest(&mut self) -> Result<(), Finding> {
        for slot in self.program.slots() {
            let peek = Call::Recv { slot, len: 1 << 18, flags: MSG_PEEK };
            let got = self.program.call(&mut self.stack, self.now, peek);
            self.judge_read(got)?;
            let Some((link, fd, _)) = self.judged(slot) else { continue };
            let Some(taken) = link.wire.taken() else { continue };
            let fin = u64::from(self.stack.fd_state(fd) != Some(TcpState::Established));
            let info = self.stack.getsockopt(self.now, fd, 6, TCP_INFO, 136).unwrap_or_default();
            let bytes = info.get(BYTES_RECEIVED..).and_then(|rest| rest.first_chunk().copied());
            let Some(received) = bytes.map(u64::from_ne_bytes) else { continue };
            if received + fin < u64::from(taken) {
                let detail = format!("{received} bytes received, {taken} acknowledged");
                return Err(Finding::of(COUNTED, "tcpi_bytes_received", detail));
            }
        }
        Ok(())
    }

    /// The connection of a socket, its descriptor and how much was read; [`None`] if nothing can be
    /// said of it.
    fn judged(&self, slot: Slot) -> Option<(&Link, Fd, u32)> {
        let (fd, read) = self.program.place(slot)?;
        self.stack.fd_state(fd).filter(|state| *state != TcpState::Close)?;
        let local = self.stack.getsockname(fd).ok()?.port();
        let remote = self.stack.getpeername(fd).ok()?.port();
        let link = self.links.iter().find(|link| link.is(local, remote))?;
        link.wire.is_judged().then_some((link, fd, read))
    }
}

/// Memory of a socket, and what it may be.
#[derive(Clone, Copy, Debug)]
struct Memory {
    rmem: u32,
    rcvbuf: u32,
    wmem: u32,
    sndbuf: u32,
}

/// SO_MEMINFO: rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, …
fn memory(stack: &mut Stack, now: Instant, fd: Fd) -> Option<Memory> {
    let words = stack.getsockopt(now, fd, 1, 55, 36).ok()?;
    let word = |at: usize| words.get(at * 4..)?.first_chunk().copied().map(u32::from_ne_bytes);
    Some(Memory { rmem: word(0)?, rcvbuf: word(1)?, wmem: word(5)?, sndbuf: word(3)? })
}
