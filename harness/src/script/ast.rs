//! The syntax tree: plain data, every node with its span, no reference to any target.
//!
//! What the fields mean is described in `docs/language.md`. Numbers are as written in the script
//! (relative sequence numbers, label descriptors); `engine::flow` gives them their live values.

mod call;
mod loops;
mod names;
mod packet;
mod walk;

use std::sync::Arc;

use super::source::{SourceFile, Span, Spanned};
use super::token::Token;

pub use call::{Expr, ExprKind, Member, SyscallSpec};
pub use loops::{Loop, Row};
pub use names::{NamedPart, Part, Role, Text};
pub use packet::{
    Direction, Echoed, Encap, EncapKind, Field, Flags, GreSpec, IcmpSpec, IpInfo, MplsLabel,
    OptionsSpec, PacketBody, PacketSpec, Ports, SeqSpec, TcpOptionSpec, TcpSpec, Tos, UdpSpec,
};

/// A parsed script. `tokens` hold the whole text (white space and comments included), so the tree
/// is lossless: the concatenation of their slices is the source.
#[derive(Clone, Debug)]
pub struct Script {
    /// The text everything below points into.
    pub source: Arc<SourceFile>,
    /// Every token of the source, trivia included.
    pub tokens: Vec<Token>,
    /// `//! key: value` lines, in order.
    pub metadata: Vec<Metadata>,
    /// `--name[=value]` lines.
    pub options: Vec<OptionDecl>,
    /// Untimed command before the first event.
    pub init: Option<ShellCommand>,
    /// The events in the order of the text.
    pub events: Vec<Event>,
    /// Untimed command after the last event.
    pub cleanup: Option<ShellCommand>,
    /// Loops (extension), whose events are among `events` once for each row.
    pub loops: Vec<Loop>,
}

/// A `//! key: value` comment: opaque to packetdrill, read by the runner (`covers`, `profile`, …).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The word before the colon.
    pub key: String,
    /// The trimmed rest of the line.
    pub value: String,
    /// The whole comment.
    pub span: Span,
}

/// `--name` or `--name=value` as written in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionDecl {
    /// Name without the dashes.
    pub name: String,
    /// Text of the value; strings are without their quotes. `SYM=val` for `--define`.
    pub value: Option<String>,
    /// The whole option.
    pub span: Span,
}

/// Text between back quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// The text, without the quotes, unescaped nothing.
    pub text: String,
    /// Quotes included.
    pub span: Span,
}

/// Text between `%{` and `}%`, blanks trimmed as packetdrill trims them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// The text.
    pub text: String,
    /// Braces included.
    pub span: Span,
}

/// When an event happens, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// `*`
    Any,
    /// `0.5`
    Absolute(i64),
    /// `+0.5`
    Relative(i64),
    /// `0.1~0.2`
    AbsoluteRange(i64, i64),
    /// `+0.1~+0.2`
    RelativeRange(i64, i64),
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, with the span of the time as written.
    pub time: Spanned<Time>,
    /// `...END` of a blocking call, in microseconds, with the base of `time`.
    pub end: Option<Spanned<i64>>,
    /// What.
    pub kind: EventKind,
    /// From the time to the last token.
    pub span: Span,
}

/// What an event does.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// `<` or `>`.
    Packet(Box<PacketSpec>),
    /// `name(args) = result`.
    Syscall(Box<SyscallSpec>),
    /// `` `text` ``.
    Command(ShellCommand),
    /// `%{ text }%`.
    Code(CodeBlock),
    /// `tcp_state(..) = TCP_X` (extension).
    State(StateAssertion),
}

/// Extension: the state of a socket, by descriptor label or by ports.
#[derive(Clone, Debug, PartialEq)]
pub struct StateAssertion {
    /// Whose state.
    pub subject: StateSubject,
    /// `TCP_ESTABLISHED` … `TCP_NEW_SYN_RECV`, as written.
    pub state: Spanned<String>,
    /// The whole assertion.
    pub span: Span,
}

/// Whose state a [`StateAssertion`] is about.
#[derive(Clone, Debug, PartialEq)]
pub enum StateSubject {
    /// `tcp_state(4)`.
    Fd(Spanned<i64>),
    /// `tcp_state(40001 > 8080)`: remote port, then local port, as an inbound packet writes them.
    Ports(Spanned<Ports>),
}
