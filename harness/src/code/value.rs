//! Values of the Python subset. Integers are 128 bits wide; what does not fit is beyond us, never
//! wrapped. Sequences are values, not objects: nothing in the subset changes one in place.

use std::rc::Rc;

use super::stop::Stop;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Rc<str>),
    Tuple(Rc<[Self]>),
    List(Rc<[Self]>),
}

/// A number after Python's promotions: bool is an int.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Value {
    pub(super) fn str(text: impl AsRef<str>) -> Self {
        Self::Str(Rc::from(text.as_ref()))
    }

    /// Name of the type in Python's messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Tuple(_) => "tuple",
            Self::List(_) => "list",
        }
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(i) => *i != 0,
            Self::Float(f) => *f != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Tuple(items) | Self::List(items) => !items.is_empty(),
        }
    }

    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Bool(b) => Some(Number::Int(i128::from(*b))),
            Self::Int(i) => Some(Number::Int(*i)),
            Self::Float(f) => Some(Number::Float(*f)),
            Self::None | Self::Str(_) | Self::Tuple(_) | Self::List(_) => None,
        }
    }

    /// An integer (or bool), as Python's `__index__` has it.
    pub(super) fn integer(&self) -> Option<i128> {
        match self.number() {
            Some(Number::Int(i)) => Some(i),
            Some(Number::Float(_)) | None => None,
        }
    }

    /// `str(value)`.
    pub(super) fn text(&self) -> String {
        if let Self::Str(text) = self { text.to_string() } else { self.repr() }
    }

    /// `repr(value)`.
    pub(super) fn repr(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Int(i) => i.to_string(),
            Self::Float(f) => float_repr(*f),
            Self::Str(text) => str_repr(text),
            Self::Tuple(items) => match items.as_ref() {
                [one] => format!("({},)", one.repr()),
                items => format!("({})", join(items)),
            },
            Self::List(items) => format!("[{}]", join(items)),
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(i) => Self::Int(i),
            Number::Float(f) => Self::Float(f),
        }
    }
}

impl Number {
    /// As a float, if that is exact or correctly rounded.
    pub(super) fn float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "Python rounds to nearest, too")]
            Self::Int(i) => i as f64,
            Self::Float(f) => f,
        }
    }
}

/// The integer that `f`, a float without a fraction, is.
pub(super) fn whole(f: f64) -> Result<i128, Stop> {
    const LIMIT: f64 = 1e38;
    if f.is_nan() {
        return Err(Stop::raise("ValueError", "cannot convert float NaN to integer"));
    }
    if f.is_infinite() {
        return Err(Stop::raise("OverflowError", "cannot convert float infinity to integer"));
    }
    if f.abs() > LIMIT {
        return Err(Stop::beyond("an integer of more than 128 bits"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    Ok(f as i128)
}

fn join(items: &[Value]) -> String {
    items.iter().map(Value::repr).collect::<Vec<_>>().join(", ")
}

/// The shortest digits that give the same float back, with an exponent where Python writes one.
fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power = exponent.parse::<i32>().unwrap_or_default();
    if (-4..16).contains(&power) {
        let plain = format!("{f}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.unsigned_abs())
}

fn str_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
