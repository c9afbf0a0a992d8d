//! A kernel's source: which version it is exactly, and where its tree can be found.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use super::cache::Cache;
use super::digest::Hash;
use super::request::{Request, debian_package, debian_tarball};
use super::{git, tree, unpack};

/// Directories of a kernel tree that no UML kernel is made from.
const NOT_COMPILED: [&str; 4] = [".git", "Documentation", "tools", "samples"];

/// A source whose version is known.
#[derive(Debug)]
pub(crate) struct Source {
    /// For people: where it is from and which version
    pub(crate) description: String,
    /// Different whenever the files differ
    pub(crate) identity: String,
    /// What a kernel built from it is called
    name: Name,
    /// A directory name for what is unpacked and compiled
    pub(crate) work: String,
    place: Place,
}

/// Where names come from.
#[derive(Debug)]
enum Name {
    /// The series of a distribution's kernel: one kernel for each
    Series(String),
    /// A version that many trees share: a hash tells them apart
    Version(String),
}

#[derive(Debug)]
enum Place {
    Tree(PathBuf),
    Archive(PathBuf),
}

impl Source {
    /// Finds out which version a request is about.
    pub(crate) fn identify(request: &Request) -> Result<Self> {
        match request {
            Request::Tree(path) => from_tree(path),
            Request::Tarball(path) => from_tarball(path),
            Request::Debian { series } => from_debian(series),
        }
    }

    /// What a kernel of this source, frequency and key is called when nobody says otherwise.
    pub(crate) fn name(&self, hz: u32, key: &str) -> String {
        match &self.name {
            Name::Series(series) if hz == 1000 => series.clone(),
            Name::Series(series) => format!("{series}-{hz}hz"),
            Name::Version(version) => {
                format!("{version}-{}", key.chars().take(8).collect::<String>())
            }
        }
    }

    /// The tree, unpacked if need be.
    pub(crate) fn tree(&self, cache: &Cache) -> Result<PathBuf> {
        let archive = match &self.place {
            Place::Tree(tree) => return Ok(tree.clone()),
            Place::Archive(archive) => archive,
        };
        let tree = cache.source_tree(&self.work);
        if !tree.exists() {
            unpack::unpack(archive, &tree)?;
        }
        Ok(tree)
    }
}

fn from_tree(path: &Path) -> Result<Source> {
    let version = tree::check(path)?.to_string();
    let shown = path.display().to_string();
    let (identity, known) = match git::checkout(path) {
        Some(checkout) => (checkout.identity, checkout.description),
        None => (files(path)?, version.clone()),
    };
    let place = Hash::new().part(&shown).hex(8);
    Ok(Source {
        description: format!("{shown} ({known})"),
        identity,
        name: Name::Version(version),
        work: format!("{}-{place}", stem(path)),
        place: Place::Tree(path.to_owned()),
    })
}

fn from_tarball(path: &Path) -> Result<Source> {
    let stamp = stamp(path)?;
    let identity = Hash::new().part(path.as_os_str().as_encoded_bytes()).part(&stamp).hex(64);
    let stem = stem(path);
    let place: String = identity.chars().take(8).collect();
    Ok(Source {
        description: path.display().to_string(),
        name: Name::Version(version_in(&stem).to_owned()),
        work: format!("{stem}-{place}"),
        identity,
        place: Place::Archive(path.to_owned()),
    })
}

fn from_debian(series: &str) -> Result<Source> {
    let package = debian_package(series);
    let tarball = debian_tarball(series);
    // Without dpkg somebody put the tarball there: its date has to do.
    let version = package_version(&package).map_or_else(|| stamp(&tarball), Ok)?;
    Ok(Source {
        description: format!("{package} {version}"),
        identity: format!("{package} {version}"),
        name: Name::Series(series.to_owned()),
        work: file_name(&format!("{package}_{version}")),
        place: Place::Archive(tarball),
    })
}

/// The version of an installed Debian package.
fn package_version(package: &str) -> Option<String> {
    let mut command = Command::new("dpkg-query");
    command.args(["--show", "--showformat=${Version}", package]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// A hash over names, sizes and dates of the files that may be compiled. Dates are what make goes by,
/// so whatever make would compile again changes it.
fn files(tree: &Path) -> Result<String> {
    let mut hash = Hash::new();
    let compiled = |name: &std::ffi::OsStr| NOT_COMPILED.iter().all(|not| name != *not);
    let all = WalkDir::new(tree)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() != 1 || compiled(entry.file_name()));
    for entry in all {
        let entry = entry.with_context(|| format!("failed to list {}", tree.display()))?;
        if !entry.file_type().is_dir() {
            hash.add(entry.path().as_os_str().as_encoded_bytes());
            hash.add(stamp(entry.path()).unwrap_or_default());
        }
    }
    Ok(hash.hex(64))
}

/// Size and date of a file.
fn stamp(path: &Path) -> Result<String> {
    let stat = || -> std::io::Result<String> {
        let metadata = path.metadata()?;
        let date = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(format!("{}-{}", metadata.len(), date.as_nanos()))
    };
    stat().with_context(|| format!("failed to look at {}", path.display()))
}

/// The name of a directory or archive without what archives end in.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let end = [".tar", ".tgz", ".txz"].iter().filter_map(|end| name.find(end)).min();
    file_name(name.get(..end.unwrap_or(name.len())).unwrap_or(&name))
}

/// The version in a name such as `linux-6.13-rc2`: from the first digit on.
fn version_in(stem: &str) -> &str {
    stem.find(|c: char| c.is_ascii_digit()).and_then(|at| stem.get(at..)).unwrap_or(stem)
}

/// `text` with everything that does not belong into a file name replaced.
fn file_name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    text.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
