//! The calls of a scenario, made on a stack, and the streams of its sockets.
//!
//! Sockets never block: a call that would have to wait is given up. What is written is the stream
//! [`Stream::Ours`] of each connection, and what is read must be the peer's.

use std::net::SocketAddr;
use std::task::Poll;

use synproof_harness::scenario::{Call, How, Slot};
use synproof_stack::api::{self, Address, Domain, MsgFlags, Sleep};
use synproof_stack::errno::Errno;
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;
use synproof_stack::{Fd, Stack};

use super::numbers::Stream;

/// Most bytes of one call.
const MOST: u32 = 1 << 18;

const MSG_OOB: i32 = 0x1;
const MSG_PEEK: i32 = 0x2;
const MSG_TRUNC: i32 = 0x20;
const MSG_ERRQUEUE: i32 = 0x2000;
const MSG_FASTOPEN: i32 = 0x2000_0000;

/// A socket of the program.
#[derive(Clone, Copy, Debug)]
pub struct Socket {
    /// Its descriptor.
    pub fd: Fd,
    /// Bytes written on the present connection.
    written: u32,
    /// Bytes read from it, as the place where reading goes on.
    read: u32,
    /// Reading took bytes out of the stream (urgent data, MSG_TRUNC): what follows is not judged.
    is_torn: bool,
}

/// What a reading call brought: where in the stream, the bytes.
#[derive(Clone, Debug)]
pub struct Got {
    /// Descriptor.
    pub fd: Fd,
    /// Offset of the first byte.
    pub at: u32,
    /// The bytes.
    pub data: Vec<u8>,
}

/// The program that a scenario plays.
#[derive(Debug)]
pub struct Program {
    /// The sockets by slot.
    slots: Vec<Option<Socket>>,
    /// Every descriptor that may be open.
    open: Vec<Fd>,
    /// Calls of close() that wait for what is left to be sent (SO_LINGER).
    lingering: Vec<(Fd, Sleep)>,
    domain: Domain,
    /// The address that scripts bind to.
    local: SocketAddr,
    /// The address that scripts connect to.
    remote: SocketAddr,
}

/// Whatever a call answers is right, as far as the program is concerned.
fn ignore<T>(_answer: T) {}

impl Program {
    /// A program without sockets.
    #[must_use]
    pub fn new(domain: Domain, local: SocketAddr, remote: SocketAddr) -> Self {
        Self { slots: Vec::new(), open: Vec::new(), lingering: Vec::new(), domain, local, remote }
    }

    /// Every descriptor that may be open.
    pub fn take_open(&mut self) -> Vec<Fd> {
        std::mem::take(&mut self.open)
    }

    /// A call of close() waits.
    pub fn linger(&mut self, fd: Fd, sleep: Sleep) {
        self.lingering.push((fd, sleep));
    }

    /// Every call of close() that waits.
    pub fn take_lingering(&mut self) -> Vec<(Fd, Sleep)> {
        std::mem::take(&mut self.lingering)
    }

    /// Every descriptor that may be open.
    #[must_use]
    pub fn open(&self) -> &[Fd] {
        &self.open
    }

    fn socket(&mut self, slot: Slot) -> Option<&mut Socket> {
        self.slots.get_mut(usize::from(slot.0))?.as_mut()
    }

    /// Slots with a socket.
    #[must_use]
    pub fn slots(&self) -> Vec<Slot> {
        let filled = (0..).zip(&self.slots).filter(|(_, socket)| socket.is_some());
        filled.map(|(slot, _)| Slot(slot)).collect()
    }

    /// The descriptor of a socket, and how many bytes of its stream were read, if that is known.
    #[must_use]
    pub fn place(&self, slot: Slot) -> Option<(Fd, u32)> {
        let socket = self.slots.get(usize::from(slot.0))?.filter(|socket| !socket.is_torn)?;
        Some((socket.fd, socket.read))
    }

