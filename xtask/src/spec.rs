//! `cargo xtask spec`: the requirements of the RFCs, the scripts that prove them, and the code that
//! names them, held against each other.
//!
//! `specs/requirements/*.toml` lists the requirements. A script claims one with `//! covers: ID`, or
//! shows with `//! deviates: ID` that Linux does something else; code of the stack names one as
//! `[RFC9293:MUST-12]`. Every claim must be about a requirement that exists and says so, and every
//! requirement that is said to be tested must have a script.

mod table;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::root::{self, root};
use crate::shell::say;

const REQUIREMENTS: &str = "specs/requirements";
/// Not a list of requirements: where the transition table differs from the RFC's figure.
const OTHER: &str = "linux-edges.toml";

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    requirement: Vec<Requirement>,
}

/// One requirement.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    level: Level,
    /// Where in the RFC it stands; for Linux's own, the kernel's function.
    section: String,
    /// In our own words.
    summary: String,
    /// What Linux does. None where nobody has looked.
    linux: Option<Verdict>,
    /// More about what Linux does.
    note: Option<String>,
    status: Status,
    /// Why it cannot be tested.
    reason: Option<String>,
}

/// The key word of the text.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Level {
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "MUST NOT")]
    MustNot,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    #[serde(rename = "RECOMMENDED")]
    Recommended,
    #[serde(rename = "MAY")]
    May,
    /// A procedure or a format without a key word.
    #[serde(rename = "RULE")]
    Rule,
    #[serde(rename = "must(lc)")]
    LowerMust,
    #[serde(rename = "should(lc)")]
    LowerShould,
    /// An RFC that is no standard.
    #[serde(rename = "INFO")]
    Info,
    /// Linux's own.
    #[serde(rename = "LINUX")]
    Linux,
}

impl Level {
    /// MUST and SHOULD, of doing or not doing.
    fn is_strong(self) -> bool {
        matches!(self, Self::Must | Self::MustNot | Self::Should | Self::ShouldNot)
    }
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Conforms,
    Deviates,
    Partial,
    NotImplemented,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Status {
    /// A script fails where it is violated.
    Tested,
    /// A script shows that Linux violates it.
    Deviates,
    /// Nothing outside of the implementation can tell, or no script can say it.
    NotTestable,
    /// A script is missing.
    Todo,
}

/// Where a requirement is named: id to paths.
#[derive(Default)]
struct Claims {
    covers: BTreeMap<String, Vec<String>>,
    deviates: BTreeMap<String, Vec<String>>,
    code: BTreeMap<String, Vec<String>>,
}

/// Prints the table; with `todo`, what has no script yet. True when every claim holds.
pub(crate) fn spec(todo: bool) -> Result<bool> {
    let requirements = read()?;
    let claims = claims()?;
    let broken = broken(&requirements, &claims);
    say(&table::table(&requirements));
    if todo {
        for row in requirements.iter().filter(|row| row.status == Status::Todo) {
            say(&format!("todo: {} ({}): {}", row.id, row.section, row.summary));
        }
    }
    for error in &broken {
        say(&format!("spec: {error}"));
    }
    Ok(broken.is_empty())
}

fn read() -> Result<Vec<Requirement>> {
    let mut all = Vec::new();
    for source in root::sources("toml")? {
        let inside = source.path.strip_prefix(REQUIREMENTS).and_then(|path| path.strip_prefix('/'));
        if inside.is_some_and(|name| name != OTHER) {
            let file: File = toml::from_str(&source.text).with_context(|| source.path.clone())?;
            all.extend(file.requirement);
        }
    }
    anyhow::ensure!(
        !all.is_empty(),
        "no requirements below {}",
        root().join(REQUIREMENTS).display()
    );
    Ok(all)
}

fn claims() -> Result<Claims> {
    let mut claims = Claims::default();
    for script in root::sources("pkt")? {
        if !script.path.starts_with("specs/scripts/") {
            continue;
        }
        for line in script.text.lines() {
            let Some((key, ids)) = line.strip_prefix("//!").and_then(|line| line.split_once(':'))
            else {
                continue;
            };
            let to = match key.trim() {
                "covers" => &mut claims.covers,
                "deviates" => &mut claims.deviates,
                _ => continue,
            };
            for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
                to.entry(id.to_owned()).or_default().push(script.path.clone());
            }
        }
    }
    for source in root::sources("rs")? {
        if source.path.starts_with("stack/src/") {
            for id in tags(&source.text) {
                claims.code.entry(id.to_owned()).or_default().push(source.path.clone());
            }
        }
    }
    Ok(claims)
}

/// What stands in `[RFC…:…]`.
fn tags(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    inside.map(|(inside, _)| inside).filter(|id| id.starts_with("RFC") && id.contains(':'))
}

/// Everything that is said and not so.
fn broken(requirements: &[Requirement], claims: &Claims) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut errors = Vec::new();
    for row in requirements {
        if known.insert(row.id.as_str(), row).is_some() {
            errors.push(format!("{} is there twice", row.id));
        }
        errors.extend(row_errors(row, claims));
    }
    let named = [&claims.covers, &claims.deviates, &claims.code];
    for (id, places) in named.into_iter().flatten() {
        if !known.contains_key(id.as_str()) {
            errors.push(format!("{id} is no requirement: {}", places.join(", ")));
        }
    }
    errors
}

fn row_errors(row: &Requirement, claims: &Claims) -> Vec<String> {
    let id = &row.id;
    let (covers, deviates) = (claims.covers.get(id), claims.deviates.get(id));
    let conforms = matches!(row.linux, Some(Verdict::Conforms) | None);
    let rules = [
        (row.summary.is_empty() || row.section.is_empty(), "lacks a summary or a section"),
        (row.note.as_deref() == Some(""), "has an empty note"),
        (
            row.status == Status::Tested && covers.is_none(),
            "is said to be tested, and no script covers it",
        ),
        (
            row.status == Status::Deviates && deviates.is_none(),
            "is said to be shown, and no script shows it",
        ),
        (row.status != Status::Tested && covers.is_some(), "has a script: its status is `tested`"),
        (
            row.status != Status::Deviates && deviates.is_some() && covers.is_none(),
            "has a script that shows what Linux does: its status is `deviates`",
        ),
        (deviates.is_some() && conforms, "is shown to be violated, and Linux is said to conform"),
        (
            (row.status == Status::NotTestable) != row.reason.is_some(),
            "needs a reason exactly if it cannot be tested",
        ),
    ];
    let broken = rules.into_iter().filter(|(is_broken, _)| *is_broken);
    broken.map(|(_, what)| format!("{id} {what}")).collect()
}

#[cfg(test)]
mod tests;
