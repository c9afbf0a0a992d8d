//! Descriptor labels: used after they were made, not after they were closed, not made twice.

use std::collections::BTreeMap;

use crate::script::ast::{
    EventKind, Expr, ExprKind, Script, StateAssertion, StateSubject, SyscallSpec,
};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Span;

use super::calls::signature;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Open,
    Closed,
}

pub(super) fn check(script: &Script, found: &mut Vec<Diagnostic>) {
    let mut labels = Labels { known: BTreeMap::new(), found };
    for event in &script.events {
        match &event.kind {
            EventKind::Syscall(call) => labels.call(call),
            EventKind::State(assertion) => labels.state(assertion),
            EventKind::Packet(_) | EventKind::Command(_) | EventKind::Code(_) => {}
        }
    }
}

struct Labels<'f> {
    known: BTreeMap<i64, Label>,
    found: &'f mut Vec<Diagnostic>,
}

impl Labels<'_> {
    fn call(&mut self, call: &SyscallSpec) {
        let Some(signature) = signature(&call.name.node) else { return };
        let positions = signature.fds.iter();
        positions.filter_map(|at| call.args.get(*at)).for_each(|arg| self.used(arg));
        if signature.name == "poll" {
            self.polled(call);
        }
        let succeeds = integer(&call.result).filter(|result| *result >= 0);
        let Some(result) = succeeds else { return };
        match (signature.name, call.args.first()) {
            ("close", Some(fd)) => {
                if let Some(fd) = integer(fd) {
                    self.known.insert(fd, Label::Closed);
                }
            }
            ("pipe", Some(Expr { kind: ExprKind::List(ends), .. })) => {
                let labels = ends.iter().filter_map(|end| Some((integer(end)?, end.span)));
                labels.for_each(|(label, span)| self.made(label, span));
            }
            ("accept", _) => self.accepted(result, call.result.span),
            _ if signature.opens => self.made(result, call.result.span),
            _ => {}
        }
    }

    fn polled(&mut self, call: &SyscallSpec) {
        let Some(ExprKind::List(entries)) = call.args.first().map(|arg| &arg.kind) else { return };
        for entry in entries {
            let ExprKind::Struct(members) = &entry.kind else { continue };
            let is_fd = |name: &str| name == "fd";
            let fds = members
                .iter()
                .filter(|member| member.name.as_ref().is_some_and(|name| is_fd(&name.node)));
            fds.for_each(|member| self.used(&member.value));
        }
    }

    /// The state of a closed descriptor's connection can still be asked for.
    fn state(&mut self, assertion: &StateAssertion) {
        match &assertion.subject {
            StateSubject::Fd(fd) if !self.known.contains_key(&fd.node) => {
                self.unknown(fd.node, fd.span);
            }
            StateSubject::Fd(_) | StateSubject::Ports(_) => {}
        }
    }

    fn used(&mut self, arg: &Expr) {
        let Some(fd) = integer(arg) else { return };
        match self.known.get(&fd) {
            Some(Label::Open) => {}
            Some(Label::Closed) => {
                let message = format!("descriptor {fd} is closed");
                self.found.push(Diagnostic::error("check::closed-fd", arg.span, message));
            }
            None => self.unknown(fd, arg.span),
        }
    }

    fn unknown(&mut self, fd: i64, span: Span) {
        let message = format!("no call before this one gives descriptor {fd}");
        self.found.push(
            Diagnostic::error("check::unknown-fd", span, message)
                .with_help("descriptors are labels: the number a call is said to return"),
        );
    }

    /// packetdrill lets an accepted connection take over a label in use.
    fn accepted(&mut self, label: i64, span: Span) {
        if self.known.insert(label, Label::Open) == Some(Label::Open) {
            let message =
                format!("descriptor {label} is open already, and means this one from here");
            self.found.push(Diagnostic::warning("check::reused-fd", span, message));
        }
    }

    fn made(&mut self, label: i64, span: Span) {
        if self.known.insert(label, Label::Open) == Some(Label::Open) {
            let message = format!("descriptor {label} is open already");
            self.found.push(Diagnostic::error("check::duplicate-fd", span, message));
        }
    }
}

fn integer(expr: &Expr) -> Option<i64> {
    if let ExprKind::Int(value) = expr.kind { Some(value) } else { None }
}
