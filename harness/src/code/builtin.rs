//! The built-in functions of the subset: abs, bool, float, hex, int, len, max, min, print, repr,
//! round, str.

use std::cmp::Ordering;

use ruff_python_ast::CmpOp;

use super::arithmetic::round_to_int;
use super::compare::order;
use super::stop::Stop;
use super::value::{Number, Value, whole};

/// What a function gave back, and what it printed.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Value(Value),
    Printed(String),
}

/// Python's other built-in names: known to exist, and beyond us.
const OTHERS: [&str; 54] = [
    "__import__",
    "all",
    "any",
    "ascii",
    "bin",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "filter",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "id",
    "input",
    "isinstance",
    "issubclass",
    "iter",
    "list",
    "locals",
    "map",
    "memoryview",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "property",
    "range",
    "reversed",
    "set",
    "setattr",
    "slice",
    "sorted",
    "sum",
    "tuple",
    "type",
    "vars",
    "zip",
];

const OWN: [&str; 12] =
    ["abs", "bool", "float", "hex", "int", "len", "max", "min", "print", "repr", "round", "str"];

/// Whether Python knows `name` without an assignment.
pub(super) fn is_builtin(name: &str) -> bool {
    OWN.contains(&name) || OTHERS.contains(&name) || is_exception(name)
}

fn is_exception(name: &str) -> bool {
    name.ends_with("Error") || name.ends_with("Exception") || name == "__name__"
}

/// Calls built-in `name` with positional and keyword arguments.
pub(super) fn call(
    name: &str,
    arguments: &[Value],
    keywords: &[(String, Value)],
) -> Result<Outcome, Stop> {
    if name == "print" {
        return print(arguments, keywords).map(Outcome::Printed);
    }
    if !OWN.contains(&name) {
        return Err(Stop::beyond(format!("the function {name}()")));
    }
    if !keywords.is_empty() {
        return Err(Stop::beyond(format!("keyword arguments of {name}()")));
    }
    let value = match (name, arguments) {
        ("abs", [value]) => absolute(value)?,
        ("bool", []) => Value::Bool(false),
        ("bool", [value]) => Value::Bool(value.truth()),
        ("float", [value]) => to_float(value)?,
        ("int", [value]) => to_int(value)?,
        ("len", [value]) => length(value)?,
        ("hex", [value]) => hex(value)?,
        ("str", []) => Value::str(""),
        ("str", [value]) => Value::str(value.text()),
        ("repr", [value]) => Value::str(value.repr()),
        ("max", values) => extreme(name, values, Ordering::Greater)?,
        ("min", values) => extreme(name, values, Ordering::Less)?,
        ("round", [value]) => round(value, None)?,
        ("round", [value, Value::None]) => round(value, None)?,
        ("round", [value, places]) => round(value, Some(index(places)?))?,
        (name, values) => {
            let count = values.len();
            return Err(Stop::beyond(format!("{name}() with {count} arguments")));
        }
    };
    Ok(Outcome::Value(value))
}

fn print(arguments: &[Value], keywords: &[(String, Value)]) -> Result<String, Stop> {
    let (mut separator, mut end) = (" ".to_owned(), "\n".to_owned());
    for (name, value) in keywords {
        match (name.as_str(), value) {
            ("sep", Value::Str(text)) => separator = text.to_string(),
            ("end", Value::Str(text)) => end = text.to_string(),
            (other, _) => return Err(Stop::beyond(format!("the argument {other} of print()"))),
        }
    }
    let texts = arguments.iter().map(Value::text).collect::<Vec<_>>();
    Ok(texts.join(&separator) + &end)
}

fn absolute(value: &Value) -> Result<Value, Stop> {
    match value.number() {
        Some(Number::Int(i)) => i
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| Stop::beyond("an integer of more than 128 bits")),
        Some(Number::Float(f)) => Ok(Value::Float(f.abs())),
        None => {
            let name = value.type_name();
            Err(Stop::type_error(format!("bad operand type for abs(): '{name}'")))
        }
    }
}

