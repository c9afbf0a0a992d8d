//! Finds scripts: files as given, directories searched for `*.pkt` in sorted order, standard input
//! as `-`, and the suite that is part of the binary.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, File};
use walkdir::WalkDir;

use crate::profile::SPECS;
use crate::script::source::SourceFile;
use crate::script::{MAX_BYTES, read};

/// Text of a script, or why there is none (the path included).
pub type ScriptText = Result<Arc<SourceFile>, String>;

/// A script that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Path as reports show it.
    pub path: String,
    /// Directory whose `synproof.toml` applies; none for the embedded suite and for stdin.
    pub dir: Option<PathBuf>,
    /// Its text.
    pub text: ScriptText,
    /// It is part of the binary.
    pub embedded: bool,
}

/// A path that leads to no script.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// There is nothing of that name.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The scripts that `paths` name, each once, in the order given; inside a directory sorted.
///
/// # Errors
/// A path that does not exist, or a directory that cannot be searched. A script that cannot be read is found, with the reason as its text.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<Found>, DiscoverError> {
    let mut found = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push(from_stdin());
            continue;
        }
        let unreadable = |source| DiscoverError::Unreadable { path: path.clone(), source };
        if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            found.extend(in_directory(path)?);
        } else {
            found.push(from_file(path));
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|script| seen.insert(script.path.clone()));
    Ok(found)
}

/// The suite that is part of the binary.
#[must_use]
pub fn discover_embedded() -> Vec<Found> {
    let mut files = Vec::new();
    if let Some(scripts) = SPECS.get_dir("scripts") {
        collect(scripts, &mut files);
    }
    let mut found: Vec<_> = files.into_iter().map(from_embedded).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(dir: &'static Dir<'static>, files: &mut Vec<&'static File<'static>>) {
    files.extend(dir.files().filter(|f| f.path().extension().is_some_and(|e| e == "pkt")));
    for inner in dir.dirs() {
        collect(inner, files);
    }
}

fn from_embedded(file: &'static File<'static>) -> Found {
    let path = format!("specs/{}", file.path().display());
    let text = file.contents_utf8().ok_or_else(|| format!("{path}: not UTF-8"));
    let text = text.map(|text| SourceFile::new(&path, text));
    Found { path, dir: None, text, embedded: true }
}

/// A link to a directory that contains it leads to nothing new and is left out.
fn in_directory(root: &Path) -> Result<Vec<Found>, DiscoverError> {
    let mut found = Vec::new();
    for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) => {
                let is_script = entry.path().extension().is_some_and(|e| e == "pkt");
                if is_script && !entry.file_type().is_dir() {
                    found.push(from_file(entry.path()));
                }
            }
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                let unknown = || std::io::Error::other("cannot be searched");
                let source = error.into_io_error().unwrap_or_else(unknown);
                // A dangling link is a script that cannot be read, or no script at all.
                if source.kind() == std::io::ErrorKind::NotFound {
                    let is_script = path.extension().is_some_and(|e| e == "pkt");
                    found.extend(is_script.then(|| from_file(&path)));
                    continue;
                }
                return Err(DiscoverError::Unreadable { path, source });
            }
        }
    }
    Ok(found)
}

fn from_file(path: &Path) -> Found {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let dir = parent.unwrap_or(Path::new(".")).to_path_buf();
    let text = read(path).map_err(|error| error.to_string());
    Found { path: path.display().to_string(), dir: Some(dir), text, embedded: false }
}

fn from_stdin() -> Found {
    let path = "<stdin>".to_owned();
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text);
    let text = match read {
        Ok(_) => Ok(SourceFile::new(&path, text)),
        Err(error) => Err(format!("{path}: {error}")),
    };
    Found { path, dir: Some(PathBuf::from(".")), text, embedded: false }
}
