//! System calls and their arguments.

use std::net::IpAddr;

use super::{GreSpec, MplsLabel, Text};
use crate::script::source::{Span, Spanned};

/// `name(args) = result ERRNO (text)`.
#[derive(Clone, Debug, PartialEq)]
pub struct SyscallSpec {
    /// `socket`, `bind`, …
    pub name: Spanned<String>,
    /// Arguments as written.
    pub args: Vec<Expr>,
    /// The result as written (`3`, `-1`, `O_RDWR|O_NONBLOCK`, `...`).
    pub result: Expr,
    /// `EAGAIN`.
    pub errno: Option<Spanned<String>>,
    /// `(Resource temporarily unavailable)`.
    pub note: Option<Spanned<String>>,
    /// The whole call.
    pub span: Span,
}

/// An expression with its span.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The expression forms of packetdrill; struct forms are one [`ExprKind::Struct`] with named
/// members, so that a new one needs no new variant.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `...`
    Ellipsis,
    /// `*` (extension: any value)
    Any,
    /// `42`, `0x2a`
    Int(i64),
    /// `SOL_TCP`
    Symbol(String),
    /// `"..."`, raw as written (escapes unresolved), adjacent strings concatenated.
    Str(String),
    /// `"ab"*500` (extension)
    Repeated(Text),
    /// `* as NAME` (extension): any value, which has that name from here on.
    Given(String),
    /// `$NAME` (extension): the value that has the name.
    Used(String),
    /// `a | b`
    Or(Box<Expr>, Box<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{member, member=value, …}`: sockaddr, iovec, linger, pollfd, epoll event, msghdr, cmsg, gre.
    Struct(Vec<Member>),
    /// `htons(8080)`, `inet_addr("1.2.3.4")`, `inet6_addr("::1")`
    Call(String, Vec<Expr>),
    /// `192.0.2.1` or `fd00::1` written bare.
    Addr(IpAddr),
    /// `(label 1, tc 2, S, ttl 3)` stack of a MPLS socket option.
    Mpls(Vec<MplsLabel>),
    /// A GRE struct.
    Gre(GreSpec),
}

/// A member of a struct form.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// `fd`, `events`, `cmsg_level`, `msg_iov`, `TCP_NLA_…`; [`None`] for a bare value (`{..., 100}`).
    pub name: Option<Spanned<String>>,
    /// The parenthesised argument of `msg_name(...)=…` and `msg_iov(1)=…`.
    pub arg: Option<Box<Expr>>,
    /// The value.
    pub value: Expr,
}
