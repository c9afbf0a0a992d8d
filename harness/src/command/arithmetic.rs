//! `$((…))`: integer arithmetic of sh with constants only (64 bits, as dash and bash have it).
//! Variables, assignments and the conditional operator are beyond it.

/// The value of the text between `$((` and `))`; [`None`] for what is beyond us or undefined
/// (overflow, division by zero).
#[must_use]
pub(super) fn evaluate(text: &str) -> Option<i64> {
    let mut rest = Rest { text: text.trim_start() };
    let value = rest.binary(0)?;
    rest.text.is_empty().then_some(value)
}

/// Binary operators, loosest first; of one row, longer ones first.
const LEVELS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

struct Rest<'a> {
    text: &'a str,
}

impl Rest<'_> {
    fn take(&mut self, operator: &str) -> bool {
        match self.text.strip_prefix(operator) {
            Some(rest) => {
                self.text = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|op| self.take(op)) {
            let right = self.binary(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<i64> {
        let minus = self.text.starts_with('-');
        if minus || self.text.starts_with('+') {
            let at_number =
                self.text.get(1..)?.starts_with(|c: char| c.is_ascii_digit() || c == '(');
            self.text = self.text.get(1..)?;
            let value = if at_number { self.unary()? } else { return None };
            return if minus { value.checked_neg() } else { Some(value) };
        }
        if self.take("~") {
            return Some(!self.unary()?);
        }
        if self.take("(") {
            let value = self.binary(0)?;
            return self.take(")").then_some(value);
        }
        self.number()
    }

    fn number(&mut self) -> Option<i64> {
        let end = self.text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.text.len());
        let (digits, rest) = self.text.split_at(end);
        self.text = rest.trim_start();
        let lower = digits.to_ascii_lowercase();
        if let Some(hex) = lower.strip_prefix("0x") {
            return i64::from_str_radix(hex, 16).ok();
        }
        let octal = digits.len() > 1 && digits.starts_with('0');
        i64::from_str_radix(digits, if octal { 8 } else { 10 }).ok()
    }
}

fn apply(operator: &str, left: i64, right: i64) -> Option<i64> {
    match operator {
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "&" => Some(left & right),
        "<<" => u32::try_from(right).ok().and_then(|by| left.checked_shl(by)),
        ">>" => u32::try_from(right).ok().and_then(|by| left.checked_shr(by)),
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("15*1024*1024", Some(15_728_640))]
    #[case(" 256 * 1024 ", Some(262_144))]
    #[case("1+2*3", Some(7))]
    #[case("(1 + 2) * 3", Some(9))]
    #[case("10-3-2", Some(5))]
    #[case("1<<4|1", Some(17))]
    #[case("0x10 + 010", Some(24))]
    #[case("-3 + 1", Some(-2))]
    #[case("7/2%2", Some(1))]
    #[case("~0", Some(-1))]
    #[case("1/0", None)]
    #[case("x+1", None)]
    #[case("1 ? 2 : 3", None)]
    #[case("1 == 1", None)]
    #[case("", None)]
    #[case("9223372036854775807+1", None)]
    fn values(#[case] text: &str, #[case] want: Option<i64>) {
        assert_eq!(evaluate(text), want);
    }
}
