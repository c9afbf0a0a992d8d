//! System calls and expressions as text.

use crate::script::ast::{Expr, ExprKind, Member, SyscallSpec, Text};

use super::packet::{gre_text, mpls_text};

/// `accept(3, ..., ...) = -1 EAGAIN (Resource temporarily unavailable)`
#[must_use]
pub fn syscall_text(call: &SyscallSpec) -> String {
    let mut text = format!("{} = {}", call_text(call), expr_text(&call.result));
    if let Some(errno) = &call.errno {
        text.push(' ');
        text.push_str(&errno.node);
    }
    if let Some(note) = &call.note {
        text.push_str(" (");
        text.push_str(&note.node);
        text.push(')');
    }
    text
}

/// `accept(3, ..., ...)`
#[must_use]
pub fn call_text(call: &SyscallSpec) -> String {
    format!("{}({})", call.name.node, list(&call.args))
}

/// An expression as a script would have it.
#[must_use]
pub fn expr_text(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Ellipsis => "...".to_owned(),
        ExprKind::Any => "*".to_owned(),
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Symbol(name) => name.clone(),
        ExprKind::Str(text) => format!("\"{text}\""),
        ExprKind::Repeated(text) => quoted(text),
        ExprKind::Given(name) => format!("* as {name}"),
        ExprKind::Used(name) => format!("${name}"),
        ExprKind::Or(left, right) => format!("{}|{}", expr_text(left), expr_text(right)),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Struct(members) => {
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        ExprKind::Call(name, args) => format!("{name}({})", list(args)),
        ExprKind::Addr(address) => address.to_string(),
        ExprKind::Mpls(stack) => format!("{{{}}}", mpls_text(stack)),
        ExprKind::Gre(gre) => format!("{{{}}}", gre_text(gre)),
    }
}

/// `"ab"`, `"ab"*500`
pub(super) fn quoted(text: &Text) -> String {
    let times = if text.times == 1 { String::new() } else { format!("*{}", text.times) };
    format!("\"{}\"{times}", text.raw)
}

fn member(member: &Member) -> String {
    let value = expr_text(&member.value);
    let Some(name) = &member.name else { return value };
    match &member.arg {
        Some(arg) => format!("{}({})={value}", name.node, expr_text(arg)),
        None => format!("{}={value}", name.node),
    }
}

fn list(items: &[Expr]) -> String {
    items.iter().map(expr_text).collect::<Vec<_>>().join(", ")
}
