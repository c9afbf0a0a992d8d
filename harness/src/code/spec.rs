//! One format specification, as `%5d` and `{x:>5d}` share it, and the text it makes of a value.

use super::stop::Stop;
use super::value::{Number, Value, whole};

/// Wider fields are not worth their memory.
const MAX_WIDTH: usize = 4096;

/// What stands between `%` and the conversion letter, or after the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) fill: char,
    /// `<`, `>`, `^`, or `=` (after the sign).
    pub(super) align: char,
    /// `+` or a blank in front of what is not negative.
    pub(super) sign: Option<char>,
    /// `#`: with `0x` and the like.
    pub(super) alternate: bool,
    pub(super) width: usize,
    pub(super) precision: Option<usize>,
}

impl Default for Spec {
    fn default() -> Self {
        Self { fill: ' ', align: '>', sign: None, alternate: false, width: 0, precision: None }
    }
}

impl Spec {
    /// `d`, `x`, `X`, `o`, `b` of an integer.
    pub(super) fn integer(&self, conversion: char, value: i128) -> Result<String, Stop> {
        if self.precision.is_some() {
            return Err(Stop::beyond("a precision for an integer"));
        }
        let magnitude = value.unsigned_abs();
        let (prefix, digits) = match conversion {
            'x' => ("0x", format!("{magnitude:x}")),
            'X' => ("0X", format!("{magnitude:X}")),
            'o' => ("0o", format!("{magnitude:o}")),
            'b' => ("0b", format!("{magnitude:b}")),
            _ => ("", magnitude.to_string()),
        };
        let prefix = if self.alternate { prefix } else { "" };
        self.pad(&format!("{}{prefix}", self.sign_of(value < 0)), &digits)
    }

    /// `f`: as many decimals as the precision says, six without one.
    pub(super) fn fixed(&self, value: f64) -> Result<String, Stop> {
        if !value.is_finite() || self.alternate {
            return Err(Stop::beyond("this format of a float"));
        }
        let precision = self.precision.unwrap_or(6).min(MAX_WIDTH);
        let digits = format!("{:.precision$}", value.abs());
        self.pad(self.sign_of(value.is_sign_negative()), &digits)
    }

    /// `s`: a text, cut at the precision.
    pub(super) fn text(&self, text: &str) -> Result<String, Stop> {
        let cut = self.precision.unwrap_or(usize::MAX);
        let shown = text.chars().take(cut).collect::<String>();
        self.pad("", &shown)
    }

    fn sign_of(&self, negative: bool) -> &'static str {
        match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            (false, _) => "",
        }
    }

    fn pad(&self, head: &str, body: &str) -> Result<String, Stop> {
        if self.width > MAX_WIDTH {
            return Err(Stop::beyond("a field of this width"));
        }
        let room = self.width.saturating_sub(head.chars().count() + body.chars().count());
        let (before, between, after) = match self.align {
            '<' => (0, 0, room),
            '^' => (room / 2, 0, room - room / 2),
            '=' => (0, room, 0),
            _ => (room, 0, 0),
        };
        let fill = |n: usize| self.fill.to_string().repeat(n);
        Ok(format!("{}{head}{}{body}{}", fill(before), fill(between), fill(after)))
    }
}

/// The integer that a `%d` prints: floats lose their fraction.
pub(super) fn truncated(number: Number) -> Result<i128, Stop> {
    match number {
        Number::Int(i) => Ok(i),
        Number::Float(f) => whole(f.trunc()),
    }
}

/// `format(value, text)`: the part of an f-string after the colon.
pub(super) fn format_value(value: &Value, text: &str) -> Result<String, Stop> {
    if text.is_empty() {
        return Ok(value.text());
    }
    let (spec, conversion) = parse(text, value)?;
    match (conversion, value.number()) {
        (None | Some('d'), Some(Number::Int(i))) if value.type_name() == "int" => {
            spec.integer('d', i)
        }
        (Some(c @ ('d' | 'x' | 'X' | 'o' | 'b')), Some(Number::Int(i))) => spec.integer(c, i),
        (Some('f' | 'F'), Some(number)) => spec.fixed(number.float()),
        (None, Some(Number::Float(_))) if spec.precision.is_none() && spec.sign.is_none() => {
            spec.text(&value.text())
        }
        (None | Some('s'), None) if matches!(value, Value::Str(_)) => spec.text(&value.text()),
        _ => Err(Stop::beyond(format!("the format {text:?} of a {}", value.type_name()))),
    }
}

/// `[[fill]align][sign][#][0][width][.precision][type]`.
fn parse(text: &str, value: &Value) -> Result<(Spec, Option<char>), Stop> {
    let beyond = || Stop::beyond(format!("the format {text:?}"));
    let chars = text.chars().collect::<Vec<_>>();
    let is_align = |c: &char| "<>^=".contains(*c);
    let number = value.number().is_some();
    let mut spec = Spec { align: if number { '>' } else { '<' }, ..Spec::default() };
    let mut rest = chars.as_slice();
    match chars.as_slice() {
        [fill, align, tail @ ..] if is_align(align) => {
            (spec.fill, spec.align, rest) = (*fill, *align, tail);
        }
        [align, tail @ ..] if is_align(align) => (spec.align, rest) = (*align, tail),
        _ => {}
    }
    let aligned = rest.len() < chars.len();
    if let [sign @ ('+' | '-' | ' '), tail @ ..] = rest {
        spec.sign = Some(*sign);
        rest = tail;
    }
    if let ['#', tail @ ..] = rest {
        spec.alternate = true;
        rest = tail;
    }
    if let ['0', tail @ ..] = rest
        && !aligned
        && number
    {
        (spec.fill, spec.align, rest) = ('0', '=', tail);
    }
    let (width, tail) = digits(rest);
    spec.width = width.unwrap_or_default();
    rest = tail;
    if let ['.', tail @ ..] = rest {
        let (precision, tail) = digits(tail);
        spec.precision = Some(precision.ok_or_else(beyond)?);
        rest = tail;
    }
    match rest {
        [] => Ok((spec, None)),
        [conversion] => Ok((spec, Some(*conversion))),
        _ => Err(beyond()),
    }
}

/// A decimal number and what follows it.
pub(super) fn digits(chars: &[char]) -> (Option<usize>, &[char]) {
    let len = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    let (number, rest) = chars.split_at(len);
    let text = number.iter().collect::<String>();
    let value = (len > 0).then(|| text.parse().unwrap_or(usize::MAX));
    (value, rest)
}
