//! Python's operators on numbers, strings and sequences. `/` is true division, `//` and `%` round
//! towards minus infinity, and an integer that outgrows 128 bits is beyond us.

use std::rc::Rc;

use ruff_python_ast::{Operator, UnaryOp};

use super::format;
use super::stop::Stop;
use super::value::{Number, Value, whole};

/// The longest string or sequence that `*` makes here.
const MAX_REPEATED: usize = 1 << 16;

pub(super) fn binary(op: Operator, left: &Value, right: &Value) -> Result<Value, Stop> {
    if let (Value::Str(template), Operator::Mod) = (left, op) {
        return format::percent(template, right).map(Value::str);
    }
    if let (Value::Bool(a), Value::Bool(b)) = (left, right)
        && matches!(op, Operator::BitAnd | Operator::BitOr | Operator::BitXor)
    {
        let both = integers(op, i128::from(*a), i128::from(*b))?;
        return Ok(Value::Bool(both.truth()));
    }
    match (left.number(), right.number()) {
        (Some(Number::Int(a)), Some(Number::Int(b))) => integers(op, a, b),
        (Some(a), Some(b)) => {
            floats(op, a.float(), b.float()).unwrap_or_else(|| Err(unsupported(op, left, right)))
        }
        _ => sequences(op, left, right),
    }
}

pub(super) fn unary(op: UnaryOp, value: &Value) -> Result<Value, Stop> {
    let overflow = || Stop::beyond("an integer of more than 128 bits");
    match (op, value.number()) {
        (UnaryOp::Not, _) => Ok(Value::Bool(!value.truth())),
        (UnaryOp::UAdd, Some(number)) => Ok(number.into()),
        (UnaryOp::USub, Some(Number::Int(i))) => {
            i.checked_neg().map(Value::Int).ok_or_else(overflow)
        }
        (UnaryOp::USub, Some(Number::Float(f))) => Ok(Value::Float(-f)),
        (UnaryOp::Invert, Some(Number::Int(i))) => Ok(Value::Int(!i)),
        (UnaryOp::Invert, Some(Number::Float(_)))
        | (UnaryOp::Invert | UnaryOp::UAdd | UnaryOp::USub, None) => Err(Stop::type_error(
            format!("bad operand type for unary {}: '{}'", op.as_str(), value.type_name()),
        )),
    }
}

fn unsupported(op: Operator, left: &Value, right: &Value) -> Stop {
    let (a, b) = (left.type_name(), right.type_name());
    let op = if op == Operator::Pow { "** or pow()" } else { op.as_str() };
    Stop::type_error(format!("unsupported operand type(s) for {op}: '{a}' and '{b}'"))
}

fn zero_division(message: &str) -> Stop {
    Stop::raise("ZeroDivisionError", message)
}

fn integers(op: Operator, a: i128, b: i128) -> Result<Value, Stop> {
    let overflow = || Stop::beyond("an integer of more than 128 bits");
    let result = match op {
        Operator::Add => a.checked_add(b),
        Operator::Sub => a.checked_sub(b),
        Operator::Mult => a.checked_mul(b),
        Operator::BitOr => Some(a | b),
        Operator::BitXor => Some(a ^ b),
        Operator::BitAnd => Some(a & b),
        Operator::Div => return true_division(a, b),
        Operator::FloorDiv if b == 0 => {
            return Err(zero_division("integer division or modulo by zero"));
        }
        Operator::Mod if b == 0 => return Err(zero_division("integer modulo by zero")),
        Operator::FloorDiv => a.checked_div(b).map(|q| q - i128::from(floor_correction(a, b))),
        Operator::Mod => a.checked_rem(b).map(|r| if floor_correction(a, b) { r + b } else { r }),
        Operator::LShift | Operator::RShift if b < 0 => {
            return Err(Stop::raise("ValueError", "negative shift count"));
        }
        Operator::LShift => shift_left(a, b),
        Operator::RShift => {
            let by = u32::try_from(b).unwrap_or(u32::MAX).min(127);
            a.checked_shr(by)
        }
        Operator::Pow => return power(a, b),
        Operator::MatMult => {
            return Err(unsupported(op, &Value::Int(a), &Value::Int(b)));
        }
    };
    result.map(Value::Int).ok_or_else(overflow)
}

/// Truncating division is one too large when the signs differ and something is left over.
fn floor_correction(a: i128, b: i128) -> bool {
    a.checked_rem(b).is_some_and(|rest| rest != 0 && (rest < 0) != (b < 0))
}

fn shift_left(a: i128, by: i128) -> Option<i128> {
    if a == 0 {
        return Some(0);
    }
    let factor = 1_i128.checked_shl(u32::try_from(by).ok()?)?;
    if factor < 0 { None } else { a.checked_mul(factor) }
}

/// Correctly rounded only while both sides are exact floats.
fn true_division(a: i128, b: i128) -> Result<Value, Stop> {
    const EXACT: u128 = 1 << 53;
    if b == 0 {
        return Err(zero_division("division by zero"));
    }
    if a.unsigned_abs() > EXACT || b.unsigned_abs() > EXACT {
        return Err(Stop::beyond("a division of integers above 2**53"));
    }
    Ok(Value::Float(Number::Int(a).float() / Number::Int(b).float()))
}

