//! Where kernels are kept: `$XDG_CACHE_HOME/synproof/uml/NAME/{linux,config,build.json}`.
//!
//! An entry is there whole or not at all: it is written under another name and renamed. Sources that
//! were unpacked, object trees and logs live beside the entries, in directories that begin with a
//! dot, as no entry does.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::digest;
use super::entry::Entry;
use super::unpack::PARTIAL;
use crate::shell::say;

const SOURCES: &str = ".source";
const OBJECTS: &str = ".object";
const LOGS: &str = ".log";
const LOCK: &str = ".lock";
/// Entries being written, and being thrown away.
const COMING: &str = ".coming-";
const GOING: &str = ".going-";

const BINARY: &str = "linux";
const CONFIG: &str = "config";
const RECORD: &str = "build.json";

/// The directory of all kernels.
pub(crate) struct Cache {
    root: PathBuf,
}

/// The right to change what is in the cache, for as long as it lives.
pub(crate) struct Lock {
    /// Programs that write to the cache on our behalf get this as standard input, so that the lock
    /// outlives us for as long as they do.
    pub(crate) file: File,
}

/// A finished build, still outside the cache.
pub(crate) struct Built<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) config: &'a str,
    pub(crate) entry: Entry,
}

impl Cache {
    /// The user's cache; its directory is made if need be.
    pub(crate) fn open() -> Result<Self> {
        let absolute =
            |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let home = || absolute("HOME").map(|home| home.join(".cache"));
        let base = absolute("XDG_CACHE_HOME").or_else(home);
        let base = base.context("neither XDG_CACHE_HOME nor HOME is an absolute path")?;
        Self::at(base.join("synproof").join("uml"))
    }

    /// The cache in this directory, which is made if need be.
    fn at(root: PathBuf) -> Result<Self> {
        create(&root)?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the kernel of an entry is.
    pub(crate) fn kernel(&self, name: &str) -> PathBuf {
        self.root.join(name).join(BINARY)
    }

    pub(crate) fn source_tree(&self, work: &str) -> PathBuf {
        self.root.join(SOURCES).join(work)
    }

    pub(crate) fn object_tree(&self, work: &str) -> PathBuf {
        self.root.join(OBJECTS).join(work)
    }

    pub(crate) fn log(&self, work: &str) -> PathBuf {
        self.root.join(LOGS).join(format!("{work}.log"))
    }

    /// What is known about an entry; None when there is none, or it is damaged.
    pub(crate) fn entry(&self, name: &str) -> Option<Entry> {
        let text = fs::read_to_string(self.root.join(name).join(RECORD)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// The entry, if it is what `key` stands for and its kernel is the one that was built.
    pub(crate) fn current(&self, name: &str, key: &str) -> Option<Entry> {
        let entry = self.entry(name).filter(|entry| entry.key == key)?;
        let binary = digest::of_file(&self.kernel(name)).ok()?;
        (binary == entry.binary_sha256).then_some(entry)
    }

    /// The names of all entries, damaged ones too, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let is_entry = |(name, path): &(String, PathBuf)| path.is_dir() && !name.starts_with('.');
        Ok(content(&self.root)?.into_iter().filter(is_entry).map(|(name, _)| name).collect())
    }

    /// Waits for other builds, and clears away what interrupted ones left.
    pub(crate) fn lock(&self) -> Result<Lock> {
        let path = self.root.join(LOCK);
        let what = || format!("failed to lock {}", path.display());
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).with_context(what)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say("another build is under way: waiting for it");
                file.lock().with_context(what)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(what),
        }
        let lock = Lock { file };
        [SOURCES, OBJECTS, LOGS].iter().try_for_each(|name| create(&self.root.join(name)))?;
        self.clear_leftovers(&lock)?;
        Ok(lock)
    }

