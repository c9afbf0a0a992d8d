//! Expressions of the Python subset.

use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{
    BoolOp, ConversionFlag, Expr, ExprCall, ExprCompare, ExprFString, ExprSubscript, FStringPart,
    InterpolatedElement, InterpolatedStringElement, Number as Literal,
};
use ruff_text_size::Ranged;

use super::builtin::{self, Outcome};
use super::stop::Stop;
use super::value::Value;
use super::{arithmetic, compare, spec};

/// Deeper expressions are no assertions about a socket.
const MAX_DEPTH: usize = 100;

/// The one scope of all blocks, and what they printed.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<String, Value>,
    pub(super) output: String,
    depth: usize,
}

impl Scope {
    /// The value of `expr`; a [`Stop`] carries the offset of the innermost expression at fault.
    pub(super) fn evaluate(&mut self, expr: &Expr) -> Result<Value, Stop> {
        if self.depth >= MAX_DEPTH {
            return Err(Stop::beyond("an expression as deep as this"));
        }
        self.depth += 1;
        let result = self.expression(expr);
        self.depth -= 1;
        result.map_err(|stop| stop.or_at(expr.start().to_usize()))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a subset of Python, by design")]
    fn expression(&mut self, expr: &Expr) -> Result<Value, Stop> {
        match expr {
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::BooleanLiteral(literal) => Ok(Value::Bool(literal.value)),
            Expr::NumberLiteral(literal) => number(&literal.value),
            Expr::StringLiteral(literal) => Ok(Value::str(literal.value.to_str())),
            Expr::FString(text) => self.f_string(text),
            Expr::Name(name) => self.name(name.id.as_str()),
            Expr::Tuple(tuple) => Ok(Value::Tuple(self.items(&tuple.elts)?)),
            Expr::List(list) => Ok(Value::List(self.items(&list.elts)?)),
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::UnaryOp(unary) => {
                let operand = self.evaluate(&unary.operand)?;
                arithmetic::unary(unary.op, &operand)
            }
            Expr::BinOp(binary) => {
                let left = self.evaluate(&binary.left)?;
                let right = self.evaluate(&binary.right)?;
                arithmetic::binary(binary.op, &left, &right)
            }
            Expr::BoolOp(boolean) => self.boolean(boolean.op, &boolean.values),
            Expr::Compare(comparison) => self.comparison(comparison),
            Expr::If(choice) => {
                let chosen = if self.evaluate(&choice.test)?.truth() {
                    &choice.body
                } else {
                    &choice.orelse
                };
                self.evaluate(chosen)
            }
            Expr::Call(call) => self.call(call),
            other => Err(Stop::beyond(construct(other))),
        }
    }

    fn name(&self, name: &str) -> Result<Value, Stop> {
        match self.names.get(name) {
            Some(value) => Ok(value.clone()),
            None if builtin::is_builtin(name) => {
                Err(Stop::beyond(format!("the built-in {name} as a value")))
            }
            None => Err(Stop::raise("NameError", format!("name '{name}' is not defined"))),
        }
    }

    fn items(&mut self, exprs: &[Expr]) -> Result<Rc<[Value]>, Stop> {
        exprs.iter().map(|expr| self.evaluate(expr)).collect()
    }

    fn subscript(&mut self, subscript: &ExprSubscript) -> Result<Value, Stop> {
        let container = self.evaluate(&subscript.value)?;
        let index = self.evaluate(&subscript.slice)?;
        let kind = container.type_name();
        let items = match &container {
            Value::Tuple(items) | Value::List(items) => items.to_vec(),
            Value::Str(text) => text.chars().map(|c| Value::str(c.to_string())).collect(),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                return Err(Stop::type_error(format!("'{kind}' object is not subscriptable")));
            }
        };
        let Some(at) = index.integer() else {
            let wrong = index.type_name();
            let message = format!("{kind} indices must be integers or slices, not {wrong}");
            return Err(Stop::type_error(message));
        };
        let len = i128::try_from(items.len()).unwrap_or(i128::MAX);
        let from_start = if at < 0 { at.saturating_add(len) } else { at };
        let item = usize::try_from(from_start).ok().and_then(|at| items.get(at));
        let kind = if kind == "str" { "string" } else { kind };
        item.cloned().ok_or_else(|| Stop::raise("IndexError", format!("{kind} index out of range")))
    }

    /// The value of the operand that decides, as Python has it, not a bool.
    fn boolean(&mut self, op: BoolOp, operands: &[Expr]) -> Result<Value, Stop> {
        let mut value = Value::None;
        for operand in operands {
            value = self.evaluate(operand)?;
            if value.truth() != (op == BoolOp::And) {
                break;
            }
        }
        Ok(value)
    }