    fn fill(&mut self, slot: Slot, fd: Fd) {
        let at = usize::from(slot.0);
        if self.slots.len() <= at {
            self.slots.resize(at + 1, None);
        }
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(Socket { fd, written: 0, read: 0, is_torn: false });
        }
        self.open.push(fd);
    }

    /// Makes the call; what a reading call brought. A call on a slot without a socket is not made.
    pub fn call(&mut self, stack: &mut Stack, now: Instant, call: Call) -> Option<Got> {
        let sleep = &mut Sleep::default();
        if let Call::Socket { slot } = call {
            let fd = stack.socket(now, self.domain, true);
            self.fill(slot, fd);
            return None;
        }
        let fd = self.socket(call.slot())?.fd;
        match call {
            Call::Socket { .. } | Call::NonBlocking { .. } => {}
            Call::Bind { .. } => ignore(stack.bind(now, fd, Address::Inet(self.local))),
            Call::Listen { backlog, .. } => ignore(stack.listen(now, fd, backlog)),
            Call::Accept { child, .. } => {
                if let Poll::Ready(Ok(accepted)) = stack.accept(now, fd, true, sleep) {
                    self.fill(child, accepted.fd);
                }
            }
            Call::Connect { slot } => self.connect(stack, now, slot),
            Call::Disconnect { slot } => {
                ignore(stack.connect(now, fd, Address::Family(0), sleep));
                self.begin_anew(slot);
            }
            Call::Shutdown { how, .. } => ignore(stack.shutdown(now, fd, how_of(how))),
            Call::Close { slot } => self.close(stack, now, slot),
            Call::SetOption { option, value, .. } => {
                let (level, name) = option.numbers();
                ignore(stack.setsockopt(now, fd, level, name, &value.to_ne_bytes()));
            }
            Call::GetOption { option, .. } => {
                let (level, name) = option.numbers();
                ignore(stack.getsockopt(now, fd, level, name, 4));
            }
            Call::Linger { on, seconds, .. } => {
                let value =
                    [i32::from(on).to_ne_bytes(), i32::from(seconds).to_ne_bytes()].concat();
                ignore(stack.setsockopt(now, fd, 1, 13, &value));
            }
            Call::Write { slot, len } => self.send(stack, now, slot, len, 0),
            Call::Send { slot, len, flags } => self.send(stack, now, slot, len, flags),
            Call::SendTo { slot, len, flags } => {
                self.send(stack, now, slot, len, flags | MSG_FASTOPEN)
            }
            Call::Read { slot, len } => return self.recv(stack, now, slot, len, 0),
            Call::Recv { slot, len, flags } => return self.recv(stack, now, slot, len, flags),
        }
        None
    }

    /// Both streams of a socket begin anew with a new connection.
    fn begin_anew(&mut self, slot: Slot) {
        if let Some(socket) = self.socket(slot) {
            (socket.written, socket.read, socket.is_torn) = (0, 0, false);
        }
    }

    fn connect(&mut self, stack: &mut Stack, now: Instant, slot: Slot) {
        let (Some(socket), remote) = (self.socket(slot).copied(), self.remote) else { return };
        if stack.fd_state(socket.fd) == Some(TcpState::Close) {
            self.begin_anew(slot);
        }
        ignore(stack.connect(now, socket.fd, Address::Inet(remote), &mut Sleep::default()));
    }

    fn close(&mut self, stack: &mut Stack, now: Instant, slot: Slot) {
        let Some(place) = self.slots.get_mut(usize::from(slot.0)) else { return };
        let Some(socket) = place.take() else { return };
        self.open.retain(|fd| *fd != socket.fd);
        let mut sleep = Sleep::default();
        if stack.close(now, socket.fd, &mut sleep).is_pending() {
            self.linger(socket.fd, sleep);
        }
    }

    fn send(&mut self, stack: &mut Stack, now: Instant, slot: Slot, len: u32, flags: i32) {
        let remote = self.remote;
        let Some(socket) = self.socket(slot) else { return };
        if stack.fd_state(socket.fd) == Some(TcpState::Close) && flags & MSG_FASTOPEN != 0 {
            socket.written = 0;
            (socket.read, socket.is_torn) = (0, false);
        }
        let data =
            Stream::Ours.bytes(socket.written, usize::try_from(len.min(MOST)).unwrap_or_default());
        let size = data.len();
        let message = api::Message {
            data: &data,
            size,
            ends: &[size],
            name: (flags & MSG_FASTOPEN != 0).then_some(Address::Inet(remote)),
            control: &[],
            flags: MsgFlags(flags),
        };
        let sent = stack.sendmsg(now, socket.fd, &message, &mut Sleep::default());
        if let Poll::Ready(Ok(sent)) = sent {
            socket.written = socket.written.wrapping_add(u32::try_from(sent).unwrap_or_default());
        }
    }

    fn recv(
        &mut self,
        stack: &mut Stack,
        now: Instant,
        slot: Slot,
        len: u32,
        flags: i32,
    ) -> Option<Got> {
        let socket = self.socket(slot)?;
        let max = usize::try_from(len.min(MOST)).unwrap_or_default();
        let result = stack.recv(now, socket.fd, max, MsgFlags(flags), &mut Sleep::default());
        let Poll::Ready(Ok::<_, Errno>(got)) = result else { return None };
        if flags & (MSG_OOB | MSG_TRUNC | MSG_ERRQUEUE) != 0 {
            socket.is_torn = true;
        }
        let at = socket.read;
        if flags & MSG_PEEK == 0 {
            socket.read = at.wrapping_add(u32::try_from(got.data.len()).unwrap_or_default());
        }
        (!socket.is_torn && !got.data.is_empty()).then_some(Got {
            fd: socket.fd,
            at,
            data: got.data,
        })
    }
}

const fn how_of(how: How) -> api::How {
    match how {
        How::Read => api::How::Read,
        How::Write => api::How::Write,
        How::Both => api::How::Both,
    }
}
