//! Names of targets in lists of what is expected of them: `linux`, `stack`, `linux >= 6.2 < 6.13`.

use super::TargetInfo;

/// Whether `pattern` (`linux`, `linux:veth`, `linux >= 6.1`, `linux >= 6.2 < 6.13`) names `target`. A name without a
/// colon names all of its kinds; `linux` names every Linux kernel, `uml` too.
#[must_use]
pub fn matches_target(pattern: &str, target: &TargetInfo) -> bool {
    let mut words = pattern.split_whitespace();
    let same_name = words.next().is_some_and(|name| {
        let is = |name: &str| {
            let kind = target.name.strip_prefix(name);
            kind.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        is(name) || (name == "linux" && is("uml"))
    });
    let have = numbers(&target.version);
    let bounds: Vec<_> = words.collect();
    // Of a target that cannot be asked no version is known, and no bound holds.
    same_name
        && (bounds.is_empty() || !have.is_empty())
        && bounds.chunks(2).all(|bound| within(&have, bound))
}

/// Whether a version keeps to `[operator, version]`.
fn within(have: &[u64], bound: &[&str]) -> bool {
    let &[operator, version] = bound else { return false };
    let want = numbers(version);
    match operator {
        ">=" => have >= want.as_slice(),
        ">" => have > want.as_slice(),
        "<=" => have <= want.as_slice(),
        "<" => have < want.as_slice(),
        "==" => have == want.as_slice(),
        _ => false,
    }
}

/// The leading numbers of a version: `6.18.5-generic` is 6, 18, 5.
fn numbers(version: &str) -> Vec<u64> {
    let leading = version.split(|c: char| !(c.is_ascii_digit() || c == '.')).next();
    leading.unwrap_or_default().split('.').map_while(|n| n.parse().ok()).collect()
}
