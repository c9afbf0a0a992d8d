//! Arguments: expressions evaluated to integers, strings, descriptors and buffers.

use crate::config::Config;
use crate::script::ast::{Expr, ExprKind, Member, SyscallSpec};
use crate::script::source::Span;
use crate::script::{strings, symbols};
use crate::target::syscall::{Buffer, SockAddr};
use crate::target::{Fd, IpVersion};

use super::super::descriptors::Descriptors;
use super::super::flow::Connections;
use super::super::packets::Problem;
use super::{Expect, content};

/// What argument evaluation may look at.
pub(crate) struct Scope<'a> {
    /// Addresses, ports, IP version.
    pub(crate) config: &'a Config,
    /// Labels.
    pub(crate) descriptors: &'a Descriptors,
    /// Bind and connect addresses.
    pub(crate) connections: &'a Connections,
}

/// The arguments of one call line.
pub(super) struct Args<'a> {
    pub(super) spec: &'a SyscallSpec,
    pub(super) scope: &'a Scope<'a>,
}

impl<'a> Args<'a> {
    /// Exactly one of `counts` arguments are written.
    pub(super) fn expect_count(&self, counts: &[usize]) -> Result<(), Problem> {
        let have = self.spec.args.len();
        if counts.contains(&have) {
            return Ok(());
        }
        let wanted: Vec<String> = counts.iter().map(ToString::to_string).collect();
        let name = &self.spec.name.node;
        let message = format!("{name} takes {} arguments, {have} are written", wanted.join(" or "));
        Err((self.spec.span, message))
    }

    /// Argument number `at`, from 0.
    pub(super) fn get(&self, at: usize) -> Result<&'a Expr, Problem> {
        self.spec.args.get(at).ok_or_else(|| {
            (self.spec.span, format!("{} lacks argument {}", self.spec.name.node, at + 1))
        })
    }

    /// An integer.
    pub(super) fn int(&self, at: usize) -> Result<i64, Problem> {
        int(self.get(at)?)
    }

    /// A 32-bit integer; as in C, `0xffffffff` is -1.
    pub(super) fn i32(&self, at: usize) -> Result<i32, Problem> {
        i32_of(self.get(at)?)
    }

    /// A length or count.
    pub(super) fn len(&self, at: usize) -> Result<usize, Problem> {
        len_of(self.get(at)?)
    }

    /// `[n]`
    pub(super) fn bracketed(&self, at: usize) -> Result<i64, Problem> {
        let expr = self.get(at)?;
        match list(expr)? {
            [one] => int(one),
            _ => Err((expr.span, "one value in brackets is expected".into())),
        }
    }

    /// The label and the live descriptor of argument `at`.
    pub(super) fn labelled(&self, at: usize) -> Result<(i64, Fd), Problem> {
        let expr = self.get(at)?;
        let label = int(expr)?;
        Ok((label, self.live(label, expr.span)?))
    }

    /// A descriptor argument. `-1` and other negative numbers are passed on as they are.
    pub(super) fn fd(&self, at: usize) -> Result<Fd, Problem> {
        self.labelled(at).map(|(_, fd)| fd)
    }

    /// The live descriptor of `label`.
    pub(super) fn live(&self, label: i64, span: Span) -> Result<Fd, Problem> {
        if label < 0 {
            return Ok(Fd(-1));
        }
        self.scope.descriptors.live(label).map_err(|message| (span, message))
    }

    /// What argument `at` says is sent, as many bytes as argument `len_at` says.
    pub(super) fn buffer(&self, at: usize, len_at: usize) -> Result<Buffer, Problem> {
        content::sent(self.get(at)?, self.len(len_at)?)
    }

    /// Room of as many bytes as argument `len_at` says, and what argument `at` says comes there.
    pub(super) fn room(&self, at: usize, len_at: usize) -> Result<(Buffer, Expect), Problem> {
        let (buffer, expected) = content::received(self.get(at)?, self.len(len_at)?, 0)?;
        let expect = expected.map_or(Expect::Nothing, |one| Expect::Content(vec![one]));
        Ok((buffer, expect))
    }

    /// A vector of `have` buffers is as long as argument `count_at` says.
    pub(super) fn vector_count(&self, have: usize, count_at: usize) -> Result<(), Problem> {
        let count = self.len(count_at)?;
        if have == count {
            return Ok(());
        }
        let span = self.get(count_at)?.span;
        Err((span, format!("{have} buffers are written, the count is {count}")))
    }

    /// `...` and `...`: the address of connect() or sendto(); `AF_X, ...`: only the family.
    pub(super) fn remote_address(&self, at: usize) -> Result<SockAddr, Problem> {
        let expr = self.get(at)?;
        if matches!(expr.kind, ExprKind::Ellipsis) {
            return Ok(self.socket_address(self.scope.connections.connect_address()));
        }
        let family = int(expr)?;
        u16::try_from(family)
            .map(SockAddr::Family)
            .map_err(|_| (expr.span, format!("{family} is no address family")))
    }

    /// The address in the form the socket's domain wants.
    pub(super) fn socket_address(&self, addr: std::net::SocketAddr) -> SockAddr {
        let ip = match (self.scope.config.setup.ip_version, addr.ip()) {
            (IpVersion::Ipv4Mapped, std::net::IpAddr::V4(v4)) => v4.to_ipv6_mapped().into(),
            (IpVersion::Ipv4 | IpVersion::Ipv4Mapped | IpVersion::Ipv6, ip) => ip,
        };
        SockAddr::Inet(std::net::SocketAddr::new(ip, addr.port()))
    }

    /// `...` must be written.
    pub(super) fn ellipsis(&self, at: usize) -> Result<(), Problem> {
        let expr = self.get(at)?;
        if matches!(expr.kind, ExprKind::Ellipsis) {
            Ok(())
        } else {
            Err((expr.span, "only ... can be written here".into()))
        }
    }
}

