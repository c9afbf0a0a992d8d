//! Reads profiles: embedded ones by name, others by file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Value;

use super::embedded::SPECS;
use super::model::{FileRule, Layer, Profile};
use crate::config::{CliOptions, DEFAULT_SEED, Setting, SettingError};
use crate::target::IpVersion;

const IP_VERSIONS: [IpVersion; 3] = [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6];

/// Why there is no such profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Neither an embedded name nor a file.
    #[error("no profile `{name}`: neither one of {known} nor a file")]
    Unknown {
        /// As given.
        name: String,
        /// The embedded names.
        known: String,
    },
    /// The file could not be read.
    #[error("cannot read profile {path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML of the right shape.
    #[error("profile {path}: {message}")]
    Syntax {
        /// Which file.
        path: String,
        /// What and where, on several lines.
        message: String,
    },
    /// An option in it is wrong.
    #[error("profile {path}, {section}: {source}")]
    Option {
        /// Which file.
        path: String,
        /// `[options.ipv6]`, …
        section: String,
        /// What is wrong.
        #[source]
        source: SettingError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    description: String,
    ip_versions: Vec<IpVersion>,
    #[serde(default)]
    files: BTreeMap<String, Vec<IpVersion>>,
    #[serde(default)]
    defaults: toml::Table,
    #[serde(default)]
    options: toml::Table,
    #[serde(default)]
    sysctls: toml::Table,
}

/// The names of the embedded profiles, sorted.
#[must_use]
pub fn embedded_names() -> Vec<String> {
    let files = SPECS.get_dir("profiles").into_iter().flat_map(include_dir::Dir::files);
    let stems = files.filter(|f| f.path().extension().is_some_and(|e| e == "toml"));
    let mut names: Vec<_> =
        stems.filter_map(|f| Some(f.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

/// The profile called `name`: an embedded one, else the file of that path (relative to `dir`).
///
/// # Errors
/// There is none, or it is wrong.
pub fn load(name: &str, dir: &Path) -> Result<Profile, ProfileError> {
    let embedded = SPECS.get_file(format!("profiles/{name}.toml"));
    if let Some(text) = embedded.and_then(include_dir::File::contents_utf8) {
        return parse(text, &format!("specs/profiles/{name}.toml"));
    }
    let path = dir.join(name);
    if !path.is_file() {
        let known = embedded_names().join(", ");
        return Err(ProfileError::Unknown { name: name.to_owned(), known });
    }
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|source| ProfileError::Read { path: shown.clone(), source })?;
    parse(&text, &shown)
}

/// Reads the text of a profile; `path` is for messages.
///
/// # Errors
/// It is not TOML of the right shape, or one of its options is wrong.
pub fn parse(text: &str, path: &str) -> Result<Profile, ProfileError> {
    let syntax = |message: String| ProfileError::Syntax { path: path.to_owned(), message };
    let raw: Raw = toml::from_str(text).map_err(|error| syntax(error.to_string()))?;
    if raw.ip_versions.is_empty() {
        return Err(syntax("ip_versions is empty".into()));
    }
    let defaults = layer(&raw.defaults, "defaults", path)?;
    if defaults.all.iter().chain(defaults.per_ip.values().flatten()).any(|s| s.name == "define") {
        // Symbols are replaced while a script is parsed, where only stronger ones can be known.
        return Err(syntax("`define` belongs in [options], not in [defaults]".into()));
    }
    let sysctls = raw.sysctls.iter().map(|(name, value)| {
        let text = scalar(value).ok_or_else(|| syntax(format!("sysctl {name} is not a scalar")))?;
        Ok((name.clone(), text))
    });
    Ok(Profile {
        name: raw.name,
        description: raw.description,
        ip_versions: raw.ip_versions,
        files: raw
            .files
            .into_iter()
            .map(|(pattern, ip_versions)| FileRule { pattern, ip_versions })
            .collect(),
        defaults,
        options: layer(&raw.options, "options", path)?,
        sysctls: sysctls.collect::<Result<_, ProfileError>>()?,
    })
}

fn layer(table: &toml::Table, section: &str, path: &str) -> Result<Layer, ProfileError> {
    let mut layer = Layer::default();
    for (key, value) in table {
        let ip = IP_VERSIONS.into_iter().find(|ip| ip.name() == key);
        match (ip, value) {
            (Some(ip), Value::Table(inner)) => {
                let section = format!("[{section}.{key}]");
                layer.per_ip.insert(ip, settings(inner, &section, path)?);
            }
            _ => layer.all.extend(option(key, value, &format!("[{section}]"), path)?),
        }
    }
    check(&layer.all, &format!("[{section}]"), path)?;
    Ok(layer)
}

fn settings(table: &toml::Table, section: &str, path: &str) -> Result<Vec<Setting>, ProfileError> {
    let mut all = Vec::new();
    for (key, value) in table {
        all.extend(option(key, value, section, path)?);
    }
    check(&all, section, path)?;
    Ok(all)
}

fn check(settings: &[Setting], section: &str, path: &str) -> Result<(), ProfileError> {
    CliOptions::new(settings.to_vec(), DEFAULT_SEED).map(|_| ()).map_err(|source| {
        ProfileError::Option { path: path.to_owned(), section: section.to_owned(), source }
    })
}

/// `flag = true`, `name = value` and `define = { SYM = "value" }`.
fn option(
    key: &str,
    value: &Value,
    section: &str,
    path: &str,
) -> Result<Vec<Setting>, ProfileError> {
    let syntax = || ProfileError::Syntax {
        path: path.to_owned(),
        message: format!("{section} {key}: expected a value, `true`, or a table for `define`"),
    };
    match value {
        Value::Boolean(true) => Ok(vec![Setting::flag(key)]),
        Value::Boolean(false) => Ok(Vec::new()),
        Value::Table(symbols) if key == "define" => symbols
            .iter()
            .map(|(symbol, value)| {
                let text = scalar(value).ok_or_else(syntax)?;
                Ok(Setting::new("define", format!("{symbol}={text}")))
            })
            .collect(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => Ok(vec![Setting::new(key, scalar(value).ok_or_else(syntax)?)]),
    }
}

/// Text of a scalar as an option or a sysctl wants it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(on) => Some(u8::from(*on).to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
