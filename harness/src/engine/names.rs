//! Names that a script gives to what the target chose: `* as NAME` gives one, `$NAME` has its value.
//!
//! A call or a packet with names is made anew with their values before anything looks at it; only
//! this file knows names. A port stands for its connection, so no number that the target drew gets
//! into the log.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::packet::{Packet, TcpOption, Transport};
use crate::script::ast::{
    Expr, ExprKind, Field, NamedPart, OptionsSpec, PacketBody, PacketSpec, Part, Ports, Role,
    SyscallSpec, TcpOptionSpec,
};
use crate::script::check::opens_descriptor;
use crate::script::source::{Span, Spanned};
use crate::target::{Output, Returned};

use super::mode::Mode;
use super::packets::Problem;

/// Labels of descriptors that have a name instead of a number: no script writes such numbers.
const FIRST_LABEL: i64 = 1_000_000;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A number, a descriptor's label, or a TS val in script numbers.
    Int(i64),
    /// A cookie, the value of an option, received data.
    Bytes(Vec<u8>),
    /// A port of the target, as on the wire.
    Port(u16),
}

/// The names given so far.
#[derive(Debug)]
pub(super) struct Names {
    values: BTreeMap<String, Value>,
    labels: i64,
    /// A name without a value is no mistake of the script: the target may not have come that far.
    forgiving: bool,
}

impl Names {
    /// None yet.
    pub(super) fn new(mode: Mode) -> Self {
        Self { values: BTreeMap::new(), labels: 0, forgiving: !mode.judges() }
    }

    /// `name` stands for `value` from here on.
    pub(super) fn give(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    fn value(&self, name: &str, span: Span) -> Result<Option<&Value>, Problem> {
        match self.values.get(name) {
            None if !self.forgiving => Err((span, format!("${name} was not given a value"))),
            value => Ok(value),
        }
    }

    // ---- calls -----------------------------------------------------------------------------

    /// The call with the values of its names. A descriptor that is to get a name gets a label.
    pub(super) fn in_call<'a>(
        &mut self,
        spec: &'a SyscallSpec,
    ) -> Result<Cow<'a, SyscallSpec>, Problem> {
        let new_label =
            matches!(spec.result.kind, ExprKind::Given(_)) && opens_descriptor(&spec.name.node);
        if !new_label && !spec.args.iter().chain([&spec.result]).any(has_name) {
            return Ok(Cow::Borrowed(spec));
        }
        let mut made = spec.clone();
        for expr in made.args.iter_mut().chain([&mut made.result]) {
            self.in_expr(expr)?;
        }
        if new_label {
            made.result.kind = ExprKind::Int(FIRST_LABEL + self.labels);
            self.labels += 1;
        }
        Ok(Cow::Owned(made))
    }

    fn in_expr(&self, expr: &mut Expr) -> Result<(), Problem> {
        let ExprKind::Used(name) = &expr.kind else {
            return expr.children_mut().try_for_each(|child| self.in_expr(child));
        };
        expr.kind = match self.value(name, expr.span)? {
            Some(Value::Int(value)) => ExprKind::Int(*value),
            Some(Value::Bytes(bytes)) => ExprKind::Str(escaped(bytes)),
            Some(Value::Port(_)) => {
                return Err((expr.span, format!("${name} is a port of a packet")));
            }
            None => ExprKind::Int(0),
        };
        Ok(())
    }

    /// Names that `written` gives to what the call returned; `made` is the call as it was made.
    pub(super) fn learn_call(
        &mut self,
        written: &SyscallSpec,
        made: &SyscallSpec,
        returned: &Returned,
    ) -> Result<(), Problem> {
        if let ExprKind::Given(name) = &written.result.kind {
            let label =
                if let ExprKind::Int(label) = made.result.kind { Some(label) } else { None };
            self.give(name, Value::Int(label.unwrap_or(returned.value)));
        }
        for arg in &written.args {
            if let (ExprKind::Given(name), Output::OptVal(bytes) | Output::Data(bytes)) =
                (&arg.kind, &returned.output)
            {
                self.give(name, Value::Bytes(bytes.clone()));
            } else if let Some((name, span)) = arg.pointed_at() {
                let problem = format!("what would be {name} is no number of 1, 4 or 8 bytes");
                let value = number(&returned.output).ok_or((span, problem))?;
                self.give(name, Value::Int(value));
            }
        }
        Ok(())
    }

    // ---- packets ---------------------------------------------------------------------------

    /// The packet with the values of its names, ports apart.
    pub(super) fn in_packet<'a>(
        &self,
        spec: &'a PacketSpec,
    ) -> Result<Cow<'a, PacketSpec>, Problem> {
        let mut made = Cow::Borrowed(spec);
        for NamedPart { part, name, .. } in used(spec) {
            let value = self.value(&name.node, name.span)?;
            if let PacketBody::Tcp(tcp) = &mut made.to_mut().body
                && let OptionsSpec::List(list, _) = &mut tcp.options
            {
                list.iter_mut().try_for_each(|option| in_option(option, *part, value, name))?;
            }
        }
        Ok(made)
    }

    /// The ports that a line names, with those of the target as on the wire.
    pub(super) fn ports(&self, spec: &PacketSpec) -> Result<Option<Ports>, Problem> {
        let PacketBody::Tcp(tcp) = &spec.body else { return Ok(None) };
        let Some(ports) = tcp.ports else { return Ok(None) };
        let mut ports = ports.node;
        for NamedPart { part, name, .. } in used(spec) {
            let port = match part {
                Part::SrcPort => &mut ports.src,
                Part::DstPort => &mut ports.dst,
                Part::TsVal | Part::TsEcr | Part::Cookie => continue,
            };
            match self.value(&name.node, name.span)? {
                Some(Value::Port(live)) => *port = *live,
                Some(Value::Int(_) | Value::Bytes(_)) => return Err(of_another_kind(name)),
                None => return Ok(None),
            }
        }
        Ok(Some(ports))
    }

    /// Names that `spec` gives to parts of `script`, which left from port `port`.
    pub(super) fn learn_packet(&mut self, spec: &PacketSpec, script: &Packet, port: u16) {
        let Transport::Tcp(tcp) = &script.transport else { return };
        for NamedPart { part, role, name } in &spec.names {
            let value = match (role, part) {
                (Role::Used, _) => None,
                (Role::Given, Part::SrcPort | Part::DstPort) => Some(Value::Port(port)),
                (Role::Given, Part::TsVal | Part::TsEcr | Part::Cookie) => {
                    tcp.options.iter().find_map(|option| of_option(option, *part))
                }
            };
            if let Some(value) = value {
                self.give(&name.node, value);
            }
        }
    }
}

