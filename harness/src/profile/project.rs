//! `synproof.toml`: the profile and the expected results of the scripts below a directory.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::target::IpVersion;

/// Name of the file, looked for from a script's directory upwards.
pub const PROJECT_FILE: &str = "synproof.toml";

/// A `synproof.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Directory it stands in.
    pub dir: PathBuf,
    /// Name or path (relative to `dir`) of the profile.
    pub profile: Option<String>,
    /// Expected results.
    pub expect: Vec<ExpectEntry>,
}

/// One `[[expect]]` of a project or one `[[divergence]]` of a target: a script that fails on some
/// targets, and why.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ExpectEntry {
    /// Identifier for reports (`D-0007`).
    #[serde(default)]
    pub id: Option<String>,
    /// Pattern of the path relative to the directory of the file it is written in.
    pub script: String,
    /// Targets it applies to: `stack`, `linux >= 6.1`; empty means all.
    #[serde(default)]
    pub targets: Vec<String>,
    /// IP versions it applies to; empty means all.
    #[serde(default)]
    pub ip: Vec<IpVersion>,
    /// Class the failure must have; none means any failure of the target.
    #[serde(default)]
    pub class: Option<crate::engine::outcome::Class>,
    /// Why it is expected.
    pub reason: String,
}

/// What is wrong with a `synproof.toml`.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML of the right shape.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// What and where, on several lines.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    expect: Vec<ExpectEntry>,
}

/// The nearest [`PROJECT_FILE`] in `dir` or above it.
///
/// # Errors
/// There is one, and it is wrong.
pub fn find_project(dir: &Path) -> Result<Option<Project>, ProjectError> {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    let found = absolute.ancestors().map(|a| a.join(PROJECT_FILE)).find(|p| p.is_file());
    let Some(path) = found else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|source| ProjectError::Read { path: path.clone(), source })?;
    Project::parse(&text, &path).map(Some)
}

impl Project {
    /// Reads the text of the file `path`.
    ///
    /// # Errors
    /// It is not TOML of the right shape.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProjectError> {
        let raw: Raw = toml::from_str(text).map_err(|error| ProjectError::Syntax {
            path: path.to_path_buf(),
            message: error.to_string(),
        })?;
        let dir = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Ok(Self { dir, profile: raw.profile, expect: raw.expect })
    }
}
