//! Whether a directory is a kernel tree that can be built for us, and which version it is.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What the Kconfig file of UML says when the clock can travel.
const TIME_TRAVEL: &str = "config UML_TIME_TRAVEL_SUPPORT";

/// The oldest kernel whose clock works the way we drive it.
const OLDEST: (u32, u32) = (5, 4);

/// What a build in the tree itself leaves behind, as kbuild looks for it before building elsewhere.
const BUILT_IN_PLACE: [&str; 3] = [".config", "include/config", "arch/um/include/generated"];

/// The version at the top of the kernel's Makefile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
    /// `-rc3`, or empty
    extra: String,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { major, minor, patch, extra } = self;
        write!(f, "{major}.{minor}.{patch}{extra}")
    }
}

/// Fails, with the reason, unless a kernel whose clock can travel can be built from this tree.
pub(crate) fn check(tree: &Path) -> Result<Version> {
    let shown = tree.display();
    let read = |name: &str| std::fs::read_to_string(tree.join(name));
    let makefile = read("Makefile").ok();
    let version = makefile.as_deref().and_then(version);
    let version = version.filter(|_| tree.join("Kconfig").is_file());
    let version = version.with_context(|| format!("{shown} is not a kernel tree"))?;
    let (major, minor) = OLDEST;
    ensure!(
        (version.major, version.minor) >= OLDEST,
        "{shown} is Linux {version}: time travel needs {major}.{minor} or newer"
    );
    let options = read("arch/um/Kconfig").unwrap_or_default();
    ensure!(
        options.contains(TIME_TRAVEL),
        "{shown} (Linux {version}) has no UML_TIME_TRAVEL_SUPPORT in arch/um/Kconfig"
    );
    ensure!(
        BUILT_IN_PLACE.iter().all(|left| !tree.join(left).exists()),
        "{shown} has been built in place, and kbuild cannot build such a tree elsewhere.\n\
         Either clean it (make mrproper, which also removes its .config), or give a clean copy:\n\
         git -C {shown} worktree add --detach ../clean && cargo xtask uml build --source {shown}/../clean"
    );
    Ok(version)
}

/// The version in the text of a kernel's Makefile.
fn version(makefile: &str) -> Option<Version> {
    let value = |name: &str| {
        let assigned = |line: &str| {
            let (left, right) = line.split_once('=')?;
            (left.trim() == name).then(|| right.trim().to_owned())
        };
        makefile.lines().take(20).find_map(assigned)
    };
    let number = |name: &str| value(name)?.parse().ok();
    Some(Version {
        major: number("VERSION")?,
        minor: number("PATCHLEVEL")?,
        patch: number("SUBLEVEL").unwrap_or(0),
        extra: value("EXTRAVERSION").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
