//! Names of constants: what `SOL_TCP` or `EAGAIN` is as a number, and what number 11 is called.
//!
//! Values are Linux's everywhere, also on targets that are no Linux: a target translates.

mod errno;
mod freebsd;
mod linux;

#[cfg(test)]
mod tests;

use errno::{ALIASES, NAMES};
use linux::CONSTANTS;

/// Value of a constant or error name. [`None`] for a name nobody knows and for one that
/// [`is_freebsd_only`].
#[must_use]
pub fn lookup(name: &str) -> Option<i64> {
    let found = CONSTANTS.binary_search_by_key(&name, |(known, _)| known).ok();
    let constant = found.and_then(|at| CONSTANTS.get(at)).map(|(_, value)| *value);
    constant.or_else(|| errno_from_name(name).map(i64::from))
}

/// `EAGAIN` for 11. Numbers with two names have the one that `strerror` tables list first.
#[must_use]
pub fn errno_name(number: i32) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&number, |(known, _)| *known).ok()?;
    NAMES.get(at).map(|(_, name)| *name)
}

/// 11 for `EAGAIN` and for `EWOULDBLOCK`.
#[must_use]
pub fn errno_from_name(name: &str) -> Option<i32> {
    let first = NAMES.iter().find(|(_, known)| *known == name).map(|(number, _)| *number);
    first.or_else(|| ALIASES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number))
}

/// The name exists on FreeBSD and has no value on Linux.
#[must_use]
pub fn is_freebsd_only(name: &str) -> bool {
    freebsd::NAMES.binary_search(&name).is_ok()
}

/// The known name that differs least from `name`, if it is close enough to be what was meant.
#[must_use]
pub fn closest(name: &str) -> Option<&'static str> {
    let known = CONSTANTS.iter().map(|(known, _)| *known);
    let errors = NAMES.iter().map(|(_, known)| *known);
    closest_of(name, known.chain(errors))
}

/// The one of `known` that differs least from `name`, if it is close enough.
pub(super) fn closest_of<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.len() / 4).clamp(1, 3);
    known
        .map(|known| (distance(name, known), known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

/// Edit distance: insertions, deletions and replacements of one byte.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
