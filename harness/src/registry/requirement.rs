//! The requirements, as `specs/requirements/*.toml` has them, and who claims them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::profile::SPECS;
use crate::runner::discover_embedded;

/// One requirement of an RFC, or a behaviour that is Linux's own.
#[derive(Clone, Debug, Deserialize)]
pub struct Requirement {
    /// `RFC9293:MUST-12`.
    pub id: String,
    /// The key word.
    pub level: String,
    /// Section of the RFC; for Linux's own, the kernel's function.
    pub section: String,
    /// In our own words.
    pub summary: String,
    /// What Linux does: conforms, deviates, partial, not-implemented.
    pub linux: Option<String>,
    /// More about what Linux does.
    pub note: Option<String>,
    /// tested, deviates, not-testable, todo.
    pub status: String,
    /// Why it cannot be tested.
    pub reason: Option<String>,
}

impl Requirement {
    /// `RFC9293`.
    #[must_use]
    pub fn rfc(&self) -> &str {
        self.id.split(':').next().unwrap_or(&self.id)
    }

    /// MUST or SHOULD, of doing or not doing.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"].contains(&self.level.as_str())
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    requirement: Vec<Requirement>,
}

/// All of them, by file and then in the order of the file.
#[must_use]
pub fn requirements() -> Vec<Requirement> {
    let directory = SPECS.get_dir("requirements").into_iter();
    let mut files: Vec<_> = directory.flat_map(include_dir::Dir::files).collect();
    files.sort_by_key(|file| file.path());
    let texts = files.into_iter().filter_map(|file| file.contents_utf8());
    // A test reads every file; what does not parse never leaves the repository.
    texts.filter_map(|text| toml::from_str::<File>(text).ok()).flat_map(|f| f.requirement).collect()
}

/// What a script says about a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// It fails where the requirement is violated.
    Covers,
    /// It shows what is done instead.
    Deviates,
}

/// Requirement to scripts, by name (`state/listen/rcv-syn`).
pub type Claims = BTreeMap<String, Vec<(Claim, String)>>;

/// What the scripts that are part of the binary claim.
#[must_use]
pub fn claims() -> Claims {
    let mut claims = Claims::new();
    for found in discover_embedded() {
        let Ok(source) = &found.text else { continue };
        for (claim, id) in claims_of(source.text()) {
            claims.entry(id.to_owned()).or_default().push((claim, script_name(&found.path)));
        }
    }
    claims
}

/// `specs/scripts/a/b.pkt` is `a/b`.
#[must_use]
pub fn script_name(path: &str) -> String {
    let inside = path.split_once("specs/scripts/").map_or(path, |(_, inside)| inside);
    inside.strip_suffix(".pkt").unwrap_or(inside).to_owned()
}

/// The claims in the text of a script.
pub fn claims_of(text: &str) -> impl Iterator<Item = (Claim, &str)> {
    text.lines().flat_map(|line| {
        let parts = line.strip_prefix("//!").and_then(|line| line.split_once(':'));
        let claim = parts.and_then(|(key, ids)| match key.trim() {
            "covers" => Some((Claim::Covers, ids)),
            "deviates" => Some((Claim::Deviates, ids)),
            _ => None,
        });
        claim.into_iter().flat_map(|(claim, ids)| {
            let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
            ids.map(move |id| (claim, id))
        })
    })
}
