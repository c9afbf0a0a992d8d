//! What `--source` means, decided by looking at it and at nothing inside it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Where Debian's linux-source packages put their tarballs.
const DEBIAN_SOURCES: &str = "/usr/src";

/// A kernel somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A directory, to be left as it is
    Tree(PathBuf),
    /// An archive of a tree
    Tarball(PathBuf),
    /// The Debian package linux-source-SERIES, installed or not
    Debian {
        /// `6.12`
        series: String,
    },
}

impl Request {
    /// Reads the value of `--source`. A directory of that name goes before a series.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let path = Path::new(text);
        let absolute = || std::path::absolute(path);
        if path.is_dir() {
            Ok(Self::Tree(path.canonicalize()?))
        } else if path.is_file() {
            Ok(Self::Tarball(absolute()?))
        } else if is_series(text) {
            Ok(Self::Debian { series: text.to_owned() })
        } else {
            bail!("{text}: no such directory or file, and not a series such as 6.12 or 6.1")
        }
    }
}

/// The package of a series.
pub(crate) fn debian_package(series: &str) -> String {
    format!("linux-source-{series}")
}

/// Where that package puts its tarball.
pub(crate) fn debian_tarball(series: &str) -> PathBuf {
    Path::new(DEBIAN_SOURCES).join(format!("{}.tar.xz", debian_package(series)))
}

/// Two numbers with a dot between them.
fn is_series(text: &str) -> bool {
    let number = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Request, debian_tarball, is_series};

    #[rstest]
    #[case("6.12", true)]
    #[case("6.1", true)]
    #[case("6", false)]
    #[case("6.", false)]
    #[case("6.12.3", false)]
    #[case("v6.12", false)]
    #[case("", false)]
    fn series(#[case] text: &str, #[case] wanted: bool) {
        assert_eq!(is_series(text), wanted);
    }

    #[test]
    fn what_is_there_decides() {
        let directory = tempfile::tempdir().unwrap();
        let tree = Request::parse(directory.path().to_str().unwrap()).unwrap();
        assert_eq!(tree, Request::Tree(directory.path().canonicalize().unwrap()));
        let tarball = directory.path().join("linux-6.13.tar.xz");
        std::fs::write(&tarball, "").unwrap();
        let request = Request::parse(tarball.to_str().unwrap()).unwrap();
        assert_eq!(request, Request::Tarball(tarball));
        assert_eq!(Request::parse("6.1").unwrap(), Request::Debian { series: "6.1".into() });
        let error = Request::parse("/no/such/tree").unwrap_err().to_string();
        assert!(error.starts_with("/no/such/tree: no such directory or file"), "{error}");
    }

    #[test]
    fn where_debian_puts_it() {
        let path = debian_tarball("6.12");
        assert_eq!(path.to_str(), Some("/usr/src/linux-source-6.12.tar.xz"));
    }
}