fn to_float(value: &Value) -> Result<Value, Stop> {
    match (value.number(), value) {
        (Some(number), _) => Ok(Value::Float(number.float())),
        (None, Value::Str(text)) => {
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
            let trimmed = text.trim();
            if !trimmed.chars().all(plain) {
                return Err(Stop::beyond(format!("float({})", value.repr())));
            }
            trimmed.parse().map(Value::Float).map_err(|_| {
                let shown = value.repr();
                Stop::raise("ValueError", format!("could not convert string to float: {shown}"))
            })
        }
        (None, other) => Err(Stop::type_error(format!(
            "float() argument must be a string or a real number, not '{}'",
            other.type_name()
        ))),
    }
}

fn to_int(value: &Value) -> Result<Value, Stop> {
    match (value.number(), value) {
        (Some(Number::Int(i)), _) => Ok(Value::Int(i)),
        (Some(Number::Float(f)), _) => whole(f.trunc()).map(Value::Int),
        (None, Value::Str(text)) => {
            let digits = text.trim();
            let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(Stop::beyond(format!("int({})", value.repr())));
            }
            if !unsigned.bytes().all(|b| b.is_ascii_digit()) {
                let shown = value.repr();
                let message = format!("invalid literal for int() with base 10: {shown}");
                return Err(Stop::raise("ValueError", message));
            }
            let parsed = digits.parse().map(Value::Int);
            parsed.map_err(|_| Stop::beyond("an integer of more than 128 bits"))
        }
        (None, other) => Err(Stop::type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            other.type_name()
        ))),
    }
}

fn length(value: &Value) -> Result<Value, Stop> {
    let len = match value {
        Value::Str(text) => text.chars().count(),
        Value::Tuple(items) | Value::List(items) => items.len(),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            let name = value.type_name();
            return Err(Stop::type_error(format!("object of type '{name}' has no len()")));
        }
    };
    i128::try_from(len).map(Value::Int).map_err(|_| Stop::beyond("a sequence of this length"))
}

/// The value as Python's `__index__` gives it.
fn index(value: &Value) -> Result<i128, Stop> {
    value.integer().ok_or_else(|| {
        let name = value.type_name();
        Stop::type_error(format!("'{name}' object cannot be interpreted as an integer"))
    })
}

fn hex(value: &Value) -> Result<Value, Stop> {
    let i = index(value)?;
    let sign = if i < 0 { "-" } else { "" };
    Ok(Value::str(format!("{sign}{:#x}", i.unsigned_abs())))
}

/// `min` and `max` of several values or of one sequence; the first of equals wins.
fn extreme(name: &str, values: &[Value], better: Ordering) -> Result<Value, Stop> {
    let items = match values {
        [Value::Tuple(items) | Value::List(items)] => items.as_ref(),
        [Value::Str(_)] => return Err(Stop::beyond(format!("{name}() of a string"))),
        [one] => {
            let name = one.type_name();
            return Err(Stop::type_error(format!("'{name}' object is not iterable")));
        }
        several => several,
    };
    let mut items = items.iter();
    let Some(mut best) = items.next() else {
        return Err(match values {
            [] => Stop::type_error(format!("{name} expected at least 1 argument, got 0")),
            _ => Stop::raise("ValueError", format!("{name}() iterable argument is empty")),
        });
    };
    let op = if better == Ordering::Greater { CmpOp::Gt } else { CmpOp::Lt };
    for item in items {
        if order(op, item, best)? == Some(better) {
            best = item;
        }
    }
    Ok(best.clone())
}

/// Rounds to even on a tie of the exact value, as the shortest decimal with those places.
fn round(value: &Value, places: Option<i128>) -> Result<Value, Stop> {
    let Some(number) = value.number() else {
        let name = value.type_name();
        let message = format!("type {name} doesn't define __round__ method");
        return Err(Stop::type_error(message));
    };
    match (number, places) {
        (number, None) => round_to_int(number),
        (Number::Int(i), Some(places)) if places >= 0 => Ok(Value::Int(i)),
        (Number::Float(f), Some(places @ 0..=300)) if f.is_finite() => {
            let places = usize::try_from(places).unwrap_or_default();
            let rounded = format!("{f:.places$}").parse();
            rounded.map(Value::Float).map_err(|_| Stop::beyond("this rounding"))
        }
        _ => Err(Stop::beyond("round() to these places")),
    }
}
