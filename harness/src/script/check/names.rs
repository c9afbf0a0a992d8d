//! Symbols, error names, states.

use crate::script::ast::{EventKind, Expr, ExprKind, Script, SyscallSpec};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Span;
use crate::script::symbols::{closest, errno_from_name, is_freebsd_only, lookup};

use super::CheckOptions;

/// Beginnings of the families of constants: a name that starts like one and is unknown cannot be
/// meant to be defined by the user.
const FAMILIES: [&str; 24] = [
    "AF_", "CAP_", "EPOLL", "F_", "IPPROTO_", "IPTOS_", "IPV6_", "IP_", "MSG_", "O_", "PF_",
    "POLL", "SCM_", "SHUT_", "SIOC", "SOCK_", "SOF_", "SOL_", "SO_", "SPLICE_", "TCPI_", "TCP_",
    "TCPTV_", "FIO",
];

/// States a socket can be asserted to be in.
const STATES: [&str; 13] = [
    "TCP_BOUND_INACTIVE",
    "TCP_CLOSE",
    "TCP_CLOSE_WAIT",
    "TCP_CLOSING",
    "TCP_ESTABLISHED",
    "TCP_FIN_WAIT1",
    "TCP_FIN_WAIT2",
    "TCP_LAST_ACK",
    "TCP_LISTEN",
    "TCP_NEW_SYN_RECV",
    "TCP_SYN_RECV",
    "TCP_SYN_SENT",
    "TCP_TIME_WAIT",
];

pub(super) fn check(script: &Script, with: &CheckOptions, found: &mut Vec<Diagnostic>) {
    for event in &script.events {
        match &event.kind {
            EventKind::Syscall(call) => syscall(call, with, found),
            EventKind::State(assertion) if !STATES.contains(&assertion.state.node.as_str()) => {
                let message = format!("`{}` is no TCP state", assertion.state.node);
                let help = format!("one of {}", STATES.join(", "));
                let span = assertion.state.span;
                found
                    .push(Diagnostic::error("check::unknown-state", span, message).with_help(help));
            }
            EventKind::State(_)
            | EventKind::Packet(_)
            | EventKind::Command(_)
            | EventKind::Code(_) => {}
        }
    }
}

fn syscall(call: &SyscallSpec, with: &CheckOptions, found: &mut Vec<Diagnostic>) {
    for expr in call.args.iter().chain([&call.result]) {
        expression(expr, with, found);
    }
    if let Some(errno) = &call.errno
        && errno_from_name(&errno.node).is_none()
        && !is_freebsd_only(&errno.node)
    {
        let message = format!("unknown error name `{}`", errno.node);
        found.push(suggest(
            Diagnostic::error("check::unknown-errno", errno.span, message),
            &errno.node,
        ));
    }
}

fn expression(expr: &Expr, with: &CheckOptions, found: &mut Vec<Diagnostic>) {
    if let ExprKind::Symbol(name) = &expr.kind {
        symbol(name, expr.span, with, found);
    } else if let ExprKind::Struct(members) = &expr.kind {
        for member in members {
            if let Some(name) = &member.name
                && name.node.starts_with("TCP_NLA_")
            {
                symbol(&name.node, name.span, with, found);
            }
            expression(&member.value, with, found);
        }
    } else {
        expr.children().for_each(|child| expression(child, with, found));
    }
}

fn symbol(name: &str, span: Span, with: &CheckOptions, found: &mut Vec<Diagnostic>) {
    if lookup(name).is_some() || is_freebsd_only(name) {
        return;
    }
    let message = format!("unknown symbol `{name}`");
    let is_error_name = name.starts_with('E') && !name.contains('_');
    if is_error_name || FAMILIES.iter().any(|family| name.starts_with(family)) {
        found.push(suggest(Diagnostic::error("check::unknown-symbol", span, message), name));
        return;
    }
    let known: Vec<&str> = with.defines.keys().map(String::as_str).collect();
    let mut help = format!("if it is to be defined from outside: -D {name}=value");
    if !known.is_empty() {
        help.push_str(&format!(" (defined are {})", known.join(", ")));
    }
    found.push(Diagnostic::warning("check::unknown-symbol", span, message).with_help(help));
}

fn suggest(diagnostic: Diagnostic, name: &str) -> Diagnostic {
    match closest(name) {
        Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
