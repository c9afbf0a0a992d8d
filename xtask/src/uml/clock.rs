//! The resolution of the clock in virtual time: one nanosecond.
//!
//! In time travel User-Mode Linux reads its clock in steps of `TIMER_MULTIPLIER` (256) nanoseconds,
//! and every reading adds a step. What is left over of a step depends on everything that ever
//! happened in the machine, and shows as a microsecond here and there. With steps of one nanosecond
//! nothing is left over: timers fire on the nanosecond they were set to.
//!
//! The tree stays as it is: the compiler finds our copy of the one header before the tree's.

use std::ffi::OsString;
use std::path::Path;

/// The header, below a directory with headers.
pub(crate) const HEADER: &str = "linux/time-internal.h";

/// Where the tree has it.
pub(crate) const IN_TREE: &str = "arch/um/include/linux/time-internal.h";

/// The line we replace it with.
pub(crate) const STEP: &str = "#define TIMER_MULTIPLIER 1";

/// The header with steps of one nanosecond; None where it does not define any.
pub(crate) fn with_fine_steps(header: &str) -> Option<String> {
    let is_step = |line: &&str| line.starts_with("#define TIMER_MULTIPLIER");
    let step = header.lines().find(is_step)?;
    Some(header.replacen(step, STEP, 1))
}

/// kbuild's `NOSTDINC_FLAGS`, which come before all of its own directories, with `ours` in front.
/// Kernels up to 5.14 want the compiler's headers too.
pub(crate) fn search_first(ours: &Path) -> OsString {
    let mut flags = OsString::from("-nostdinc -I");
    flags.push(ours);
    flags.push(" -isystem $(shell $(CC) -print-file-name=include)");
    flags
}

#[cfg(test)]
mod tests {
    use super::with_fine_steps;

    #[test]
    fn the_step_is_replaced() {
        let kernel = "/* x */\n#define TIMER_MULTIPLIER 256\n#define OTHER 1\n";
        let ours = "/* x */\n#define TIMER_MULTIPLIER 1\n#define OTHER 1\n";
        assert_eq!(with_fine_steps(kernel).as_deref(), Some(ours));
        assert_eq!(with_fine_steps("#define OTHER 1\n"), None);
    }
}
