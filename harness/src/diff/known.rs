//! Differences between two targets that are recorded: `[[difference]]` in `specs/divergences`.

use serde::{Deserialize, Deserializer, Serialize};

use super::verdict::Class;
use crate::profile::{SPECS, glob_match};
use crate::target::pattern::matches_target;
use crate::target::{IpVersion, TargetInfo};

/// A recorded difference: between which targets, where, and who is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// `D-0101`.
    pub id: String,
    /// The two sides, as patterns of targets.
    pub between: [String; 2],
    /// Patterns of paths, below `specs/scripts` for our own: one, or a list. None means any script.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<String>,
    /// IP versions it shows with; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip: Vec<IpVersion>,
    /// Pattern of [`Class::state`].
    #[serde(default = "any")]
    pub state: String,
    /// Pattern of [`Class::event`].
    #[serde(default = "any")]
    pub event: String,
    /// Pattern of [`Class::rule`], `left` and `right` as in `between`.
    #[serde(default = "any")]
    pub rule: String,
    /// Pattern of [`Class::field`].
    #[serde(default = "any")]
    pub field: String,
    /// It shows in some runs only, and so is never stale: `reason` says what that depends on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sometimes: bool,
    /// Which side does what the RFC says.
    pub rfc: Rfc,
    /// What is made of it.
    pub verdict: Judged,
    /// Section of an RFC, function of Linux.
    pub source: String,
    /// What either side does, and why.
    pub reason: String,
}

/// Which side does what the RFC says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rfc {
    /// The first of `between`.
    First,
    /// The second.
    Second,
    /// Both: it leaves the choice.
    Both,
    /// Neither.
    Neither,
    /// It says nothing about it.
    Silent,
}

/// What is made of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// It stays.
    Accepted,
    /// A fault of the first side, to be mended.
    FaultOfFirst,
    /// A fault of the second side, to be mended.
    FaultOfSecond,
    /// One kernel does it otherwise than another.
    Changed,
}

impl Rfc {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::First => "the first",
            Self::Second => "the second",
            Self::Both => "both",
            Self::Neither => "neither",
            Self::Silent => "it does not say",
        }
    }
}

impl Judged {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Accepted => "it stays",
            Self::FaultOfFirst => "a fault of the first",
            Self::FaultOfSecond => "a fault of the second",
            Self::Changed => "changed between the two",
        }
    }
}

fn any() -> String {
    "*".to_owned()
}

/// A pattern, or a list of patterns.
fn one_or_many<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Patterns {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Patterns::deserialize(input)? {
        Patterns::One(pattern) => vec![pattern],
        Patterns::Many(patterns) => patterns,
    })
}

/// The lists are not of the right shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("specs/{file}: {message}")]
pub struct KnownError {
    /// Which file.
    pub file: String,
    /// What and where.
    pub message: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    difference: Vec<Recorded>,
}

/// All recorded differences, sorted by file.
///
/// # Errors
/// A file that is not of the right shape.
pub fn recorded() -> Result<Vec<Recorded>, KnownError> {
    let files = SPECS.get_dir("divergences").into_iter().flat_map(include_dir::Dir::files);
    let mut files: Vec<_> =
        files.filter(|f| f.path().extension().is_some_and(|e| e == "toml")).collect();
    files.sort_by_key(|f| f.path());
    let mut all = Vec::new();
    for file in files {
        let parsed: File =
            toml::from_str(file.contents_utf8().unwrap_or_default()).map_err(|error| {
                KnownError { file: file.path().display().to_string(), message: error.to_string() }
            })?;
        all.extend(parsed.difference);
    }
    Ok(all)
}

/// How a recorded difference stands to a pair of targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// Which.
    pub recorded: &'a Recorded,
    /// The first of `between` is the right side.
    pub swapped: bool,
}

impl Recorded {
    /// Whether it is about these two targets.
    #[must_use]
    pub fn between(&self, left: &TargetInfo, right: &TargetInfo) -> Option<Known<'_>> {
        let [first, second] = &self.between;
        let are = |l: &str, r: &str| matches_target(l, left) && matches_target(r, right);
        if are(first, second) {
            return Some(Known { recorded: self, swapped: false });
        }
        are(second, first).then_some(Known { recorded: self, swapped: true })
    }

    /// It names its scripts and always shows, so that a run of them can tell that it is gone.
    #[must_use]
    pub fn can_be_stale(&self) -> bool {
        !self.script.is_empty() && !self.sometimes
    }

    /// Whether it is about a script, by the path that lists have, with an IP version.
    #[must_use]
    pub fn is_about(&self, path: &str, ip: IpVersion) -> bool {
        let inside = path.split_once("specs/scripts/").map_or(path, |(_, inside)| inside);
        let is_named = |pattern: &String| {
            glob_match(pattern, inside) || glob_match(&format!("*/{pattern}"), inside)
        };
        let script = self.script.is_empty() || self.script.iter().any(is_named);
        script && (self.ip.is_empty() || self.ip.contains(&ip))
    }
}

impl Known<'_> {
    /// Whether it is of this class.
    #[must_use]
    pub fn is_of(self, class: &Class) -> bool {
        let rule = match (self.swapped, class.rule.as_str()) {
            (true, "left-only") => "right-only",
            (true, "right-only") => "left-only",
            (_, rule) => rule,
        };
        let Recorded { state, event, rule: wanted, field, .. } = self.recorded;
        glob_match(state, &class.state)
            && glob_match(event, &class.event)
            && glob_match(wanted, rule)
            && glob_match(field, &class.field)
    }
}

/// The first of `all` that says this difference.
#[must_use]
pub fn known<'a>(
    all: &'a [Recorded],
    (left, right): (&TargetInfo, &TargetInfo),
    (path, ip): (&str, IpVersion),
    class: &Class,
) -> Option<&'a Recorded> {
    let about = all.iter().filter(|entry| entry.is_about(path, ip));
    let of = |entry: &&Recorded| entry.between(left, right).is_some_and(|known| known.is_of(class));
    about.into_iter().find(of)
}

#[cfg(test)]
mod tests;