    fn comparison(&mut self, comparison: &ExprCompare) -> Result<Value, Stop> {
        let mut left = self.evaluate(&comparison.left)?;
        for (op, right) in comparison.ops.iter().zip(comparison.comparators.iter()) {
            let right = self.evaluate(right)?;
            if !compare::compare(*op, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn call(&mut self, call: &ExprCall) -> Result<Value, Stop> {
        let Expr::Name(name) = call.func.as_ref() else {
            let method = call.func.as_attribute_expr();
            return Err(Stop::beyond(match method {
                Some(method) => format!("the method .{}()", method.attr),
                None => "a call of an expression".to_owned(),
            }));
        };
        let name = name.id.as_str();
        if let Some(value) = self.names.get(name) {
            let kind = value.type_name();
            return Err(Stop::type_error(format!("'{kind}' object is not callable")));
        }
        if !builtin::is_builtin(name) {
            return Err(Stop::raise("NameError", format!("name '{name}' is not defined")));
        }
        let mut arguments = Vec::new();
        for argument in &call.arguments.args {
            arguments.push(self.evaluate(argument)?);
        }
        let mut keywords = Vec::new();
        for keyword in &call.arguments.keywords {
            let Some(key) = &keyword.arg else {
                return Err(Stop::beyond("arguments from a dictionary"));
            };
            keywords.push((key.to_string(), self.evaluate(&keyword.value)?));
        }
        match builtin::call(name, &arguments, &keywords)? {
            Outcome::Value(value) => Ok(value),
            Outcome::Printed(text) => {
                self.output.push_str(&text);
                Ok(Value::None)
            }
        }
    }

    fn f_string(&mut self, text: &ExprFString) -> Result<Value, Stop> {
        let mut out = String::new();
        for part in text.value.iter() {
            match part {
                FStringPart::Literal(literal) => out.push_str(&literal.value),
                FStringPart::FString(text) => self.elements(&text.elements, &mut out)?,
            }
        }
        Ok(Value::str(out))
    }

    fn elements(
        &mut self,
        elements: &[InterpolatedStringElement],
        out: &mut String,
    ) -> Result<(), Stop> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => out.push_str(&literal.value),
                InterpolatedStringElement::Interpolation(inner) => {
                    out.push_str(&self.interpolation(inner)?);
                }
            }
        }
        Ok(())
    }

    fn interpolation(&mut self, inner: &InterpolatedElement) -> Result<String, Stop> {
        let value = self.evaluate(&inner.expression)?;
        let mut wanted = String::new();
        if let Some(spec) = &inner.format_spec {
            self.elements(&spec.elements, &mut wanted)?;
        }
        let debug = inner.debug_text.as_ref();
        let shown = match inner.conversion {
            ConversionFlag::Repr => Value::str(value.repr()),
            ConversionFlag::Str => Value::str(value.text()),
            ConversionFlag::Ascii => return Err(Stop::beyond("the conversion !a")),
            // `{x=}` shows the repr unless a format is given.
            ConversionFlag::None if debug.is_some() && wanted.is_empty() => {
                Value::str(value.repr())
            }
            ConversionFlag::None => value,
        };
        let text = spec::format_value(&shown, &wanted)?;
        Ok(match debug {
            Some(d) => format!("{}{}{}{text}", d.leading(), d.expression(), d.trailing()),
            None => text,
        })
    }
}

fn number(literal: &Literal) -> Result<Value, Stop> {
    let too_long = || Stop::beyond("an integer of more than 128 bits");
    match literal {
        Literal::Int(int) => match int.as_u64() {
            Some(small) => Ok(Value::Int(i128::from(small))),
            None => big(&int.to_string()).map(Value::Int).ok_or_else(too_long),
        },
        Literal::Float(float) => Ok(Value::Float(*float)),
        Literal::Complex { .. } => Err(Stop::beyond("a complex number")),
    }
}

/// An integer of more than 64 bits is kept as it was written.
fn big(text: &str) -> Option<i128> {
    let digits = text.replace('_', "").to_ascii_lowercase();
    let (body, radix) = match digits.get(..2) {
        Some("0x") => (digits.get(2..)?, 16),
        Some("0o") => (digits.get(2..)?, 8),
        Some("0b") => (digits.get(2..)?, 2),
        _ => (digits.as_str(), 10),
    };
    i128::from_str_radix(body, radix).ok()
}

/// What to call an expression that is not part of the subset.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is the subset")]
fn construct(expr: &Expr) -> String {
    match expr {
        Expr::Attribute(attribute) => format!("the attribute .{}", attribute.attr),
        Expr::Named(_) => "an assignment expression (:=)".to_owned(),
        Expr::Lambda(_) => "a lambda".to_owned(),
        Expr::Dict(_) => "a dictionary".to_owned(),
        Expr::Set(_) => "a set".to_owned(),
        Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
            "a comprehension".to_owned()
        }
        Expr::Slice(_) => "a slice".to_owned(),
        Expr::Starred(_) => "a starred expression".to_owned(),
        Expr::BytesLiteral(_) => "a bytes literal".to_owned(),
        Expr::TString(_) => "a template string".to_owned(),
        Expr::EllipsisLiteral(_) => "the literal `...`".to_owned(),
        Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => "a coroutine".to_owned(),
        _ => "this expression".to_owned(),
    }
}
