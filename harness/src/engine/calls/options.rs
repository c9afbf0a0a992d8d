//! fcntl, ioctl, getsockopt, setsockopt, cap_set.

use std::net::Ipv6Addr;

use crate::script::ast::{Expr, ExprKind, GreSpec, Member, MplsLabel};
use crate::target::Syscall;

use super::super::packets::Problem;
use super::args::{self, Args};
use super::{Expect, Made, Prepared, content, md5sig};

pub(super) fn fcntl(args: &Args<'_>) -> Made {
    args.expect_count(&[2, 3])?;
    let arg = if args.spec.args.len() == 3 { Some(args.int(2)?) } else { None };
    Ok(Prepared::plain(Syscall::Fcntl { fd: args.fd(0)?, cmd: args.i32(1)?, arg }))
}

pub(super) fn ioctl(args: &Args<'_>) -> Made {
    args.expect_count(&[2, 3])?;
    let fd = args.fd(0)?;
    let request = u64::from(args.i32(1)?.cast_unsigned());
    if args.spec.args.len() == 2 {
        return Ok(Prepared::plain(Syscall::Ioctl { fd, request, arg: None }));
    }
    let expr = args.get(2)?;
    let expected = match args::list(expr)? {
        [one] if is_open(one) => None,
        [one] => Some(args::i32_of(one)?),
        _ => return Err((expr.span, "one value in brackets is expected".into())),
    };
    let expect = expected.map_or(Expect::Nothing, |value| Expect::Int(value, expr.span));
    Ok(Prepared::plain(Syscall::Ioctl { fd, request, arg: Some(0) }).expecting(expect))
}

pub(super) fn getsockopt(args: &Args<'_>) -> Made {
    args.expect_count(&[5])?;
    let len = args.bracketed(4)?;
    let at = args.get(4)?.span;
    let len = u32::try_from(len).map_err(|_| (at, format!("{len} is no option length")))?;
    let value = args.get(3)?;
    let open = |expr: &Expr| matches!(args::list(expr), Ok([one]) if is_open(one));
    let bytes = if is_open(value) || open(value) { None } else { Some(value_bytes(value, args)?) };
    let (fd, level, name) = (args.fd(0)?, args.i32(1)?, args.i32(2)?);
    let expect = Expect::OptVal { bytes, len: len as usize, span: value.span };
    Ok(Prepared::plain(Syscall::Getsockopt { fd, level, name, len }).expecting(expect))
}

/// Whatever comes is right.
fn is_open(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Ellipsis | ExprKind::Any | ExprKind::Given(_))
}

pub(super) fn setsockopt(args: &Args<'_>) -> Made {
    args.expect_count(&[5])?;
    let value = value_bytes(args.get(3)?, args)?;
    let len = args.i32(4)?.cast_unsigned();
    let (fd, level, name) = (args.fd(0)?, args.i32(1)?, args.i32(2)?);
    Ok(Prepared::plain(Syscall::Setsockopt { fd, level, name, value, len }))
}

/// The C bytes of an option value.
fn value_bytes(expr: &Expr, args: &Args<'_>) -> Result<Vec<u8>, Problem> {
    match &expr.kind {
        ExprKind::List(items) => {
            let mut bytes = Vec::with_capacity(4 * items.len());
            for item in items {
                bytes.extend(args::i32_of(item)?.to_ne_bytes());
            }
            Ok(bytes)
        }
        ExprKind::Str(text) => args::bytes_of(text, expr.span),
        ExprKind::Repeated(text) => content::repeated(text, expr.span),
        ExprKind::Struct(members) if args::member(members, "tcpm_addr").is_some() => {
            md5sig::bytes(members, expr.span, args)
        }
        ExprKind::Struct(members) => linger_bytes(members, expr),
        ExprKind::Gre(gre) => Ok(gre_bytes(gre)),
        ExprKind::Mpls(stack) => Ok(stack.iter().flat_map(mpls_bytes).collect()),
        ExprKind::Call(name, call_args) if name == "inet6_addr" => match call_args.as_slice() {
            [Expr { kind: ExprKind::Str(text), span }] => text
                .parse::<Ipv6Addr>()
                .map(|addr| addr.octets().to_vec())
                .map_err(|_| (*span, format!("{text} is no IPv6 address"))),
            _ => Err((expr.span, "inet6_addr takes one address in quotes".into())),
        },
        ExprKind::Ellipsis
        | ExprKind::Any
        | ExprKind::Int(_)
        | ExprKind::Symbol(_)
        | ExprKind::Given(_)
        | ExprKind::Used(_)
        | ExprKind::Or(..)
        | ExprKind::Call(..)
        | ExprKind::Addr(_) => Ok(args::i32_of(expr)?.to_ne_bytes().to_vec()),
    }
}

/// `struct linger`
fn linger_bytes(members: &[Member], expr: &Expr) -> Result<Vec<u8>, Problem> {
    let onoff = args::i32_of(args::required(members, "onoff", expr.span)?)?;
    let linger = args::i32_of(args::required(members, "linger", expr.span)?)?;
    Ok([onoff.to_ne_bytes(), linger.to_ne_bytes()].concat())
}

/// Fixed slots: flags, protocol, sum, off, key, seq, all in network order.
fn gre_bytes(gre: &GreSpec) -> Vec<u8> {
    let mut bytes = gre.flags.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(gre.sum.to_be_bytes());
    bytes.extend(gre.off.to_be_bytes());
    bytes.extend(gre.key.to_be_bytes());
    bytes.extend(gre.seq.to_be_bytes());
    bytes
}

fn mpls_bytes(entry: &MplsLabel) -> [u8; 4] {
    let bottom = u32::from(entry.bottom) << 8;
    (entry.label << 12 | u32::from(entry.tc) << 9 | bottom | u32::from(entry.ttl)).to_be_bytes()
}

pub(super) fn cap_set(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let (which, cap) = (args.i32(0)?, args.i32(1)?);
    // CAP_SET is 1, CAP_CLEAR is 0.
    let set = args.i32(2)? != 0;
    Ok(Prepared::plain(Syscall::CapSet { which, cap, set }))
}
