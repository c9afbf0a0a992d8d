//! Files a run leaves behind with `--out`: one log of everything observed, as JSON, and with
//! `--pcap` one capture for each run.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::event::{CaseId, CaseResult};
use crate::config::Config;
use crate::engine::log::Entry;
use crate::packet::pcap::{self, CaptureInfo, CapturedPacketRef, Way};
use crate::script::ast::Direction;
use crate::target::TargetInfo;

/// A file could not be written (no space, no permission, not a directory).
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct ArtifactError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Where to write, and what.
#[derive(Clone, Debug)]
pub struct Artifacts {
    dir: PathBuf,
    pcap: bool,
}

/// The JSON log of one run.
#[derive(Serialize)]
struct Log<'a> {
    script: &'a str,
    ip: &'a str,
    target: &'a TargetInfo,
    verdict: &'a str,
    message: &'a str,
    script_us: i64,
    config: &'a Config,
    entries: &'a [Entry],
}

impl Artifacts {
    /// Creates `dir` and makes sure that files can be written in it, before anything runs.
    ///
    /// # Errors
    /// They cannot.
    pub fn create(dir: &Path, pcap: bool) -> Result<Self, ArtifactError> {
        let failed = |source| ArtifactError { path: dir.to_path_buf(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        tempfile::tempfile_in(dir).map_err(failed)?;
        Ok(Self { dir: dir.to_path_buf(), pcap })
    }

    /// Writes the files of one run; their paths.
    ///
    /// # Errors
    /// The first file that could not be written.
    pub fn write(
        &self,
        result: &CaseResult,
        config: &Config,
        target: &TargetInfo,
    ) -> Result<Vec<PathBuf>, ArtifactError> {
        let log = Log {
            script: &result.id.script,
            ip: result.id.ip.name(),
            target,
            verdict: result.verdict.name(),
            message: &result.message,
            script_us: result.script_us,
            config,
            entries: &result.log.entries,
        };
        let stem = self.dir.join(stem(&result.id, &target.name));
        let mut written = Vec::new();
        let json = serde_json::to_vec_pretty(&log).map_err(io::Error::other);
        written.push(write(with_suffix(&stem, ".json"), json)?);
        if self.pcap {
            written.push(write(with_suffix(&stem, ".pcapng"), capture(result, target))?);
        }
        Ok(written)
    }

    /// Writes `value` as JSON for a run that is named `what` (a target, or two).
    ///
    /// # Errors
    /// It could not be written.
    pub fn json(
        &self,
        id: &CaseId,
        what: &str,
        value: &impl Serialize,
    ) -> Result<PathBuf, ArtifactError> {
        let json = serde_json::to_vec_pretty(value).map_err(io::Error::other);
        write(with_suffix(&self.dir.join(stem(id, what)), ".json"), json)
    }
}

fn write(path: PathBuf, bytes: io::Result<Vec<u8>>) -> Result<PathBuf, ArtifactError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let done = fs::create_dir_all(parent).and(bytes).and_then(|bytes| fs::write(&path, bytes));
    match done {
        Ok(()) => Ok(path),
        Err(source) => Err(ArtifactError { path, source }),
    }
}

/// `state/listen/rcv-syn.ipv4.stack`: nothing of a path that would lead out of the directory.
fn stem(id: &CaseId, target: &str) -> PathBuf {
    let mut path: PathBuf =
        Path::new(id.name()).components().filter(|c| matches!(c, Component::Normal(_))).collect();
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    path.set_file_name(format!("{file}.{}.{}", id.ip.name(), target.replace([':', '/'], "-")));
    path
}

fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The packets of a run. Time 0 of the capture is time 0 of the script, so that runs compare.
fn capture(result: &CaseResult, target: &TargetInfo) -> io::Result<Vec<u8>> {
    let target = format!("{} {}", target.name, target.version);
    let verdict = match result.message.as_str() {
        "" => result.verdict.name().to_owned(),
        message => format!("{}: {message}", result.verdict.name()),
    };
    let info = CaptureInfo {
        script: &result.id.script,
        target: &target,
        verdict: &verdict,
        interface: "tun0",
        base: Duration::ZERO,
    };
    let packets = result.log.capture.iter().map(|packet| CapturedPacketRef {
        at_ns: packet.at.0.saturating_mul(1000),
        way: match packet.direction {
            Direction::Inbound => Way::ToTarget,
            Direction::Outbound => Way::FromTarget,
        },
        bytes: &packet.bytes,
        line: packet.line,
        note: None,
    });
    let mut bytes = Vec::new();
    pcap::write(&mut bytes, &info, packets).map_err(io::Error::other)?;
    Ok(bytes)
}
