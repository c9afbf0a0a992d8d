//! Python's comparisons: `==`, `<`, `in`, `is`.

use std::cmp::Ordering;

use ruff_python_ast::CmpOp;

use super::stop::Stop;
use super::value::{Number, Value};

pub(super) fn compare(op: CmpOp, left: &Value, right: &Value) -> Result<bool, Stop> {
    match op {
        CmpOp::Eq => equal(left, right),
        CmpOp::NotEq => Ok(!equal(left, right)?),
        CmpOp::Lt => Ok(order(op, left, right)?.is_some_and(Ordering::is_lt)),
        CmpOp::LtE => Ok(order(op, left, right)?.is_some_and(Ordering::is_le)),
        CmpOp::Gt => Ok(order(op, left, right)?.is_some_and(Ordering::is_gt)),
        CmpOp::GtE => Ok(order(op, left, right)?.is_some_and(Ordering::is_ge)),
        CmpOp::Is => identical(left, right),
        CmpOp::IsNot => Ok(!identical(left, right)?),
        CmpOp::In => contains(right, left),
        CmpOp::NotIn => Ok(!contains(right, left)?),
    }
}

pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, Stop> {
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return Ok(number_order(a, b)? == Some(Ordering::Equal));
    }
    match (left, right) {
        (Value::Tuple(a), Value::Tuple(b)) | (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (a, b) => Ok(a == b),
    }
}

/// Which of two is greater; [`None`] with a NaN. Used by `min` and `max`, too.
pub(super) fn order(op: CmpOp, left: &Value, right: &Value) -> Result<Option<Ordering>, Stop> {
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return number_order(a, b);
    }
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::Tuple(a), Value::Tuple(b)) | (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b)? {
                    return order(op, a, b);
                }
            }
            Ok(Some(a.len().cmp(&b.len())))
        }
        (a, b) => Err(Stop::type_error(format!(
            "'{}' not supported between instances of '{}' and '{}'",
            op.as_str(),
            a.type_name(),
            b.type_name()
        ))),
    }
}

/// Exact also between an int and a float.
fn number_order(left: Number, right: Number) -> Result<Option<Ordering>, Stop> {
    match (left, right) {
        (Number::Int(a), Number::Int(b)) => Ok(Some(a.cmp(&b))),
        (Number::Float(a), Number::Float(b)) => Ok(a.partial_cmp(&b)),
        (Number::Int(a), Number::Float(b)) => Ok(int_float(a, b)?),
        (Number::Float(a), Number::Int(b)) => Ok(int_float(b, a)?.map(Ordering::reverse)),
    }
}

fn int_float(int: i128, float: f64) -> Result<Option<Ordering>, Stop> {
    const EXACT: i128 = 1 << 53;
    if (-EXACT..=EXACT).contains(&int) || !float.is_finite() {
        return Ok(Number::Int(int).float().partial_cmp(&float));
    }
    let floor = super::value::whole(float.floor())?;
    Ok(Some(int.cmp(&floor).then(if float > float.floor() {
        Ordering::Less
    } else {
        Ordering::Equal
    })))
}

/// Identity of anything but the singletons depends on the interpreter.
fn identical(left: &Value, right: &Value) -> Result<bool, Stop> {
    let singleton = |value: &Value| matches!(value, Value::None | Value::Bool(_));
    if singleton(left) || singleton(right) {
        return Ok(left == right);
    }
    Err(Stop::beyond("`is` between values other than None, True and False"))
}

fn contains(container: &Value, item: &Value) -> Result<bool, Stop> {
    match (container, item) {
        (Value::Str(text), Value::Str(part)) => Ok(text.contains(&**part)),
        (Value::Str(_), other) => Err(Stop::type_error(format!(
            "'in <string>' requires string as left operand, not {}",
            other.type_name()
        ))),
        (Value::Tuple(items) | Value::List(items), item) => {
            for own in items.iter() {
                if equal(own, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_), _) => {
            let name = container.type_name();
            Err(Stop::type_error(format!("argument of type '{name}' is not iterable")))
        }
    }
}
