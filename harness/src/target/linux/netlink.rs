//! Netlink messages built by hand, and a socket that sends one and reads its answers.
//!
//! Formats: netlink(7), rtnetlink(7). What the messages mean is up to `rtnetlink`, `sock_diag` and
//! `genetlink`.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::{
    self, AddressFamily, MsgFlags, MultiHeaders, NetlinkAddr, SockFlag, SockProtocol, SockType,
};

use super::sockaddr::array;

/// Size of `struct nlmsghdr`.
const HEADER: usize = 16;

/// Size of `struct nlattr`.
const ATTR_HEADER: usize = 4;

/// `NLM_F_REQUEST`
pub(super) const REQUEST: u16 = 0x1;
/// `NLM_F_ACK`
pub(super) const ACK: u16 = 0x4;
/// `NLM_F_REPLACE`
pub(super) const REPLACE: u16 = 0x100;
/// `NLM_F_EXCL`
pub(super) const EXCL: u16 = 0x200;
/// `NLM_F_APPEND`
pub(super) const APPEND: u16 = 0x800;
/// `NLM_F_CREATE`
pub(super) const CREATE: u16 = 0x400;

/// A request under construction.
pub(super) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A message of type `ty`; `NLM_F_REQUEST` is added to `flags`.
    pub(super) fn new(ty: u16, flags: u16) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&ty.to_ne_bytes());
        bytes.extend_from_slice(&(flags | REQUEST).to_ne_bytes());
        bytes.resize(HEADER, 0);
        Self { bytes }
    }

    /// Appends bytes (the family's own header), padded to four.
    #[must_use]
    pub(super) fn put(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self.pad();
        self
    }

    /// Appends an attribute.
    #[must_use]
    pub(super) fn attr(mut self, ty: u16, value: &[u8]) -> Self {
        let len = u16::try_from(ATTR_HEADER + value.len()).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&len.to_ne_bytes());
        self.bytes.extend_from_slice(&ty.to_ne_bytes());
        self.put(value)
    }

    /// Appends an attribute whose value is a 32-bit number.
    #[must_use]
    pub(super) fn attr_u32(self, ty: u16, value: u32) -> Self {
        self.attr(ty, &value.to_ne_bytes())
    }

    /// Appends an attribute that holds what `inside` appends.
    #[must_use]
    pub(super) fn nest(mut self, ty: u16, inside: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self = inside(self.attr(ty, &[]));
        let len = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        if let Some(field) = self.bytes.get_mut(start..start + 2) {
            field.copy_from_slice(&len.to_ne_bytes());
        }
        self
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn finish(mut self, seq: u32) -> Vec<u8> {
        let len = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        for (at, value) in [(0, len), (8, seq)] {
            if let Some(field) = self.bytes.get_mut(at..at + 4) {
                field.copy_from_slice(&value.to_ne_bytes());
            }
        }
        self.bytes
    }
}

/// One message of an answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// Everything after the header.
    pub body: Vec<u8>,
}

