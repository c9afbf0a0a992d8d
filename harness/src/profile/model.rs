//! What a profile says.

use std::collections::BTreeMap;

use super::glob::glob_match;
use crate::config::Setting;
use crate::target::IpVersion;

/// A named set of options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Name in `--profile`, reports and messages.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// IP versions every script runs with, in this order, unless something restricts them.
    pub ip_versions: Vec<IpVersion>,
    /// Restrictions by file name.
    pub files: Vec<FileRule>,
    pub(super) defaults: Layer,
    pub(super) options: Layer,
    pub(super) sysctls: Vec<(String, String)>,
}

/// Files of this name run only with these IP versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// Pattern the path must match.
    pub pattern: String,
    /// What remains.
    pub ip_versions: Vec<IpVersion>,
}

/// Settings for every IP version, and those for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// For all.
    pub all: Vec<Setting>,
    /// For one, applied after those for all.
    pub per_ip: BTreeMap<IpVersion, Vec<Setting>>,
}

impl Layer {
    fn settings(&self, ip: IpVersion) -> Vec<Setting> {
        let of_ip = self.per_ip.get(&ip).into_iter().flatten();
        self.all.iter().chain(of_ip).cloned().collect()
    }
}

impl Profile {
    /// Settings below the script's options.
    #[must_use]
    pub fn defaults(&self, ip: IpVersion) -> Vec<Setting> {
        self.defaults.settings(ip)
    }

    /// Settings above the script's options.
    #[must_use]
    pub fn options(&self, ip: IpVersion) -> Vec<Setting> {
        self.options.settings(ip)
    }

    /// Sysctls set before the init command: dotted name, value; sorted by name.
    #[must_use]
    pub fn sysctls(&self) -> &[(String, String)] {
        &self.sysctls
    }

    /// Which of `versions` the script at `path` runs with, by the rules on file names.
    #[must_use]
    pub fn restrict(&self, path: &str, versions: &[IpVersion]) -> Vec<IpVersion> {
        let rules = self.files.iter().filter(|rule| glob_match(&rule.pattern, path));
        let mut left = versions.to_vec();
        for rule in rules {
            left.retain(|ip| rule.ip_versions.contains(ip));
        }
        left
    }
}
