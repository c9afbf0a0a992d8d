//! Which crates of a fuzz program have their edges counted, and how rustc is told.
//!
//! libFuzzer looks at every counter of a program after each execution, and keeps an input for each new
//! one. So a program counts what it is there to exercise, and not what makes, reads and judges its
//! inputs. Flags for single crates are not stable in cargo; a `RUSTC_WORKSPACE_WRAPPER` is, and cargo
//! keeps what each wrapper built apart. The wrapper is this very program under another name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::root::root;

/// Edges, where they are in the code, and how often each was walked.
const EDGES: [&str; 4] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
];
/// What values were compared with, which tells mutations of bytes what to write.
const COMPARES: &str = "-Cllvm-args=-sanitizer-coverage-trace-compares";

/// Programs that count the same.
#[derive(Debug)]
pub(super) struct Counting {
    /// Name of the wrapper.
    name: &'static str,
    /// Crates whose edges are counted.
    crates: &'static [&'static str],
    /// Comparisons are told, too. Mutations that know what an input is have no use for them.
    compares: bool,
    /// Which programs.
    programs: &'static [&'static str],
}

/// Each way to count.
pub(super) static COUNTINGS: [Counting; 2] = [
    Counting {
        name: "stack",
        crates: &["synproof_stack"],
        compares: false,
        programs: &[
            "api_sequence",
            "differential",
            "flat_bytes",
            "options_parse",
            "segment_parse",
            "segment_storm",
            "two_peers",
        ],
    },
    Counting {
        name: "harness",
        crates: &["synproof_harness", "synproof_fuzz"],
        compares: true,
        programs: &["canary", "packet_roundtrip", "script_parse"],
    },
];

impl Counting {
    /// What of `programs` counts so.
    pub(super) fn of<'a>(&self, programs: &'a [String]) -> Vec<&'a str> {
        let named = programs.iter().map(String::as_str);
        named.filter(|program| self.programs.contains(program)).collect()
    }
}

/// Makes the wrapper in `dir`.
///
/// # Errors
/// Where it cannot be put.
pub(super) fn wrapper(counting: &Counting, dir: &Path) -> Result<PathBuf> {
    let dir = root().join(dir).join(DIR);
    std::fs::create_dir_all(&dir).with_context(|| format!("failed to make {}", dir.display()))?;
    let (link, new) = (dir.join(counting.name), dir.join(format!("{}.new", counting.name)));
    let this = std::env::current_exe().context("what program is this?")?;
    let _none_there = std::fs::remove_file(&new);
    std::os::unix::fs::symlink(this, &new)
        .and_then(|()| std::fs::rename(&new, &link))
        .with_context(|| format!("failed to link {}", link.display()))?;
    Ok(link)
}

/// Where wrappers are, and what they are known by.
const DIR: &str = "sancov";

/// Runs rustc, if this program was called as a wrapper.
pub(crate) fn as_wrapper() -> Option<ExitCode> {
    let mut args = std::env::args_os();
    let name = PathBuf::from(args.next()?);
    name.parent().filter(|dir| dir.ends_with(DIR))?;
    let counting = COUNTINGS.iter().find(|counting| name.ends_with(counting.name))?;
    let rustc = args.next()?;
    let args: Vec<OsString> = args.collect();
    let mut command = Command::new(rustc);
    command.args(&args).args(flags(counting, &args));
    let status = command.status().ok()?;
    Some(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
    )
}

/// What the crate that these arguments build is built with besides.
fn flags(counting: &Counting, args: &[OsString]) -> Vec<&'static str> {
    let named = args.windows(2).find_map(|pair| match pair {
        [option, name] if option == "--crate-name" => name.to_str(),
        _ => None,
    });
    if !named.is_some_and(|name| counting.crates.contains(&name)) {
        return Vec::new();
    }
    let compares = counting.compares.then_some(COMPARES);
    EDGES.into_iter().chain(compares).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(name: &str) -> Vec<OsString> {
        ["--crate-name", name, "--edition=2024"].map(OsString::from).to_vec()
    }

    #[test]
    fn only_named_crates_are_counted() {
        let [stack, harness] = &COUNTINGS;
        assert!(flags(stack, &args("synproof_harness")).is_empty());
        assert!(flags(stack, &[OsString::from("-vV")]).is_empty());
        assert_eq!(flags(stack, &args("synproof_stack")), EDGES);
        assert_eq!(flags(harness, &args("synproof_fuzz")).last(), Some(&COMPARES));
    }

    #[test]
    fn every_program_counts_in_one_way() {
        let mut listed: Vec<_> = COUNTINGS.iter().flat_map(|counting| counting.programs).collect();
        listed.sort();
        assert_eq!(crate::fuzz::build::names().unwrap().iter().collect::<Vec<_>>(), listed);
    }
}
