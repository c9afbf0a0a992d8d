//! `synproof explain SCRIPT[:LINE]`: from a line that failed to what it is about: the requirement, the
//! code that satisfies it, and the function of Linux.

use std::fmt::Write as _;

use super::line::function_of;
use super::sources::{of_function, sites_of};
use crate::profile::SPECS;
use crate::registry::explain::CodeSite;
use crate::registry::requirement::{Claim, Requirement, claims_of, requirements};

/// Where the scripts that are part of the binary lie.
const SUITES: [&str; 2] = ["scripts", "regressions"];
/// So many lines of code are told for one function.
const SITES: usize = 4;

/// A script as reports name it, and a line of it.
struct Named {
    path: String,
    text: String,
    line: Option<usize>,
}

/// What the script is about; none if `word` names no script.
///
/// # Errors
/// The script has no such line.
pub(super) fn of_script(word: &str) -> Result<Option<String>, String> {
    let Some(Named { path, text, line }) = find(word) else { return Ok(None) };
    let mut out = format!("{path}\n");
    for comment in text.lines().map_while(|line| line.strip_prefix("//")) {
        if !comment.starts_with('!') {
            let _ = writeln!(out, "  {}", comment.trim());
        }
    }
    if let Some(line) = line {
        let said = line.checked_sub(1).and_then(|at| text.lines().nth(at));
        let lines = text.lines().count();
        let said = said.ok_or_else(|| format!("{path} has no line {line}: it has {lines}"))?;
        let _ = writeln!(out, "  line {line}: {}", said.trim());
        if let Some(function) = function_of(said) {
            let _ = writeln!(out, "    goes to Linux: {function}");
            out += &code(&of_function(function));
        }
    }
    let known = requirements();
    for (claim, id) in claims_of(&text) {
        out += &requirement(claim, id, known.iter().find(|row| row.id == id));
        out += &code(&sites_of(id));
    }
    let functions = text.lines().filter_map(|line| line.strip_prefix("//! linux:"));
    for function in functions.flat_map(|names| names.split(',')).map(str::trim) {
        let _ = writeln!(out, "  Linux: {function}");
        out += &code(&of_function(function));
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("//! xfail")) {
        let _ = writeln!(out, "  expected to fail {}", line.trim());
    }
    let _ = writeln!(out, "  again: synproof run {path}");
    Ok(Some(out))
}

/// `close/active`, `specs/scripts/close/active.pkt:12:3` or a path of one's own.
fn find(word: &str) -> Option<Named> {
    let mut parts = word.split(':');
    let name = parts.next().unwrap_or_default();
    let line = parts.next().and_then(|line| line.parse().ok());
    let own = std::fs::read_to_string(name).ok().filter(|_| name.ends_with(".pkt"));
    if let Some(text) = own {
        return Some(Named { path: name.to_owned(), text, line });
    }
    let name = name.trim_start_matches("specs/").trim_end_matches(".pkt");
    let within = SUITES.iter().map(|suite| format!("{suite}/{name}.pkt"));
    let places = std::iter::once(format!("{name}.pkt")).chain(within);
    places.into_iter().find_map(|place| {
        let text = SPECS.get_file(&place)?.contents_utf8()?.to_owned();
        Some(Named { path: format!("specs/{place}"), text, line })
    })
}

fn requirement(claim: Claim, id: &str, row: Option<&Requirement>) -> String {
    let verb = if claim == Claim::Covers { "proves" } else { "shows what is done instead of" };
    let Some(Requirement { level, section, summary, .. }) = row else {
        return format!("  {verb} {id}, which no list has\n");
    };
    format!("  {verb} {id}: {level}, section {section}\n    {summary}\n")
}

fn code(found: &[CodeSite]) -> String {
    let mut out = String::new();
    for CodeSite { place, text } in found.iter().take(SITES) {
        let _ = writeln!(out, "    code {place}: {text}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_line_leads_to_requirement_and_function() {
        let said = of_script("specs/scripts/state/time_wait/timeout.pkt:8:1").unwrap().unwrap();
        assert!(said.starts_with("specs/scripts/state/time_wait/timeout.pkt\n"), "{said}");
        assert!(said.contains("proves RFC9293:MUST-13"), "{said}");
        assert!(said.contains("\n  line 8: "), "{said}");
    }

    #[test]
    fn scripts_go_by_the_names_of_reports() {
        let said = |word: &str| of_script(word).unwrap();
        assert!(said("close/active").is_some_and(|said| said.contains("Linux: ")));
        assert!(said("0001-request-outlives-listener").is_some());
        assert_eq!(said("close/nothing"), None);
        let why = of_script("close/active:999").unwrap_err();
        assert!(why.starts_with("specs/scripts/close/active.pkt has no line 999"), "{why}");
    }
}