/// The attributes from `at` on: type (without flags) and value.
pub(super) fn attributes(body: &[u8], at: usize) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    let mut rest = body.get(at..).unwrap_or_default();
    while let (Some(len), Some(ty)) = (array(rest, 0), array(rest, 2)) {
        let len = usize::from(u16::from_ne_bytes(len));
        let Some(value) = rest.get(ATTR_HEADER..len) else { break };
        found.push((u16::from_ne_bytes(ty) & 0x3fff, value));
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

/// A netlink socket. It belongs to the namespace of the thread that opens it, for good.
pub(super) struct Netlink {
    fd: OwnedFd,
    seq: u32,
    /// Of [`Self::exchange`], kept for the next time.
    rooms: Vec<Vec<u8>>,
}

/// Longer than any single answer that is no part of a dump.
const ANSWER: usize = 8 * 1024;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

impl Netlink {
    /// Opens a socket of the given netlink family.
    pub(super) fn open(protocol: SockProtocol) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let fd = socket::socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        Ok(Self { fd, seq: 0, rooms: Vec::new() })
    }

    /// Opens a socket that hears what the kernel announces to `groups` (a mask of `RTMGRP_*`).
    pub(super) fn listen(protocol: SockProtocol, groups: u32) -> io::Result<Self> {
        let socket = Self::open(protocol)?;
        socket::bind(socket.fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(socket)
    }

    /// The next announcement: its type and what follows the header; none within `timeout_ms`.
    pub(super) fn announcement(&self, timeout_ms: u16) -> io::Result<Option<(u16, Reply)>> {
        let mut poll = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        loop {
            match nix::poll::poll(&mut poll, timeout_ms) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
                Ok(0) => return Ok(None),
                Ok(_) => break,
            }
        }
        let mut buffer = vec![0_u8; 32 * 1024];
        let got = socket::recv(self.fd.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        let message = buffer.get(..got).unwrap_or_default();
        let ty = array(message, 4).map(u16::from_ne_bytes);
        let body = message.get(HEADER..).unwrap_or_default().to_vec();
        Ok(ty.map(|ty| (ty, Reply { body })))
    }

    /// Sends a request and waits for the kernel's acknowledgement. The kernel answers while
    /// sending, so this does not block.
    pub(super) fn change(&mut self, request: Request) -> io::Result<()> {
        self.send(request.with_flags(ACK))?;
        while self.receive()?.is_some() {}
        Ok(())
    }

    /// Sends a request that is answered by one message. The kernel's refusal is an error.
    pub(super) fn ask(&mut self, request: Request) -> io::Result<Reply> {
        self.send(request)?;
        self.receive()?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Sends several requests at once, each of which is answered by one message: its answer, its
    /// acknowledgement (none), or the kernel's refusal. All are carried out, in this order.
    pub(super) fn exchange(&mut self, requests: Vec<Request>) -> io::Result<Vec<Answer>> {
        let count = requests.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        let first = self.seq.wrapping_add(1);
        let mut bytes = Vec::new();
        for request in requests {
            self.seq = self.seq.wrapping_add(1);
            bytes.extend(request.finish(self.seq));
        }
        socket::send(self.fd.as_raw_fd(), &bytes, MsgFlags::empty())?;
        let mut answers = VecDeque::new();
        while answers.len() < count {
            let awaited = first.wrapping_add(u32::try_from(answers.len()).unwrap_or(0));
            answers.extend(self.take(count - answers.len(), awaited)?);
        }
        answers.into_iter().collect()
    }

    /// Up to `count` messages, without those that answer something before `awaited`.
    fn take(&mut self, count: usize, awaited: u32) -> io::Result<Vec<io::Result<Answer>>> {
        self.rooms.resize_with(count.max(self.rooms.len()), || vec![0; ANSWER]);
        let mut slices: Vec<_> =
            self.rooms.iter_mut().take(count).map(|room| [IoSliceMut::new(room)]).collect();
        let mut headers = MultiHeaders::<()>::preallocate(count, None);
        let fd = self.fd.as_raw_fd();
        let flags = MsgFlags::MSG_WAITFORONE;
        let lens: Vec<_> = match socket::recvmmsg(fd, &mut headers, &mut slices, flags, None) {
            Err(nix::errno::Errno::EINTR) => return Ok(Vec::new()),
            other => other?.map(|message| message.bytes).collect(),
        };
        let messages = self.rooms.iter().zip(lens).filter_map(|(room, len)| room.get(..len));
        Ok(messages.filter(|message| seq_of(message) >= Some(awaited)).map(answer).collect())
    }

    fn send(&mut self, request: Request) -> io::Result<()> {
        self.seq = self.seq.wrapping_add(1);
        let bytes = request.finish(self.seq);
        socket::send(self.fd.as_raw_fd(), &bytes, MsgFlags::empty())?;
        Ok(())
    }

    /// The next message of the answer; none at its end.
    fn receive(&mut self) -> io::Result<Option<Reply>> {
        let mut buffer = vec![0_u8; 32 * 1024];
        loop {
            let got = match socket::recv(self.fd.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Err(nix::errno::Errno::EINTR) => continue,
                other => other?,
            };
            let message = buffer.get(..got).unwrap_or_default();
            let seq = seq_of(message).ok_or(io::ErrorKind::InvalidData)?;
            if seq != self.seq {
                continue; // The late answer of an earlier, failed request.
            }
            return answer(message)?;
        }
    }
}

/// What the kernel says to one request: a message, nothing (an acknowledgement, or the end of
/// several messages), or why not.
pub(super) type Answer = io::Result<Option<Reply>>;

fn seq_of(message: &[u8]) -> Option<u32> {
    array(message, 8).map(u32::from_ne_bytes)
}

/// The error outside is that of a message which is none.
fn answer(message: &[u8]) -> io::Result<Answer> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let ty = u16::from_ne_bytes(array(message, 4).ok_or_else(malformed)?);
    let body = message.get(HEADER..).unwrap_or_default();
    Ok(match ty {
        NLMSG_ERROR => match i32::from_ne_bytes(array(body, 0).ok_or_else(malformed)?) {
            0 => Ok(None),
            code => Err(io::Error::from_raw_os_error(-code)),
        },
        NLMSG_DONE => Ok(None),
        _ => Ok(Some(Reply { body: body.to_vec() })),
    })
}

impl Request {
    #[must_use]
    pub(super) fn with_flags(mut self, flags: u16) -> Self {
        if let Some(field) = self.bytes.get_mut(6..8) {
            let before = array(field, 0).map_or(0, u16::from_ne_bytes);
            field.copy_from_slice(&(before | flags).to_ne_bytes());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_attributes_have_their_lengths() {
        let request = Request::new(16, CREATE)
            .put(&[1, 2, 3, 4])
            .nest(18, |r| r.attr(1, b"veth\0"))
            .attr_u32(4, 1500);
        let bytes = request.finish(7);
        assert_eq!(u32::from_ne_bytes(array(&bytes, 0).unwrap()) as usize, bytes.len());
        let outer = attributes(&bytes, HEADER + 4);
        assert_eq!(outer.len(), 2);
        assert_eq!(attributes(outer[0].1, 0), [(1, b"veth\0".as_slice())]);
        assert_eq!(outer[1], (4, 1500_u32.to_ne_bytes().as_slice()));
    }

    #[test]
    fn attributes_of_rubbish_end_quietly() {
        assert!(attributes(&[0; 3], 0).is_empty());
        assert!(attributes(&[0; 8], 0).is_empty());
        assert!(attributes(&[200, 0, 1, 0, 5], 0).is_empty());
        assert!(attributes(&[], 9).is_empty());
    }
}
