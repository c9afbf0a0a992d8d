//! What a script says about itself in `//! key: value` lines: with which IP versions it makes
//! sense, what it needs from a target; and the filters of the command line.

use crate::config::ip_version_option;
use crate::engine::needs::named;
use crate::profile::glob_match;
use crate::script::ast::{Metadata, Script};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Span;
use crate::target::{Capability, IpVersion};

/// `--filter`: a pattern if it has `*` or `?`, else text that must be part of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// From the text of the option.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether the script at `path` is selected.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        if !self.0.contains(['*', '?']) {
            return path.contains(&self.0);
        }
        // A pattern may name the end of a path: `syn_sent/*.pkt` matches wherever that is.
        glob_match(&self.0, path) || glob_match(&format!("*/{}", self.0), path)
    }
}

/// A wrong `//!` line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SelectError {
    /// Where.
    pub span: Span,
    /// Stable identifier.
    pub code: &'static str,
    /// What.
    pub message: String,
}

impl From<SelectError> for Diagnostic {
    fn from(error: SelectError) -> Self {
        Self::error(error.code, error.span, error.message)
    }
}

/// The IP versions a script restricts itself to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// None: any.
    Any,
    /// Only these.
    Only(Vec<IpVersion>),
}

impl Restriction {
    /// Whether `ip` is left.
    #[must_use]
    pub fn allows(&self, ip: IpVersion) -> bool {
        match self {
            Self::Any => true,
            Self::Only(versions) => versions.contains(&ip),
        }
    }
}

/// `//! ip: ipv4, ipv6` lines, or else the `--ip_version` option of the script.
///
/// # Errors
/// A name that is no IP version.
pub fn restriction(script: &Script) -> Result<Restriction, SelectError> {
    let mut versions = Vec::new();
    for (metadata, word) in words(script, "ip") {
        let version = [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6]
            .into_iter()
            .find(|v| v.name() == word)
            .ok_or_else(|| SelectError {
                span: metadata.span,
                code: "metadata::unknown-ip-version",
                message: format!("`{word}` is not an IP version (ipv4, ipv4-mapped-ipv6, ipv6)"),
            })?;
        versions.push(version);
    }
    if !versions.is_empty() {
        return Ok(Restriction::Only(versions));
    }
    Ok(ip_version_option(script).map_or(Restriction::Any, |v| Restriction::Only(vec![v])))
}

/// `//! needs: CAPABILITY, …` lines.
///
/// # Errors
/// A name that is no capability.
pub fn needs(script: &Script) -> Result<Vec<Capability>, SelectError> {
    named(script)
        .map(|(span, word, capability)| {
            capability.ok_or_else(|| SelectError {
                span,
                code: "metadata::unknown-capability",
                message: format!("`{word}` is not a capability of any target"),
            })
        })
        .collect()
}

fn words<'a>(
    script: &'a Script,
    key: &'a str,
) -> impl Iterator<Item = (&'a Metadata, &'a str)> + 'a {
    let lines = script.metadata.iter().filter(move |m| m.key == key);
    lines.flat_map(|m| {
        m.value.split([',', ' ']).filter(|w| !w.is_empty()).map(move |word| (m, word))
    })
}