    /// Makes a build an entry, in place of the one of that name if there is one. Returns the path
    /// of its kernel.
    pub(crate) fn publish(&self, _: &Lock, built: &Built<'_>) -> Result<PathBuf> {
        let name = &built.entry.name;
        let record = serde_json::to_string_pretty(&built.entry)? + "\n";
        let coming = self.root.join(format!("{COMING}{name}"));
        create(&coming)?;
        let written = copy(built.binary, &coming.join(BINARY))
            .and_then(|()| write(&coming.join(CONFIG), built.config))
            .and_then(|()| write(&coming.join(RECORD), &record));
        if written.is_err() {
            // Most likely the disk is full; the first error is the one to show.
            let _ = fs::remove_dir_all(&coming);
        }
        written?;
        self.take_away(name)?;
        rename(&coming, &self.root.join(name))?;
        remove(&self.root.join(format!("{GOING}{name}")))?;
        Ok(self.kernel(name))
    }

    /// Removes an entry; false when there is none.
    pub(crate) fn remove_entry(&self, _: &Lock, name: &str) -> Result<bool> {
        let there = self.take_away(name)?;
        remove(&self.root.join(format!("{GOING}{name}")))?;
        Ok(there)
    }

    /// Removes all unpacked sources, object trees and logs.
    pub(crate) fn remove_work(&self, _: &Lock) -> Result<()> {
        [SOURCES, OBJECTS, LOGS].iter().try_for_each(|name| remove(&self.root.join(name)))
    }

    /// Removes sources and object trees for which `keep` does not speak.
    pub(crate) fn remove_work_unless(&self, _: &Lock, keep: impl Fn(&str) -> bool) -> Result<()> {
        let (sources, objects) = (self.root.join(SOURCES), self.root.join(OBJECTS));
        let all = content(&sources)?.into_iter().chain(content(&objects)?);
        all.filter(|(name, _)| !keep(name)).try_for_each(|(_, path)| remove(&path))
    }

    /// Moves an entry out of the way; false when there is none.
    fn take_away(&self, name: &str) -> Result<bool> {
        let (place, going) = (self.root.join(name), self.root.join(format!("{GOING}{name}")));
        remove(&going)?;
        let there = place.symlink_metadata().is_ok();
        if there {
            rename(&place, &going)?;
        }
        Ok(there)
    }

    fn clear_leftovers(&self, _: &Lock) -> Result<()> {
        let all = content(&self.root)?.into_iter().chain(content(&self.root.join(SOURCES))?);
        let left =
            |name: &str| [COMING, GOING, PARTIAL].iter().any(|begin| name.starts_with(begin));
        all.filter(|(name, _)| left(name)).try_for_each(|(_, path)| remove(&path))
    }
}

/// Fails unless `name` can be a directory beside ours and a word after `uml:`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let fits = name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    ensure!(
        fits && name.len() <= 64,
        "{name:?} cannot be a kernel's name: up to 64 letters, digits and ._+-, a letter or digit first"
    );
    Ok(())
}

/// The names and paths of what is in a directory, in order of names.
fn content(directory: &Path) -> Result<Vec<(String, PathBuf)>> {
    let pair = |item: fs::DirEntry| (item.file_name().to_string_lossy().into_owned(), item.path());
    let read = || -> std::io::Result<Vec<_>> {
        let mut all = fs::read_dir(directory)?
            .map(|item| item.map(pair))
            .collect::<std::io::Result<Vec<_>>>()?;
        all.sort();
        Ok(all)
    };
    read().with_context(|| format!("failed to list {}", directory.display()))
}

fn create(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("failed to create {}", directory.display()))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .with_context(|| format!("failed to rename {} to {}", from.display(), to.display()))
}

/// Removes a file or a directory with all that is in it, if it is there.
fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.with_context(|| format!("failed to remove {}", path.display()))
}

/// Writes a file that is on the disk when this returns.
fn write(path: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}

/// Copies a file with its permissions; it is on the disk when this returns.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copy = || fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    copy().with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests;
