//! What can go wrong with what a command writes.

use std::io;
use std::path::PathBuf;

use super::console::Console;
use super::exit::Exit;
use crate::runner::ArtifactError;

/// Something could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("cannot write {}: {source}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
    #[error("cannot watch for signals: {0}")]
    Signals(#[from] ctrlc::Error),
}

impl OutputError {
    /// Says so, and how the program ends.
    pub(super) fn told(&self, console: &Console) -> Exit {
        // Whoever closed the pipe has read enough and wants no complaint.
        let exit = match self {
            Self::Report(error) => Exit::of_output(error),
            Self::Artifact(_) | Self::File { .. } | Self::Signals(_) => Exit::Environment,
        };
        if exit != Exit::ClosedPipe {
            console.error(&self.to_string());
        }
        exit
    }
}