/// An integer expression: numbers, symbols, `|`, `htons`, `inet_addr`.
pub(super) fn int(expr: &Expr) -> Result<i64, Problem> {
    match &expr.kind {
        ExprKind::Int(n) => Ok(*n),
        ExprKind::Symbol(name) => {
            symbols::lookup(name).ok_or_else(|| (expr.span, format!("unknown symbol {name}")))
        }
        ExprKind::Or(a, b) => Ok(int(a)? | int(b)?),
        ExprKind::Call(name, args) => call(name, args, expr.span),
        ExprKind::Ellipsis
        | ExprKind::Any
        | ExprKind::Str(_)
        | ExprKind::Repeated(_)
        | ExprKind::Given(_)
        | ExprKind::Used(_)
        | ExprKind::List(_)
        | ExprKind::Struct(_)
        | ExprKind::Addr(_)
        | ExprKind::Mpls(_)
        | ExprKind::Gre(_) => Err((expr.span, "an integer is expected".into())),
    }
}

fn call(name: &str, args: &[Expr], span: Span) -> Result<i64, Problem> {
    match (name, args) {
        ("htons", [port]) => {
            let port = int(port)?;
            let port = u16::try_from(port).map_err(|_| (span, format!("{port} is no port")))?;
            Ok(i64::from(port.to_be()))
        }
        ("inet_addr", [Expr { kind: ExprKind::Str(text), .. }]) => text
            .parse::<std::net::Ipv4Addr>()
            .map(|addr| i64::from(u32::from_ne_bytes(addr.octets())))
            .map_err(|_| (span, format!("{text} is no IPv4 address"))),
        _ => Err((span, format!("{name}(…) cannot be used here"))),
    }
}

pub(super) fn i32_of(expr: &Expr) -> Result<i32, Problem> {
    let n = int(expr)?;
    i32::try_from(n)
        .or_else(|_| u32::try_from(n).map(u32::cast_signed))
        .map_err(|_| (expr.span, format!("{n} does not fit 32 bits")))
}

pub(super) fn len_of(expr: &Expr) -> Result<usize, Problem> {
    let n = int(expr)?;
    // A length is a size_t: -1 is as large as can be, which no buffer is.
    usize::try_from(n).map_err(|_| (expr.span, format!("{n} is no length")))
}

pub(super) fn list(expr: &Expr) -> Result<&[Expr], Problem> {
    let ExprKind::List(items) = &expr.kind else {
        return Err((expr.span, "a list in brackets is expected".into()));
    };
    Ok(items)
}

pub(super) fn members(expr: &Expr) -> Result<&[Member], Problem> {
    let ExprKind::Struct(members) = &expr.kind else {
        return Err((expr.span, "a structure in braces is expected".into()));
    };
    Ok(members)
}

/// The member called `name`.
pub(super) fn member<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|m| m.name.as_ref().is_some_and(|n| n.node == name))
}

/// The value of a member that must be there.
pub(super) fn required<'a>(
    members: &'a [Member],
    name: &str,
    span: Span,
) -> Result<&'a Expr, Problem> {
    member(members, name)
        .map(|m| &m.value)
        .ok_or_else(|| (span, format!("the member {name} is missing")))
}

/// The bytes of a string literal.
pub(super) fn bytes_of(text: &str, span: Span) -> Result<Vec<u8>, Problem> {
    strings::unescape(text).map_err(|why| (span, why.to_string()))
}
