//! Kernels that have been built: where they lie, and what their own configuration says.
//!
//! `cargo xtask uml build` leaves each in `<cache>/synproof/uml/<name>/linux`. A User-Mode Linux
//! tells its configuration by itself (`--showconfig`), so a binary from anywhere else is as good.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::target::TargetError;

/// The kernel that `uml` without a name means, if it has been built.
const DEFAULT: &str = "6.12";

const BUILD: &str = "build one: `cargo xtask uml build` (docs/virtual-time.md)";

/// A User-Mode Linux that can run scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Name after `uml:`: that of its folder, or the path as given.
    pub name: String,
    /// The program.
    pub binary: PathBuf,
    /// Version of its source: `6.12.117`.
    pub version: String,
    /// Timer ticks in a second.
    pub hz: u32,
    /// First 12 hexadecimal digits of the SHA-256 of its configuration, the file `config` in its
    /// folder: what `cargo xtask uml list` shows.
    pub config_hash: String,
}

impl Kernel {
    /// The kernel of that name, or at that path; without one, the default.
    ///
    /// # Errors
    /// There is none, or what is there cannot run scripts; the error says what would help.
    pub fn find(name: Option<&str>) -> Result<Self, TargetError> {
        match name {
            Some(path) if path.contains('/') => {
                let binary = Path::new(path);
                if !binary.is_file() {
                    return Err(unavailable(path, "there is no such file"));
                }
                Self::open(path, binary)
            }
            Some(name) => {
                let binary = folder().join(name).join("linux");
                if !binary.is_file() {
                    return Err(not_built(name));
                }
                Self::open(name, &binary)
            }
            None => {
                let names = names();
                let default = names.iter().find(|name| *name == DEFAULT).or(names.last());
                let Some(name) = default else {
                    let why = format!("no kernel in {}", folder().display());
                    return Err(unavailable("uml", &why));
                };
                Self::open(name, &folder().join(name).join("linux"))
            }
        }
    }

    fn open(name: &str, binary: &Path) -> Result<Self, TargetError> {
        let shown = Command::new(binary).arg("--showconfig").output();
        let shown = shown.map_err(|error| unavailable(name, &not_started(binary, &error)))?;
        let text = String::from_utf8_lossy(&shown.stdout);
        let config = Configuration(&text);
        let version = config.version().filter(|_| shown.status.success());
        let Some(version) = version else {
            let why = format!("{} is no User-Mode Linux", binary.display());
            return Err(unavailable(name, &why));
        };
        for needed in NEEDED {
            if config.value(needed) != Some("y") {
                let why = format!("{} was built without {needed}", binary.display());
                return Err(unavailable(name, &why));
            }
        }
        let hz = config.value("CONFIG_HZ").and_then(|hz| hz.parse().ok()).unwrap_or(100);
        let binary = std::path::absolute(binary).unwrap_or_else(|_| binary.to_path_buf());
        let config_hash = config.hash();
        Ok(Self { name: name.to_owned(), binary, version: version.to_owned(), hz, config_hash })
    }
}

/// What a guest cannot do without.
const NEEDED: [&str; 7] = [
    "CONFIG_UML_TIME_TRAVEL_SUPPORT",
    "CONFIG_HOSTFS",
    "CONFIG_OVERLAY_FS",
    "CONFIG_DEVTMPFS",
    "CONFIG_NET_NS",
    "CONFIG_TUN",
    "CONFIG_INET",
];

/// Every kernel that has been built, by name; what cannot be used says why.
#[must_use]
pub fn built() -> Vec<(String, Result<Kernel, TargetError>)> {
    let named = |name: String| {
        let kernel = Kernel::find(Some(&name));
        (name, kernel)
    };
    names().into_iter().map(named).collect()
}

/// Where built kernels lie: `$XDG_CACHE_HOME/synproof/uml`, or below `~/.cache`.
fn folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || set("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    cache.unwrap_or_else(|| home().join(".cache")).join("synproof/uml")
}

/// Names of the folders that hold a kernel, by version: 6.1, 6.12, 6.12-250hz.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).into_iter().flatten().flatten();
    let kernels = entries.filter(|entry| entry.path().join("linux").is_file());
    let mut names: Vec<_> =
        kernels.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_by_key(|name| (numbers(name), name.clone()));
    names
}

fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).map_while(|digits| digits.parse().ok()).collect()
}

/// The text of `--showconfig`: a `.config`.
struct Configuration<'a>(&'a str);

impl<'a> Configuration<'a> {
    /// From the comment at its head: `# Linux/um 6.12.117 Kernel Configuration`.
    fn version(&self) -> Option<&'a str> {
        let title = self.0.lines().find_map(|line| line.strip_prefix("# Linux/um "))?;
        title.strip_suffix(" Kernel Configuration")
    }

    fn value(&self, symbol: &str) -> Option<&'a str> {
        self.0.lines().find_map(|line| line.strip_prefix(symbol)?.strip_prefix('='))
    }

    /// As `sha256sum` gives it for the same text in a file.
    fn hash(&self) -> String {
        Sha256::digest(self.0).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn not_started(binary: &Path, error: &io::Error) -> String {
    format!("{} cannot be started: {error}", binary.display())
}

/// There is no kernel of that name, but others may be.
fn not_built(name: &str) -> TargetError {
    let known = names().join(", ");
    let known = if known.is_empty() { "none" } else { &known };
    unavailable(name, &format!("not built (there is: {known})"))
}

fn unavailable(name: &str, why: &str) -> TargetError {
    TargetError::Unavailable {
        what: format!("find the kernel {name}"),
        why: why.to_owned(),
        fix: BUILD.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "#\n# Linux/um 6.12.117 Kernel Configuration\n#\nCONFIG_HZ=1000\n\
        # CONFIG_SMP is not set\nCONFIG_HZ_NONE=y\n";

    #[test]
    fn a_configuration_is_read() {
        let config = Configuration(SHOWN);
        assert_eq!(config.version(), Some("6.12.117"));
        assert_eq!(config.value("CONFIG_HZ"), Some("1000"));
        assert_eq!(config.value("CONFIG_SMP"), None);
        // `printf '%s' "$SHOWN" | sha256sum`
        assert_eq!(config.hash(), "9940f7739be0");
    }

    #[test]
    fn versions_sort_as_numbers() {
        assert!(numbers("6.1") < numbers("6.12"));
        assert!(numbers("6.12") < numbers("6.12-250hz"));
    }
}
