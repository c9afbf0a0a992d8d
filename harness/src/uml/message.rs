//! What host and guest say to each other: one value of JSON in a frame of its own length.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::engine::log::Captured;
use crate::engine::{Mode, Run};
use crate::script::Defines;
use crate::target::TargetInfo;

/// Host to guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToGuest {
    /// Run this script.
    Run(Box<Errand>),
    /// There is nothing more to do: power off.
    Finish,
}

/// A script and everything its run depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Errand {
    /// Directory that relative paths start from.
    pub(super) directory: PathBuf,
    /// Path of the script as given.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// The symbols it is parsed with.
    pub(super) defines: Defines,
    /// Its configuration.
    pub(super) config: Config,
    /// Whether it judges.
    pub(super) mode: Mode,
}

/// Guest to host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToHost {
    /// Up, and ready for scripts.
    Ready(Greeting),
    /// It cannot be used, in one line.
    Unusable(String),
    /// What was seen.
    Ran(Box<Report>),
    /// Another [`TAKEN`] bytes have been read.
    Taken,
}

/// What a guest says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Greeting {
    /// What its target says.
    pub(super) info: TargetInfo,
    /// Nanoseconds in which its clock is read.
    pub(super) clock_step_ns: i64,
}

/// The host may be this many bytes ahead of what the guest has read. The terminal of User-Mode
/// Linux holds 4096; short of that it is throttled, and some kernels never read from it again
/// (`line_throttle` of arch/um/drivers/line.c).
pub(super) const WINDOW: usize = 3 * 1024;

/// Bytes that the guest reports together.
pub(super) const TAKEN: usize = 1024;

/// A run, with the capture that its log leaves out when it is serialised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    /// The run.
    pub(super) run: Run,
    /// Its packets.
    pub(super) capture: Vec<Captured>,
}

/// Bytes of the length before each frame: a little-endian `u32`.
const LENGTH: usize = 4;
/// Longer than any log; a length above it is not one.
const LIMIT: usize = 1 << 30;

/// A frame with `message` in it.
pub(super) fn frame<T: Serialize>(message: &T) -> Result<Vec<u8>, String> {
    let mut frame = vec![0; LENGTH];
    serde_json::to_writer(&mut frame, message).map_err(|error| error.to_string())?;
    let len = u32::try_from(frame.len() - LENGTH).map_err(|error| error.to_string())?;
    for (to, from) in frame.iter_mut().zip(len.to_le_bytes()) {
        *to = from;
    }
    Ok(frame)
}

/// Puts frames together from the pieces in which they arrive.
#[derive(Debug, Default)]
pub(super) struct Frames {
    received: Vec<u8>,
}

impl Frames {
    /// More bytes have come.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// What has come and is no message, as text: a kernel in trouble prints where messages go.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// Takes the next message, if all of it is there.
    ///
    /// # Errors
    /// The bytes are no message.
    pub(super) fn next<T: for<'a> Deserialize<'a>>(&mut self) -> Result<Option<T>, String> {
        let Some(length) = self.received.first_chunk::<LENGTH>() else { return Ok(None) };
        let len = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if len > LIMIT {
            return Err(format!("a frame of {len} bytes"));
        }
        let Some(body) = self.received.get(LENGTH..LENGTH + len) else { return Ok(None) };
        let message = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        self.received.drain(..LENGTH + len);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(frames: &mut Frames) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(ToHost::Unusable(text)) = frames.next().unwrap() {
            texts.push(text);
        }
        texts
    }

    #[test]
    fn frames_come_back_from_pieces_of_any_size() {
        let mut sent = frame(&ToHost::Unusable("a".into())).unwrap();
        sent.extend(frame(&ToHost::Unusable("bc".repeat(1000))).unwrap());
        for size in [1, 3, 7, 4096] {
            let (mut frames, mut said) = (Frames::default(), Vec::new());
            for piece in sent.chunks(size) {
                frames.extend(piece);
                said.extend(texts(&mut frames));
            }
            assert_eq!(said, ["a".to_owned(), "bc".repeat(1000)]);
        }
    }

    #[rstest::rstest]
    #[case::length(b"\xff\xff\xff\xff".as_slice())]
    #[case::json(b"\x02\0\0\0{]".as_slice())]
    #[case::another_message(b"\x02\0\0\0{}".as_slice())]
    fn other_bytes_are_an_error(#[case] bytes: &[u8]) {
        let mut frames = Frames::default();
        frames.extend(bytes);
        assert!(frames.next::<ToHost>().is_err());
    }
}
