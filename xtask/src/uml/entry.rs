//! What is written beside a kernel about how it was made: `build.json`.

use serde::{Deserialize, Serialize};

/// One kernel in the cache. The harness reads all but the last two fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What it is called: `--target uml:NAME`; also its directory
    pub(crate) name: String,
    /// What `uname -r` says in it
    pub(crate) release: String,
    /// Ticks per second
    pub(crate) hz: u32,
    /// The first 12 digits of the SHA-256 of `config`
    pub(crate) config_hash: String,
    /// The first line of `cc --version`
    pub(crate) compiler: String,
    /// Package and version, or path and version
    pub(crate) source: String,
    /// SHA-256 of `linux`
    pub(crate) binary_sha256: String,
    /// Hash over source, configuration and compiler: another one means another kernel
    pub(crate) key: String,
    /// The object tree it was linked in, below the cache's directory of those
    pub(crate) work: String,
}

/// The numbers of a release, for sorting by version: `6.12.117` after `6.1.192`. A release
/// candidate comes before its release.
pub(crate) fn version_order(release: &str) -> (Vec<u32>, bool, String) {
    let numbers = release.split(|c: char| !c.is_ascii_digit());
    let (version, extra) = release.split_once('-').unwrap_or((release, ""));
    let is_release = !extra.starts_with("rc");
    let count = version.split('.').count();
    let numbers = numbers.filter_map(|word| word.parse().ok()).take(count).collect();
    (numbers, is_release, extra.to_owned())
}

#[cfg(test)]
mod tests {
    use super::version_order;

    #[test]
    fn versions_are_numbers() {
        let mut all = ["6.12.117", "6.1.192", "6.13.0-rc2", "6.13.0", "5.10.1", "6.13.0-rc1"];
        all.sort_by_key(|release| version_order(release));
        let sorted = ["5.10.1", "6.1.192", "6.12.117", "6.13.0-rc1", "6.13.0-rc2", "6.13.0"];
        assert_eq!(all, sorted);
    }
}