fn used(spec: &PacketSpec) -> impl Iterator<Item = &NamedPart> {
    spec.names.iter().filter(|named| named.role == Role::Used)
}

/// What a name is given to, or is compared with one, differs from run to run: the log has zeros.
pub(super) fn hide_named(written: &SyscallSpec, output: &mut Output) {
    let named = |expr: &Expr| matches!(expr.kind, ExprKind::Given(_) | ExprKind::Used(_));
    let is_pointer = |arg: &Expr| matches!(arg.kind, ExprKind::List(_)) || named(arg);
    if !written.args.iter().any(|arg| is_pointer(arg) && arg.any(&named)) {
        return;
    }
    if let Output::OptVal(bytes) = output {
        bytes.fill(0);
    } else if let Output::Int(value) = output {
        *value = 0;
    }
}

fn has_name(expr: &Expr) -> bool {
    expr.any(&|expr| matches!(expr.kind, ExprKind::Used(_)))
}

fn in_option(
    option: &mut Spanned<TcpOptionSpec>,
    part: Part,
    value: Option<&Value>,
    name: &Spanned<String>,
) -> Result<(), Problem> {
    match (&mut option.node, part, value) {
        (TcpOptionSpec::Ts { ecr, .. }, Part::TsEcr, value) => match value {
            Some(Value::Int(number)) => {
                let number = u32::try_from(*number).map_err(|_| of_another_kind(name))?;
                *ecr = Field::Value(number);
                Ok(())
            }
            Some(Value::Bytes(_) | Value::Port(_)) => Err(of_another_kind(name)),
            None => Ok(()),
        },
        (TcpOptionSpec::Fastopen { cookie, .. }, Part::Cookie, value) => match value {
            Some(Value::Bytes(bytes)) => {
                *cookie = Some(bytes.clone());
                Ok(())
            }
            Some(Value::Int(_) | Value::Port(_)) => Err(of_another_kind(name)),
            None => Ok(()),
        },
        (_, _, _) => Ok(()),
    }
}

fn of_another_kind(name: &Spanned<String>) -> Problem {
    (name.span, format!("${} is of another kind than is needed here", name.node))
}

fn of_option(option: &TcpOption, part: Part) -> Option<Value> {
    if let (TcpOption::Ts { val, .. }, Part::TsVal) = (option, part) {
        return Some(Value::Int(i64::from(*val)));
    }
    if let (TcpOption::Fastopen { cookie, .. }, Part::Cookie) = (option, part) {
        return Some(Value::Bytes(cookie.clone()));
    }
    None
}

/// The number that a call wrote through its pointer.
fn number(output: &Output) -> Option<i64> {
    match output {
        Output::Int(value) => Some(i64::from(*value)),
        Output::OptVal(bytes) => match bytes.as_slice() {
            [byte] => Some(i64::from(*byte)),
            &[a, b, c, d] => Some(i64::from(i32::from_ne_bytes([a, b, c, d]))),
            bytes => Some(i64::from_ne_bytes(bytes.try_into().ok()?)),
        },
        Output::None
        | Output::Peer(_)
        | Output::Data(_)
        | Output::Message { .. }
        | Output::Poll(_)
        | Output::Epoll(_)
        | Output::Pipe(..) => None,
    }
}

/// Bytes as a string of a script.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}
