//! Where the workspace is, and what text it consists of.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// Directories that hold no source of ours.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// The directory of the workspace's Cargo.toml.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("."))
}

/// A text file: its path from the root with `/` between the parts, and its content.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every file with this extension, in the order of paths.
pub(crate) fn sources(extension: &str) -> Result<Vec<Source>> {
    let mut all = Vec::new();
    for path in files()? {
        if path.extension().is_some_and(|found| found == extension) {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            all.push(Source { path: relative(&path), text });
        }
    }
    Ok(all)
}

/// Every file of the workspace, in the order of paths.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let ours = |name: &std::ffi::OsStr| SKIPPED.iter().all(|skipped| name != *skipped);
    WalkDir::new(root())
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| ours(entry.file_name()))
        .filter(|entry| entry.as_ref().map_or(true, |entry| entry.file_type().is_file()))
        .map(|entry| Ok(entry.context("failed to walk the workspace")?.into_path()))
        .collect()
}

/// `path` from the root on.
pub(crate) fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
