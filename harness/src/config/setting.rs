//! One option with its value, where it came from, and what can be wrong with it.

use super::draft::Draft;
use crate::target::IpVersion;

/// The seed of everything random when nobody gives one.
pub const DEFAULT_SEED: u64 = 0x5eed;

/// Where a setting came from, lowest precedence first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Builtin,
    /// A profile's `[defaults]`.
    ProfileDefault,
    /// An option in the script.
    Script,
    /// A profile's `[options]`.
    Profile,
    /// The command line.
    CommandLine,
}

/// `--name` or `--name=value`, wherever it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Name without the dashes.
    pub name: String,
    /// Value, if one was given.
    pub value: Option<String>,
}

impl Setting {
    /// `--name=value`.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Some(value.into()) }
    }

    /// `--name`.
    #[must_use]
    pub fn flag(name: impl Into<String>) -> Self {
        Self { name: name.into(), value: None }
    }
}

/// What is wrong with a setting. The texts are fragments that fit after a place and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such option.
    #[error("unknown option --{name}{}", nearest.map(|n| format!(" (did you mean --{n}?)"))
        .unwrap_or_default())]
    Unknown {
        /// As written.
        name: String,
        /// The option whose name is closest, if one is close.
        nearest: Option<&'static str>,
    },
    /// The option needs a value and has none.
    #[error("option --{name} needs a value: --{name}={metavar}")]
    Missing {
        /// Which.
        name: &'static str,
        /// What it looks like.
        metavar: &'static str,
    },
    /// The option takes no value and has one.
    #[error("option --{0} takes no value")]
    Forbidden(&'static str),
    /// The value is not of the option's form.
    #[error("bad --{name}={value}: {why}")]
    Bad {
        /// Which.
        name: &'static str,
        /// As written.
        value: String,
        /// What is expected.
        why: String,
    },
    /// packetdrill has it, synproof does not.
    #[error("option --{name} is not supported: {why}")]
    Refused {
        /// Which.
        name: &'static str,
        /// Why, and what to use instead.
        why: &'static str,
    },
}

impl SettingError {
    /// The code of the diagnostic this becomes in a script.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "option::unknown",
            Self::Missing { .. } => "option::missing-value",
            Self::Forbidden(_) => "option::forbidden-value",
            Self::Bad { .. } => "option::bad-value",
            Self::Refused { .. } => "option::not-supported",
        }
    }
}

/// The packetdrill options of the command line, checked, and the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliOptions {
    settings: Vec<Setting>,
    /// Seed of everything random (`--seed`).
    pub seed: u64,
}

impl Default for CliOptions {
    fn default() -> Self {
        Self { settings: Vec::new(), seed: DEFAULT_SEED }
    }
}

impl CliOptions {
    /// Checks every setting on its own, so that a later merge cannot fail because of them.
    ///
    /// # Errors
    /// The first setting that is not of its option's form.
    pub fn new(settings: Vec<Setting>, seed: u64) -> Result<Self, SettingError> {
        let mut scratch = Draft::default();
        for setting in &settings {
            scratch.apply(setting, Origin::CommandLine)?;
        }
        Ok(Self { settings, seed })
    }

    /// The settings in the order given.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Whether `name` was given at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.settings.iter().any(|s| s.name == name)
    }

    /// `--ip_version`, the last one.
    #[must_use]
    pub fn ip_version(&self) -> Option<IpVersion> {
        let given = self.settings.iter().rev().find(|s| s.name == "ip_version")?;
        super::table::ip_version(given.value.as_deref()?).ok()
    }

    /// Whether addresses of the command line fix the family of the packets: true for IPv6.
    #[must_use]
    pub fn wire_is_v6(&self) -> Option<bool> {
        let mut scratch = Draft::default();
        for setting in &self.settings {
            scratch.apply(setting, Origin::CommandLine).ok()?;
        }
        scratch.wire_is_v6()
    }
}
