//! System-call lines: script expressions to [`Syscall`] values, and results back to verdicts.

mod args;
mod content;
mod io;
mod md5sig;
mod message;
mod options;
mod prepare;
mod readiness;
mod sockets;
#[cfg(test)]
mod tests;
mod verify;

use crate::script::source::Span;
use crate::target::{Fd, Syscall};

pub(crate) use args::Scope;
pub(crate) use content::ExpectedContent;
pub(crate) use message::{Clocked, ExpectedControl, stamps_in_script_time};
pub(crate) use prepare::{INTERRUPT, prepare};
pub(crate) use readiness::EventSpec;
pub(crate) use verify::{differing_output, errno_text, judge};

use super::flow::Protocol;
use super::packets::Problem;

/// A call ready to be made, and what is expected of it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The call in live values.
    pub(crate) syscall: Syscall,
    /// What it must have written through its pointers.
    pub(crate) expect: Expect,
    /// What it does to the engine's book-keeping.
    pub(crate) effect: Effect,
}

impl Prepared {
    fn plain(syscall: Syscall) -> Self {
        Self { syscall, expect: Expect::Nothing, effect: Effect::None }
    }

    fn expecting(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }
}

/// What a call must have written through its pointers, beside its return value.
#[derive(Debug)]
pub(crate) enum Expect {
    /// Nothing is looked at.
    Nothing,
    /// The return value is a new descriptor: its number is a label.
    NewDescriptor,
    /// getsockopt: exactly these bytes; `None` for the length alone.
    OptVal {
        /// Bytes.
        bytes: Option<Vec<u8>>,
        /// Returned option length.
        len: usize,
        /// Where the value is written.
        span: Span,
    },
    /// ioctl: the int.
    Int(i32, Span),
    /// poll: `revents`.
    Poll(Vec<(i16, Span)>),
    /// epoll_wait: the first event, if any is written.
    Epoll(Option<EventSpec>, Span),
    /// read, recv and friends: what the buffers hold where a text is written.
    Content(Vec<ExpectedContent>),
    /// recvmsg: flags and control messages.
    Message {
        /// What the buffers hold where a text is written.
        content: Vec<ExpectedContent>,
        /// `msg_flags`
        flags: i32,
        /// In order.
        control: Vec<ExpectedControl>,
        /// The message header as written.
        span: Span,
    },
}

/// What a call changes in the engine's book-keeping when it is made or returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// A new socket of this transport.
    Socket(Protocol),
    /// A new descriptor that is no socket.
    OpenFile,
    /// bind()
    Bind(Fd),
    /// listen()
    Listen(Fd),
    /// accept(): the label goes to the child with the returned peer address.
    Accept,
    /// connect() or a sending call with an address: from the start of the call on.
    Connect(Fd),
    /// connect(AF_UNSPEC)
    Disconnect(Fd),
    /// close() of a label.
    Close(i64, Fd),
    /// pipe(): two labels.
    Pipe(i64, i64),
}

type Made = Result<Prepared, Problem>;
