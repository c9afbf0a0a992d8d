//! Names given to what the target chose: used after they were given, given once, and as what they
//! are; and texts as long as their calls say.

use std::collections::BTreeMap;

use crate::script::ast::{
    Event, EventKind, Expr, ExprKind, PacketSpec, Part, Role, Script, SyscallSpec,
};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};
use crate::script::symbols::closest_of;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Bytes,
    Port,
    Timestamp,
}

impl Kind {
    const fn of(part: Part) -> Self {
        match part {
            Part::SrcPort | Part::DstPort => Self::Port,
            Part::TsVal | Part::TsEcr => Self::Timestamp,
            Part::Cookie => Self::Bytes,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Bytes => "bytes",
            Self::Port => "a port",
            Self::Timestamp => "a timestamp",
        }
    }
}

/// Calls with a buffer, which argument it is, and whether the bytes of it are the target's.
const BUFFERS: [(&str, usize, bool); 9] = [
    ("getsockopt", 3, true),
    ("read", 1, true),
    ("recv", 1, true),
    ("recvfrom", 1, true),
    ("send", 1, false),
    ("sendto", 1, false),
    ("setsockopt", 3, false),
    ("write", 1, false),
    ("open", 0, false),
];

/// Calls that write a number through a pointer, and which argument that is.
const POINTERS: [(&str, usize); 2] = [("getsockopt", 3), ("ioctl", 2)];

pub(super) fn check(script: &Script, found: &mut Vec<Diagnostic>) {
    let mut names = Names { given: BTreeMap::new(), found };
    for Event { kind, .. } in &script.events {
        match kind {
            EventKind::Packet(packet) => names.packet(packet),
            EventKind::Syscall(call) => names.call(call),
            EventKind::Command(_) | EventKind::Code(_) | EventKind::State(_) => {}
        }
    }
}

struct Names<'f> {
    given: BTreeMap<String, (Kind, Span)>,
    found: &'f mut Vec<Diagnostic>,
}

impl Names<'_> {
    fn packet(&mut self, packet: &PacketSpec) {
        for named in packet.names.iter().filter(|named| named.role == Role::Used) {
            self.used(&named.name, &[Kind::of(named.part)]);
        }
        for named in packet.names.iter().filter(|named| named.role == Role::Given) {
            self.give(&named.name.node, Kind::of(named.part), named.name.span);
        }
    }

    fn call(&mut self, call: &SyscallSpec) {
        let name = call.name.node.as_str();
        let buffer = BUFFERS.iter().find(|(known, ..)| *known == name);
        for (at, arg) in call.args.iter().enumerate() {
            let is_buffer = buffer.is_some_and(|(_, index, _)| *index == at);
            self.uses(arg, is_buffer);
            text_length(call, at, arg, self.found);
        }
        self.uses(&call.result, false);
        for (at, arg) in call.args.iter().enumerate() {
            let written = buffer.is_some_and(|&(_, index, of_target)| index == at && of_target);
            if let (ExprKind::Given(given), true) = (&arg.kind, written) {
                self.give(given, Kind::Bytes, arg.span);
            } else if let Some((given, span)) = arg.pointed_at()
                && POINTERS.contains(&(name, at))
            {
                self.give(given, Kind::Number, span);
            } else {
                self.misplaced(arg);
            }
        }
        if let ExprKind::Given(given) = &call.result.kind {
            self.give(given, Kind::Number, call.result.span);
        }
    }

    /// A name may be given in other rows of a loop, too.
    fn give(&mut self, name: &str, kind: Kind, span: Span) {
        let before = self.given.insert(name.to_owned(), (kind, span));
        let Some((_, before)) = before else { return };
        if before.row == 0 || before.row == span.row {
            let message = format!("`{name}` was given to something else before");
            self.found.push(Diagnostic::error("check::name-given", span, message));
        }
    }

    fn used(&mut self, name: &Spanned<String>, kinds: &[Kind]) {
        let Spanned { node: name, span } = name;
        let Some((kind, _)) = self.given.get(name) else {
            let message = format!("nothing before has the name `{name}`");
            let wrong = Diagnostic::error("check::unknown-name", *span, message);
            let near = self.given.keys().map(String::as_str);
            let help = match closest_of(name, near) {
                Some(near) => format!("did you mean `${near}`?"),
                None => format!("`* as {name}` gives it, where the target chooses a value"),
            };
            return self.found.push(wrong.with_help(help));
        };
        if !kinds.contains(kind) {
            let needed: Vec<&str> = kinds.iter().map(|kind| kind.text()).collect();
            let message = format!("`{name}` is {}, not {}", kind.text(), needed.join(" or "));
            self.found.push(Diagnostic::error("check::name-kind", *span, message));
        }
    }

    fn uses(&mut self, expr: &Expr, is_buffer: bool) {
        if let ExprKind::Used(name) = &expr.kind {
            let kinds: &[Kind] =
                if is_buffer { &[Kind::Bytes, Kind::Number] } else { &[Kind::Number] };
            self.used(&Spanned::new(name.clone(), expr.span), kinds);
        } else if let ExprKind::Struct(members) = &expr.kind {
            for member in members {
                // The base of an iovec.
                self.uses(&member.value, member.name.is_none());
            }
        } else {
            expr.children().for_each(|child| self.uses(child, false));
        }
    }

    /// A name given where no call writes anything that could have it.
    fn misplaced(&mut self, expr: &Expr) {
        if expr.any(&|expr| matches!(expr.kind, ExprKind::Given(_))) {
            let message = "nothing that could have a name is written here";
            self.found.push(Diagnostic::error("check::name-kind", expr.span, message));
        }
    }
}

/// `write(3, "hello", 9)` would send what is behind the text; `read(3, "hello", 4)` cannot get it.
fn text_length(call: &SyscallSpec, at: usize, arg: &Expr, found: &mut Vec<Diagnostic>) {
    let receives = match call.name.node.as_str() {
        "read" | "recv" | "recvfrom" => true,
        "write" | "send" | "sendto" => false,
        _ => return,
    };
    let text = arg.text().and_then(Result::ok);
    let (1, Some(text), Some(ExprKind::Int(len))) = (at, text, call.args.get(2).map(|e| &e.kind))
    else {
        return;
    };
    let Ok(len) = usize::try_from(*len) else { return };
    let have = text.len();
    let message = if receives && have > len {
        format!("the text has {have} bytes, there is room for {len}")
    } else if !receives && have < len {
        format!("the text has {have} bytes, {len} are to be sent")
    } else {
        return;
    };
    found.push(Diagnostic::error("check::text-length", arg.span, message));
}
