//! System calls: known names, argument counts, vectors as long as they say, strings that mean
//! something.

use crate::script::ast::{EventKind, Expr, ExprKind, Script, SyscallSpec, Text};
use crate::script::diagnostic::Diagnostic;
use crate::script::strings::{has_form_feed_quirk, unescape};
use crate::script::symbols::closest_of;

/// A call that scripts can make.
pub(super) struct Signature {
    pub(super) name: &'static str,
    /// Least and most arguments.
    args: (usize, usize),
    /// Arguments that are descriptors.
    pub(super) fds: &'static [usize],
    /// A result that is not negative is a new descriptor.
    pub(super) opens: bool,
}

const fn plain(name: &'static str, args: usize) -> Signature {
    Signature { name, args: (args, args), fds: &[], opens: false }
}

const fn on_fd(name: &'static str, least: usize, most: usize) -> Signature {
    Signature { name, args: (least, most), fds: &[0], opens: false }
}

const fn opening(name: &'static str, args: usize, fds: &'static [usize]) -> Signature {
    Signature { name, args: (args, args), fds, opens: true }
}

const fn between(name: &'static str, args: usize, fds: &'static [usize]) -> Signature {
    Signature { name, args: (args, args), fds, opens: false }
}

const SIGNATURES: [Signature; 33] = [
    opening("accept", 3, &[0]),
    on_fd("bind", 3, 3),
    plain("cap_set", 3),
    on_fd("close", 1, 1),
    on_fd("connect", 3, 3),
    opening("epoll_create", 1, &[]),
    between("epoll_ctl", 4, &[0, 2]),
    on_fd("epoll_wait", 4, 4),
    on_fd("fcntl", 2, 3),
    on_fd("getsockopt", 5, 5),
    on_fd("interrupt", 2, 2),
    on_fd("ioctl", 2, 3),
    on_fd("listen", 2, 2),
    opening("open", 2, &[]),
    plain("pipe", 1),
    plain("poll", 3),
    on_fd("psp_rx_assoc", 2, 2),
    on_fd("psp_tx_assoc", 2, 2),
    on_fd("read", 3, 3),
    on_fd("readv", 3, 3),
    on_fd("recv", 4, 4),
    on_fd("recvfrom", 6, 6),
    on_fd("recvmsg", 3, 3),
    on_fd("send", 4, 4),
    between("sendfile", 4, &[0, 1]),
    on_fd("sendmsg", 3, 3),
    on_fd("sendto", 6, 6),
    on_fd("setsockopt", 5, 5),
    on_fd("shutdown", 2, 2),
    opening("socket", 3, &[]),
    between("splice", 6, &[0, 2]),
    on_fd("write", 3, 3),
    on_fd("writev", 3, 3),
];

/// The call of that name, if scripts can make it.
pub(super) fn signature(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|known| known.name == name)
}

/// A call of that name returns a new descriptor.
pub(crate) fn opens_descriptor(name: &str) -> bool {
    signature(name).is_some_and(|signature| signature.opens)
}

/// The system calls of a script.
pub(super) fn syscalls(script: &Script) -> impl Iterator<Item = &SyscallSpec> {
    script.events.iter().filter_map(|event| match &event.kind {
        EventKind::Syscall(call) => Some(call.as_ref()),
        EventKind::Packet(_) | EventKind::Command(_) | EventKind::Code(_) | EventKind::State(_) => {
            None
        }
    })
}

pub(super) fn check(script: &Script, found: &mut Vec<Diagnostic>) {
    for call in syscalls(script) {
        counts(call, found);
        vectors(call, found);
        call.args.iter().for_each(|arg| strings(arg, found));
    }
}

fn counts(call: &SyscallSpec, found: &mut Vec<Diagnostic>) {
    let Some(signature) = signature(&call.name.node) else {
        let message = format!("unknown system call `{}`", call.name.node);
        let wrong = Diagnostic::error("check::unknown-syscall", call.name.span, message);
        let near = closest_of(&call.name.node, SIGNATURES.iter().map(|known| known.name));
        found.push(match near {
            Some(near) => wrong.with_help(format!("did you mean `{near}`?")),
            None => wrong,
        });
        return;
    };
    let (least, most) = signature.args;
    if (least..=most).contains(&call.args.len()) {
        return;
    }
    let needed = if least == most { least.to_string() } else { format!("{least} or {most}") };
    let message =
        format!("`{}` has {needed} arguments here, not {}", signature.name, call.args.len());
    found.push(Diagnostic::error("check::argument-count", call.name.span, message));
}

/// `readv(3, [{...,1}], 1)`, `msg_iov(1)=[{...,1}]`: the number and the list must agree.
fn vectors(call: &SyscallSpec, found: &mut Vec<Diagnostic>) {
    match (call.name.node.as_str(), call.args.as_slice()) {
        ("readv" | "writev", [_, vector, count]) => agree(vector, count, found),
        ("sendmsg" | "recvmsg", [_, message, _]) => {
            let ExprKind::Struct(members) = &message.kind else { return };
            let named = |name: &str| {
                let is = |member: &&crate::script::ast::Member| {
                    member.name.as_ref().is_some_and(|known| known.node == name)
                };
                members.iter().find(is)
            };
            if let Some(iov) = named("msg_iov")
                && let Some(count) = &iov.arg
            {
                agree(&iov.value, count, found);
            }
        }
        _ => {}
    }
}

fn agree(vector: &Expr, count: &Expr, found: &mut Vec<Diagnostic>) {
    let (ExprKind::List(items), ExprKind::Int(count_value)) = (&vector.kind, &count.kind) else {
        return;
    };
    if usize::try_from(*count_value) != Ok(items.len()) {
        let message = format!("the vector has {} entries, not {count_value}", items.len());
        found.push(Diagnostic::error("check::vector-length", count.span, message));
    }
}

fn strings(expr: &Expr, found: &mut Vec<Diagnostic>) {
    if let ExprKind::Str(raw) | ExprKind::Repeated(Text { raw, .. }) = &expr.kind {
        if let Err(error) = unescape(raw) {
            let message = error.to_string();
            found.push(Diagnostic::error("check::bad-escape", expr.span, message));
        } else if has_form_feed_quirk(raw) {
            found.push(
                Diagnostic::warning(
                    "check::form-feed",
                    expr.span,
                    "`\\\\` and `\\\"` stand for a form feed, as in packetdrill",
                )
                .with_help("write \\x5c for a backslash, \\x22 for a quote"),
            );
        }
    }
    expr.children().for_each(|child| strings(child, found));
}
