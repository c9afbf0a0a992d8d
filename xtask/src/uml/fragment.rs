//! The configuration fragment, and whether a kernel took it.
//!
//! kbuild drops a symbol that a version does not have, or whose dependencies are not met, without a
//! word; so what came out is compared with what was wanted.

use std::collections::BTreeMap;

/// The fragment every kernel is configured from.
pub(crate) const FRAGMENT: &str = include_str!("../../uml/fragment.config");

/// How the comment of a group begins whose symbols a kernel may lack.
const MAY_BE_MISSING: &str = "# If there:";

/// One symbol of the fragment.
#[derive(Debug, PartialEq, Eq)]
struct Wanted<'a> {
    symbol: &'a str,
    value: &'a str,
    optional: bool,
}

/// How a configuration differs from what was wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// Symbols this kernel does not have, and need not have
    pub(crate) lacking: Vec<String>,
    /// `CONFIG_TUN=y (is n)`: must be there and is not
    pub(crate) refused: Vec<String>,
}

/// Compares a `.config` with what the fragment and `hz` want.
pub(crate) fn differences(fragment: &str, hz: u32, config: &str) -> Differences {
    let values: BTreeMap<_, _> = config.lines().filter_map(assignment).collect();
    let hz = hz.to_string();
    let hz = Wanted { symbol: "CONFIG_HZ", value: &hz, optional: false };
    let mut found = Differences::default();
    for Wanted { symbol, value, optional } in wanted(fragment).into_iter().chain([hz]) {
        let is = values.get(symbol).copied().unwrap_or("n");
        if is == value {
        } else if optional {
            found.lacking.push(symbol.to_owned());
        } else {
            found.refused.push(format!("{symbol}={value} (is {is})"));
        }
    }
    found
}

/// The symbols of a fragment, in order.
fn wanted(fragment: &str) -> Vec<Wanted<'_>> {
    let mut optional = false;
    let mut all = Vec::new();
    for line in fragment.lines() {
        if line.is_empty() {
            optional = false;
        } else if line.starts_with(MAY_BE_MISSING) {
            optional = true;
        } else if let Some((symbol, value)) = assignment(line) {
            all.push(Wanted { symbol, value, optional });
        }
    }
    all
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    line.split_once('=').filter(|(symbol, _)| symbol.starts_with("CONFIG_"))
}

#[cfg(test)]
mod tests;
