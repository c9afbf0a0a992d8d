//! Mutants of the stack that no script notices, and why: `specs/mutants.toml`.

use serde::Deserialize;

use crate::profile::SPECS;

/// Where they are written down, below `specs`.
const FILE: &str = "mutants.toml";

/// A mutant that is known to survive.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survivor {
    /// Its name.
    pub name: String,
    /// Why nobody outside the stack can see it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivors {
    #[serde(default)]
    survivor: Vec<Survivor>,
}

/// All of them, in the order of the file.
///
/// # Errors
/// The file is not of the right shape; what is wrong.
pub fn survivors() -> Result<Vec<Survivor>, String> {
    let text = SPECS.get_file(FILE).and_then(include_dir::File::contents_utf8).unwrap_or_default();
    let parsed: Survivors =
        toml::from_str(text).map_err(|error| format!("specs/{FILE}: {error}"))?;
    Ok(parsed.survivor)
}
