//! What is on disk, written so that after a crash it is there whole or not at all: to a temporary
//! name, flushed, renamed, and the directory flushed too.
//!
//! A finding is a directory; it appears by a rename. The input it came from is taken away only
//! after that, so it is never lost, and a finding that appears twice is one finding.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What begins the names of files that are not there yet.
const UNFINISHED: &str = ".unfinished-";

/// What was found, apart from the input.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Which target.
    pub target: String,
    /// The property that is broken.
    pub property: String,
    /// What tells findings of one property apart.
    pub class: String,
    /// What was seen.
    pub detail: String,
    /// It was planted, to be found.
    #[serde(default)]
    pub planted: bool,
    /// Seconds of the campaign when it was found.
    #[serde(default)]
    pub at: u64,
}

impl Finding {
    /// Its name: the same for findings of the same kind.
    #[must_use]
    pub fn id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(&self.target)
            .chain_update([0])
            .chain_update(&self.property)
            .chain_update([0])
            .chain_update(&self.class)
            .finalize();
        let short: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{short}", self.target)
    }
}

/// Files that belong to a finding, by name.
pub type Parts<'a> = &'a [(&'a str, &'a [u8])];

/// The directory of a campaign.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens or makes the directory, and clears away what was not finished.
    ///
    /// # Errors
    /// It cannot be made or read.
    pub fn open(root: &Path) -> Result<Self> {
        let store = Self { root: root.to_owned() };
        for dir in ["findings", "corpus", "artifacts", "reached", "dictionaries"] {
            fs::create_dir_all(store.root.join(dir))
                .with_context(|| format!("cannot make {}", store.root.join(dir).display()))?;
        }
        let unfinished = entries(&store.root)?.into_iter().chain(entries(&store.findings_dir())?);
        for path in unfinished.filter(|path| is_unfinished(path)) {
            let _gone = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
        Ok(store)
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A directory of one target: `corpus`, `artifacts`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn dir(&self, kind: &str, target: &str) -> Result<PathBuf> {
        let dir = self.root.join(kind).join(target);
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(dir)
    }

    fn findings_dir(&self) -> PathBuf {
        self.root.join("findings")
    }

    /// Writes a value whole or not at all.
    ///
    /// # Errors
    /// The disk is full, or not there.
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let bytes = serde_json::to_vec(value).context("a value that cannot be written")?;
        self.write_bytes(name, &bytes)
    }

    /// Writes bytes whole or not at all.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let to = self.root.join(name);
        let dir = to.parent().unwrap_or(&self.root);
        let file = to.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = dir.join(format!("{UNFINISHED}{file}"));
        let written = flushed(&unfinished, bytes)
            .and_then(|()| fs::rename(&unfinished, &to))
            .and_then(|()| flush_dir(dir));
        if written.is_err() {
            let _gone = fs::remove_file(&unfinished);
        }
        written.with_context(|| format!("cannot write {}", to.display()))
    }

    /// Reads a value; [`None`] if there is none, or one that is torn.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.root.join(name)).ok()?).ok()
    }

    /// True if a finding of this kind is kept.
    #[must_use]
    pub fn has(&self, finding: &Finding) -> bool {
        self.findings_dir().join(finding.id()).join("finding.json").is_file()
    }

    /// Keeps a finding and its files; false if one of its kind was there. Afterwards it is on disk.
    ///
    /// # Errors
    /// The disk is full, or not there: then nothing of it is kept.
    pub fn keep(&self, finding: &Finding, parts: Parts<'_>) -> Result<bool> {
        if self.has(finding) {
            return Ok(false);
        }
        let dir = self.findings_dir();
        let unfinished = dir.join(format!("{UNFINISHED}{}", finding.id()));
        let _left = fs::remove_dir_all(&unfinished);
        let json =
            serde_json::to_vec_pretty(finding).context("a finding that cannot be written")?;
        let kept = self.place(&unfinished, &dir.join(finding.id()), parts, &json);
        if kept.is_err() {
            let _gone = fs::remove_dir_all(&unfinished);
        }
        kept.with_context(|| format!("cannot keep {}", finding.id()))?;
        Ok(true)
    }

    fn place(&self, unfinished: &Path, to: &Path, parts: Parts<'_>, json: &[u8]) -> io::Result<()> {
        fs::create_dir_all(unfinished)?;
        for (name, bytes) in parts {
            flushed(&unfinished.join(name), bytes)?;
        }
        flushed(&unfinished.join("finding.json"), json)?;
        flush_dir(unfinished)?;
        // What has its name and is no finding makes room.
        if to.exists() {
            fs::remove_dir_all(to)?;
        }
        fs::rename(unfinished, to)?;
        flush_dir(&self.findings_dir())
    }

    /// Every finding, by name, and where it is.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn findings(&self) -> Result<Vec<(Finding, PathBuf)>> {
        let mut all = Vec::new();
        for path in entries(&self.findings_dir())? {
            let json = fs::read(path.join("finding.json")).unwrap_or_default();
            if let Ok(finding) = serde_json::from_slice::<Finding>(&json) {
                all.push((finding, path));
            }
        }
        all.sort();
        Ok(all)
    }

    /// Takes an input out of the corpus of `target`, where it would end every slice at its beginning:
    /// it is kept as a finding.
    ///
    /// # Errors
    /// The corpus cannot be read, or the input not removed.
    pub fn withdraw(&self, target: &str, input: &[u8]) -> Result<()> {
        for path in entries(&self.dir("corpus", target)?)? {
            let len = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            let same = len == u64::try_from(input.len()).unwrap_or(u64::MAX)
                && fs::read(&path).is_ok_and(|bytes| bytes == input);
            if same {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Inputs that a worker of `target` left and nobody has looked at.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn left(&self, target: &str) -> Result<Vec<PathBuf>> {
        let files = entries(&self.dir("artifacts", target)?)?;
        Ok(files.into_iter().filter(|path| path.is_file()).collect())
    }
}

/// A name for an input: the same for the same bytes.
#[must_use]
pub fn name_of(input: &[u8]) -> String {
    Sha256::digest(input).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file and waits until it is on disk.
fn flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn flush_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
}

/// Everything directly in a directory, by name.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}