fn power(a: i128, b: i128) -> Result<Value, Stop> {
    if b < 0 {
        let (a, b) = (Number::Int(a).float(), Number::Int(b).float());
        return floats(Operator::Pow, a, b)
            .unwrap_or_else(|| Err(Stop::beyond("a power of this kind")));
    }
    let exponent = u32::try_from(b).ok();
    let value = exponent.and_then(|exponent| a.checked_pow(exponent));
    value.map(Value::Int).ok_or_else(|| Stop::beyond("an integer of more than 128 bits"))
}

/// [`None`] for an operator that floats do not have.
fn floats(op: Operator, a: f64, b: f64) -> Option<Result<Value, Stop>> {
    let value = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult => a * b,
        Operator::Div if b == 0.0 => return Some(Err(zero_division("float division by zero"))),
        Operator::Div => a / b,
        Operator::FloorDiv if b == 0.0 => {
            return Some(Err(zero_division("float floor division by zero")));
        }
        Operator::Mod if b == 0.0 => return Some(Err(zero_division("float modulo"))),
        Operator::FloorDiv => floor_division(a, b).0,
        Operator::Mod => floor_division(a, b).1,
        Operator::Pow if a == 0.0 && b < 0.0 => {
            return Some(Err(zero_division("0.0 cannot be raised to a negative power")));
        }
        Operator::Pow if a < 0.0 && b.fract() != 0.0 => {
            return Some(Err(Stop::beyond("a complex number")));
        }
        Operator::Pow => a.powf(b),
        Operator::LShift
        | Operator::RShift
        | Operator::BitOr
        | Operator::BitXor
        | Operator::BitAnd
        | Operator::MatMult => return None,
    };
    if value.is_infinite() && a.is_finite() && b.is_finite() && op == Operator::Pow {
        return Some(Err(Stop::raise("OverflowError", "(34, 'Numerical result out of range')")));
    }
    Some(Ok(Value::Float(value)))
}

/// `divmod(a, b)`: the remainder has the sign of `b`, and the quotient is a whole number.
fn floor_division(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0_f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

fn sequences(op: Operator, left: &Value, right: &Value) -> Result<Value, Stop> {
    match (op, left, right) {
        (Operator::Add, Value::Str(a), Value::Str(b)) => Ok(Value::str(format!("{a}{b}"))),
        (Operator::Add, Value::Tuple(a), Value::Tuple(b)) => Ok(Value::Tuple(chain(a, b))),
        (Operator::Add, Value::List(a), Value::List(b)) => Ok(Value::List(chain(a, b))),
        (Operator::Mult, sequence, count) if count.integer().is_some() => {
            repeat(sequence, count).unwrap_or_else(|| Err(unsupported(op, left, right)))
        }
        (Operator::Mult, count, sequence) if count.integer().is_some() => {
            repeat(sequence, count).unwrap_or_else(|| Err(unsupported(op, left, right)))
        }
        (Operator::Add, Value::Str(_) | Value::Tuple(_) | Value::List(_), other) => {
            let (kind, other) = (left.type_name(), other.type_name());
            let message = format!("can only concatenate {kind} (not \"{other}\") to {kind}");
            Err(Stop::type_error(message))
        }
        (Operator::Mult, Value::Str(_) | Value::Tuple(_) | Value::List(_), other) => {
            let message = "can't multiply sequence by non-int of type";
            Err(Stop::type_error(format!("{message} '{}'", other.type_name())))
        }
        (op, left, right) => Err(unsupported(op, left, right)),
    }
}

fn chain(a: &[Value], b: &[Value]) -> Rc<[Value]> {
    a.iter().chain(b).cloned().collect()
}

/// [`None`] if `sequence` is none.
fn repeat(sequence: &Value, count: &Value) -> Option<Result<Value, Stop>> {
    let times = usize::try_from(count.integer()?.max(0)).unwrap_or(usize::MAX);
    let fits = |len: usize| times < usize::MAX && len.saturating_mul(times) <= MAX_REPEATED;
    let too_long = || Some(Err(Stop::beyond("a sequence of this length")));
    let repeated = |items: &[Value]| -> Rc<[Value]> {
        items.iter().cycle().take(items.len().saturating_mul(times)).cloned().collect()
    };
    match sequence {
        Value::Str(text) if fits(text.len()) => Some(Ok(Value::str(text.repeat(times)))),
        Value::Tuple(items) if fits(items.len()) => Some(Ok(Value::Tuple(repeated(items)))),
        Value::List(items) if fits(items.len()) => Some(Ok(Value::List(repeated(items)))),
        Value::Str(_) | Value::Tuple(_) | Value::List(_) => too_long(),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => None,
    }
}

/// `round(number)` without digits: to even on a tie.
pub(super) fn round_to_int(number: Number) -> Result<Value, Stop> {
    match number {
        Number::Int(i) => Ok(Value::Int(i)),
        Number::Float(f) => whole(f.round_ties_even()).map(Value::Int),
    }
}
