//! The memory of a campaign on disk. Whatever ends the program, nothing that was told is lost.
//!
//! A directory with two files of JSON lines that only grow: `differences.jsonl` has the first case of
//! each class of differences, and `journal.jsonl` what became of every case. A difference is written
//! before its case. A line that was cut off is cut away when the campaign goes on, and its case is
//! played again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::sides::PROFILE;
use crate::scenario::Scenario;

/// The first line of a journal: what it is a journal of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The set of cases.
    pub cases: String,
    /// Targets with their versions.
    pub targets: Vec<String>,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.cases, self.targets.join(", "))
    }
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub n: u64,
    /// The situation.
    pub state: String,
    /// What happened.
    pub event: String,
    /// What was off about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// What each target did.
    pub did: Vec<String>,
    /// How they compare.
    #[serde(default, skip_serializing_if = "Ended::is_agree")]
    pub ended: Ended,
}

/// How the targets compare in one case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// They agree, or there is only one.
    #[default]
    Agree,
    /// They differ, in a way of this class.
    Differ(String),
    /// They differ as recorded under this id (`specs/divergences`).
    Known(String),
    /// They cannot be compared.
    Incomparable(String),
}

impl Ended {
    fn is_agree(&self) -> bool {
        *self == Self::Agree
    }
}

/// A difference: the first case of its class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its class.
    pub class: String,
    /// The number of its case.
    pub n: u64,
    /// The two targets that differ.
    pub targets: [String; 2],
    /// How, in words.
    pub story: String,
    /// The scenario, relative to live state.
    pub scenario: Scenario,
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is the journal of something else.
    #[error("{} belongs to another campaign: {theirs}, not {ours}", path.display())]
    Another {
        /// Which file.
        path: PathBuf,
        /// What it is a journal of.
        theirs: Box<Identity>,
        /// What it should be a journal of.
        ours: Box<Identity>,
    },
    /// Something in it is not what this program writes.
    #[error("{}:{line}: {why}", path.display())]
    Garbled {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    cases: Lines,
    differences: Lines,
    dir: PathBuf,
}

/// What an earlier run has left.
#[derive(Debug, Default)]
pub struct Past {
    /// What became of its cases.
    pub records: Vec<Record>,
    /// What it found.
    pub differences: Vec<Difference>,
}

impl Journal {
    /// Opens or starts the journal in `dir`.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn open(dir: &Path, identity: &Identity) -> Result<(Self, Past), JournalError> {
        std::fs::create_dir_all(dir).map_err(|source| io_error(dir, source))?;
        let path = dir.join("journal.jsonl");
        let (mut cases, lines) = Lines::open(&path)?;
        let mut lines = lines.into_iter().enumerate();
        match lines.next() {
            None => cases.add(identity)?,
            Some((_, first)) => {
                let theirs: Identity = read(&path, 1, &first)?;
                if theirs != *identity {
                    let (theirs, ours) = (Box::new(theirs), Box::new(identity.clone()));
                    return Err(JournalError::Another { path, theirs, ours });
                }
            }
        }
        let records = lines.map(|(at, line)| read(&path, at + 1, &line));
        let records = records.collect::<Result<Vec<Record>, _>>()?;
        let path = dir.join("differences.jsonl");
        let (differences, lines) = Lines::open(&path)?;
        let found = lines.iter().enumerate().map(|(at, line)| read(&path, at + 1, line));
        let past = Past { records, differences: found.collect::<Result<Vec<_>, _>>()? };
        Ok((Self { cases, differences, dir: dir.to_owned() }, past))
    }

    /// A case has ended.
    ///
    /// # Errors
    /// It could not be written, for want of space for instance; then it will be played again.
    pub fn record(&mut self, record: &Record) -> Result<(), JournalError> {
        self.cases.add(record)
    }

    /// A difference of a new class was found, and `script` shows it.
    ///
    /// # Errors
    /// It could not be written.
    pub fn difference(&mut self, found: &Difference, script: &str) -> Result<(), JournalError> {
        let dir = self.dir.join("differences");
        std::fs::create_dir_all(&dir).map_err(|source| io_error(&dir, source))?;
        // With it the scripts show the same wherever the directory is taken.
        let settings = dir.join("synproof.toml");
        let profile = format!("profile = \"{PROFILE}\"\n");
        std::fs::write(&settings, profile).map_err(|source| io_error(&settings, source))?;
        let path = dir.join(format!("{:06}-{}.pkt", found.n, slug(&found.class)));
        let draft = path.with_extension("new");
        let written = std::fs::write(&draft, script).and_then(|()| std::fs::rename(&draft, &path));
        written.map_err(|source| io_error(&path, source))?;
        self.differences.add(found)
    }

    /// Hands everything to the disk.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.differences.sync()?;
        self.cases.sync()
    }
}

/// Letters, digits and dashes of `text`, not too many.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(80);
    slug.trim_end_matches('-').to_owned()
}

/// A file of JSON lines that only grows.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends.
    end: u64,
}

impl Lines {
    /// The file and its whole lines. A last line that was cut off is cut away.
    fn open(path: &Path) -> Result<(Self, Vec<String>), JournalError> {
        let fail = |source| io_error(path, source);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(fail)?;
        let (mut end, mut lines) = (0, Vec::new());
        let mut reader = BufReader::new(&mut file);
        loop {
            let mut line = String::new();
            let len = match reader.read_line(&mut line) {
                Ok(len) => len,
                // The rest of a line that was cut off, or of another kind of file.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => 0,
                Err(error) => return Err(fail(error)),
            };
            if len == 0 || !line.ends_with('\n') {
                break;
            }
            end += u64::try_from(len).unwrap_or(0);
            line.pop();
            lines.push(line);
        }
        file.set_len(end).map_err(fail)?;
        file.seek(SeekFrom::Start(end)).map_err(fail)?;
        Ok((Self { path: path.to_owned(), file, end }, lines))
    }

    /// One line, whole or not at all.
    fn add(&mut self, value: &impl Serialize) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(value)
            .map_err(|error| io_error(&self.path, io::Error::other(error)))?;
        line.push(b'\n');
        if let Err(source) = self.file.write_all(&line) {
            // What there was room for is taken back.
            let _ = self.file.set_len(self.end);
            let _ = self.file.seek(SeekFrom::Start(self.end));
            return Err(io_error(&self.path, source));
        }
        self.end += u64::try_from(line.len()).unwrap_or(0);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|source| io_error(&self.path, source))
    }
}

fn io_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { path: path.to_owned(), source }
}

fn read<T: DeserializeOwned>(path: &Path, line: usize, text: &str) -> Result<T, JournalError> {
    serde_json::from_str(text).map_err(|error| JournalError::Garbled {
        path: path.to_owned(),
        line,
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
