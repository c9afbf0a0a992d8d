//! IP addresses as tokens. An IPv6 address needs `::` or all seven colons, so that the `1:1001` of a
//! sequence range stays three tokens.

use super::count;

/// Longest address: `ffff:…:ffff:` with an embedded IPv4 address. Longer runs are cut here.
const LONGEST: usize = 64;

/// Length of a dotted quad at the start, 0 if there is none. Values are not looked at.
pub(super) fn ipv4(bytes: &[u8]) -> usize {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if bytes.get(at) != Some(&b'.') {
                return 0;
            }
            at += 1;
        }
        let digits = count(bytes.get(at..).unwrap_or_default(), |b| b.is_ascii_digit());
        if digits == 0 {
            return 0;
        }
        at += digits;
    }
    at
}

/// Length of the longest IPv6 address at the start, 0 if there is none.
pub(super) fn ipv6(rest: &str) -> usize {
    // Most tokens are words and numbers, behind which no colon comes.
    let group = count(rest.as_bytes(), |b| b.is_ascii_hexdigit());
    if rest.as_bytes().get(group) != Some(&b':') {
        return 0;
    }
    let run = count(rest.as_bytes(), |b| b.is_ascii_hexdigit() || b == b':' || b == b'.');
    let run = rest.get(..run.min(LONGEST)).unwrap_or_default();
    let colons = run.bytes().filter(|&b| b == b':').count();
    if colons < 2 || (colons < 7 && !run.contains("::")) {
        return 0;
    }
    (2..=run.len()).rev().find(|&len| run.get(..len).is_some_and(is_shape)).unwrap_or(0)
}

/// The text has the shape of an address (groups of up to four digits, one gap).
fn is_shape(text: &str) -> bool {
    let Some((left, right)) = text.split_once("::") else {
        return groups(text) == Some(8);
    };
    if right.contains("::") {
        return false;
    }
    if right.contains('.') {
        return is_embedded(left, right);
    }
    match (groups(left), groups(right)) {
        (Some(before), Some(after)) => before + after <= 7,
        _ => false,
    }
}

/// `::ffff:1.2.3.4`, `::ffff:0:1.2.3.4`, `64:ff9b::1.2.3.4`.
fn is_embedded(left: &str, right: &str) -> bool {
    let quad = |text: &str| !text.is_empty() && ipv4(text.as_bytes()) == text.len();
    if !left.is_empty() {
        return groups(left).is_some_and(|n| n <= 4) && quad(right);
    }
    match right.strip_prefix("ffff:") {
        Some(rest) => match rest.split_once(':') {
            Some((zeros, rest)) => {
                (1..=4).contains(&zeros.len()) && zeros.bytes().all(|b| b == b'0') && quad(rest)
            }
            None => quad(rest),
        },
        None => false,
    }
}

/// Number of groups in `a:b:c`; 0 for empty text, [`None`] if it is no list of groups.
fn groups(text: &str) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    text.split(':')
        .map(|group| {
            let ok = (1..=4).contains(&group.len());
            ok && group.bytes().all(|b| b.is_ascii_hexdigit())
        })
        .try_fold(0, |n, ok| ok.then_some(n + 1))
}
