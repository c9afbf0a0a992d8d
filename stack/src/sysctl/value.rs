//! The kinds of value a knob can have: how each is read, checked and printed.

use std::fmt::Display;

/// Why a value was refused; the knob's name is added by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    OutOfRange,
    ReadOnly,
}

/// A value that can be read from and printed as sysctl text.
pub(super) trait Value: Sized {
    /// What `min ..= max` is made of.
    type Bound;
    fn parse(text: &str, range: &std::ops::RangeInclusive<Self::Bound>) -> Result<Self, Refusal>;
    fn show(&self) -> String;
}

/// Reads a number in C's notation: `0x` is hexadecimal, a leading `0` octal (Linux: strtoul with
/// base 0).
fn number<T: TryFrom<i128> + PartialOrd>(
    text: &str,
    range: &std::ops::RangeInclusive<T>,
) -> Result<T, Refusal> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (radix, digits) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(hex) => (16, hex),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Refusal::Malformed);
    }
    let magnitude = i128::from_str_radix(digits, radix).map_err(|_| Refusal::OutOfRange)?;
    let value = T::try_from(if negative { -magnitude } else { magnitude }).ok();
    value.filter(|value| range.contains(value)).ok_or(Refusal::OutOfRange)
}

macro_rules! plain_numbers {
    ($($ty:ty),*) => { $(
        impl Value for $ty {
            type Bound = $ty;
            fn parse(
                text: &str,
                range: &std::ops::RangeInclusive<$ty>,
            ) -> Result<Self, Refusal> {
                number(text, range)
            }
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

plain_numbers!(u8, i32, u32, u64);

fn join<T: Display>(values: impl IntoIterator<Item = T>, separator: &str) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(separator)
}

/// Minimum, default and maximum, as tcp_rmem, tcp_wmem and tcp_mem have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triple {
    /// Never less than this, even under memory pressure.
    pub min: u64,
    /// What a new socket starts with.
    pub default: u64,
    /// The most auto-tuning may give.
    pub max: u64,
}

impl Value for Triple {
    type Bound = u64;
    fn parse(text: &str, range: &std::ops::RangeInclusive<u64>) -> Result<Self, Refusal> {
        let values =
            text.split_whitespace().map(|w| number(w, range)).collect::<Result<Vec<_>, _>>()?;
        match values[..] {
            [min, default, max] => Ok(Self { min, default, max }),
            _ => Err(Refusal::Malformed),
        }
    }
    fn show(&self) -> String {
        join([self.min, self.default, self.max], "\t")
    }
}

/// First and last local port, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// First port of the range.
    pub low: u16,
    /// Last port of the range.
    pub high: u16,
}

impl Value for PortRange {
    type Bound = u16;
    fn parse(text: &str, range: &std::ops::RangeInclusive<u16>) -> Result<Self, Refusal> {
        let values =
            text.split_whitespace().map(|w| number(w, range)).collect::<Result<Vec<_>, _>>()?;
        match values[..] {
            [low, high] if low <= high => Ok(Self { low, high }),
            [_, _] => Err(Refusal::OutOfRange),
            _ => Err(Refusal::Malformed),
        }
    }
    fn show(&self) -> String {
        join([self.low, self.high], "\t")
    }
}

/// Ranges of ports, e.g. `8080,9148-9150`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet(Vec<PortRange>);

impl PortSet {
    /// The port is in one of the ranges.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|range| (range.low..=range.high).contains(&port))
    }
}

impl Value for PortSet {
    type Bound = u16;
    fn parse(text: &str, range: &std::ops::RangeInclusive<u16>) -> Result<Self, Refusal> {
        let items = text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty());
        let one = |item: &str| {
            let (low, high) = item.split_once('-').unwrap_or((item, item));
            let (low, high) = (number(low, range)?, number(high, range)?);
            if low <= high { Ok(PortRange { low, high }) } else { Err(Refusal::OutOfRange) }
        };
        let mut ranges = items.map(one).collect::<Result<Vec<_>, _>>()?;
        ranges.sort_by_key(|range| range.low);
        Ok(Self(ranges))
    }
    fn show(&self) -> String {
        let one = |range: &PortRange| {
            if range.low == range.high {
                range.low.to_string()
            } else {
                format!("{}-{}", range.low, range.high)
            }
        };
        join(self.0.iter().map(one), ",")
    }
}

/// One name, or several separated by spaces: congestion control algorithms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Names {
    pub(super) fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|&name| name.to_owned()).collect())
    }

    /// The list has this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }
}

impl Value for Names {
    /// `max` is the number of names, at least `min`.
    type Bound = usize;
    fn parse(text: &str, range: &std::ops::RangeInclusive<usize>) -> Result<Self, Refusal> {
        let names: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        if range.contains(&names.len()) { Ok(Self(names)) } else { Err(Refusal::Malformed) }
    }
    fn show(&self) -> String {
        self.0.join(" ")
    }
}

/// A number whose writing has a consequence, even if the value stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The number.
    pub value: i32,
    /// Written, and the consequence has not been drawn.
    pub(crate) is_new: bool,
}

impl Written {
    pub(super) const fn of(value: i32) -> Self {
        Self { value, is_new: true }
    }
}

impl Value for Written {
    type Bound = i32;
    fn parse(text: &str, range: &std::ops::RangeInclusive<i32>) -> Result<Self, Refusal> {
        number(text, range).map(Self::of)
    }
    fn show(&self) -> String {
        self.value.to_string()
    }
}

/// Keys of Fast Open cookies: one or two, each four groups of eight hexadecimal digits. Without
/// one it reads as zeros.
impl Value for Vec<[u8; 16]> {
    type Bound = usize;
    fn parse(text: &str, range: &std::ops::RangeInclusive<usize>) -> Result<Self, Refusal> {
        let keys = text.split(',').map(key).collect::<Option<Self>>().ok_or(Refusal::Malformed)?;
        if range.contains(&keys.len()) { Ok(keys) } else { Err(Refusal::OutOfRange) }
    }
    fn show(&self) -> String {
        if self.is_empty() { show_key(&[0; 16]) } else { join(self.iter().map(show_key), ",") }
    }
}

/// The kernel keeps each group as a little-endian word.
fn key(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<_> = text.trim().split('-').collect();
    let words = groups.iter().map(|group| {
        let digits = group.bytes().all(|b| b.is_ascii_hexdigit());
        u32::from_str_radix(group, 16).ok().filter(|_| digits && group.len() <= 8)
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_le_bytes);
    bytes.collect::<Vec<_>>().try_into().ok()
}

fn show_key(key: &[u8; 16]) -> String {
    let (words, _) = key.as_chunks::<4>();
    join(words.iter().map(|&word| format!("{:08x}", u32::from_le_bytes(word))), "-")
}
