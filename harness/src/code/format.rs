//! `template % values`: printf-style formatting.

use super::spec::{Spec, digits, truncated};
use super::stop::Stop;
use super::value::{Number, Value};

/// The text that `template % values` makes.
pub(super) fn percent(template: &str, values: &Value) -> Result<String, Stop> {
    let mut arguments = match values {
        Value::Tuple(items) => items.iter(),
        Value::None
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::List(_) => std::slice::from_ref(values).iter(),
    };
    let mut out = String::new();
    let chars = template.chars().collect::<Vec<_>>();
    let mut rest = chars.as_slice();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != '%' {
            out.push(*first);
            continue;
        }
        let (spec, conversion, tail) = specification(tail)?;
        rest = tail;
        if conversion == '%' {
            out.push('%');
            continue;
        }
        let missing = || Stop::type_error("not enough arguments for format string");
        let value = arguments.next().ok_or_else(missing)?;
        out.push_str(&convert(&spec, conversion, value)?);
    }
    // A list could be a mapping for all that Python knows, and may go unused.
    let unused = arguments.next().is_some() && !matches!(values, Value::List(_));
    if unused {
        return Err(Stop::type_error("not all arguments converted during string formatting"));
    }
    Ok(out)
}

/// `[flags][width][.precision]conversion`, and what follows it.
fn specification(chars: &[char]) -> Result<(Spec, char, &[char]), Stop> {
    let mut spec = Spec::default();
    let mut rest = chars;
    while let [flag @ ('-' | '+' | ' ' | '#' | '0'), tail @ ..] = rest {
        match flag {
            '-' => spec.align = '<',
            '0' if spec.align != '<' => (spec.fill, spec.align) = ('0', '='),
            '0' => {}
            '#' => spec.alternate = true,
            '+' => spec.sign = Some('+'),
            sign => spec.sign = spec.sign.or(Some(*sign)),
        }
        rest = tail;
    }
    if spec.align == '<' {
        spec.fill = ' ';
    }
    let (width, tail) = digits(rest);
    spec.width = width.unwrap_or_default();
    rest = tail;
    if let ['.', tail @ ..] = rest {
        let (precision, tail) = digits(tail);
        spec.precision = Some(precision.unwrap_or_default());
        rest = tail;
    }
    // C's length modifiers are accepted and ignored.
    while let ['l' | 'h' | 'L', tail @ ..] = rest {
        rest = tail;
    }
    match rest {
        [] => Err(Stop::raise("ValueError", "incomplete format")),
        ['*' | '(', ..] => Err(Stop::beyond("a format with * or a key")),
        [conversion, tail @ ..] => Ok((spec, *conversion, tail)),
    }
}

fn convert(spec: &Spec, conversion: char, value: &Value) -> Result<String, Stop> {
    // Zeros in front are for numbers only.
    let plain = match spec.align {
        '=' => Spec { fill: ' ', align: '>', ..*spec },
        _ => *spec,
    };
    let number = value.number();
    match (conversion, number) {
        ('s', _) => plain.text(&value.text()),
        ('r', _) => plain.text(&value.repr()),
        ('d' | 'i' | 'u', Some(number)) => spec.integer('d', truncated(number)?),
        ('x' | 'X' | 'o', Some(Number::Int(i))) => spec.integer(conversion, i),
        ('f' | 'F', Some(number)) => spec.fixed(number.float()),
        ('d' | 'i' | 'u', None) => Err(wrong_type(conversion, "a real number", value)),
        ('x' | 'X' | 'o', _) => Err(wrong_type(conversion, "an integer", value)),
        ('f' | 'F', None) => {
            let name = value.type_name();
            Err(Stop::type_error(format!("must be real number, not {name}")))
        }
        ('a' | 'c' | 'e' | 'E' | 'g' | 'G', _) => {
            Err(Stop::beyond(format!("the format %{conversion}")))
        }
        (other, _) => {
            let code = u32::from(other);
            let message = format!("unsupported format character '{other}' (0x{code:x})");
            Err(Stop::raise("ValueError", message))
        }
    }
}

fn wrong_type(conversion: char, wanted: &str, value: &Value) -> Stop {
    let name = value.type_name();
    Stop::type_error(format!("%{conversion} format: {wanted} is required, not {name}"))
}
