//! What goes to a guest, made small.
//!
//! The terminal of User-Mode Linux takes its input from the host one byte at a time, with a system
//! call for each (`generic_read` of arch/um/drivers/chan_user.c). Scripts have most of their text in
//! common, and their configurations all of it, so frames travel in one compressed stream, as long as
//! the guest lives: what was there before costs next to nothing.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Room that is added whenever there is none left.
const ROOM: usize = 4096;

/// The host's end.
#[derive(Debug)]
pub(super) struct Squeeze(Compress);

impl Squeeze {
    /// At the beginning of the stream.
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    /// `bytes` as they travel: the other end has all of them when it has all of this.
    pub(super) fn squeeze(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let start = self.0.total_in();
        let mut out = Vec::new();
        loop {
            out.reserve(ROOM);
            let done = usize::try_from(self.0.total_in() - start).unwrap_or(usize::MAX);
            let rest = bytes.get(done..).unwrap_or_default();
            let pressed = self.0.compress_vec(rest, &mut out, FlushCompress::Sync);
            let status = pressed.map_err(|error| error.to_string())?;
            // With room left, nothing is kept back.
            if out.len() < out.capacity() || status == Status::BufError {
                return Ok(out);
            }
        }
    }
}

/// The guest's end.
#[derive(Debug)]
pub(super) struct Swell(Decompress);

impl Swell {
    /// At the beginning of the stream.
    pub(super) fn new() -> Self {
        Self(Decompress::new(false))
    }

    /// What `bytes`, the next of the stream, stand for, as far as they go.
    ///
    /// # Errors
    /// They are none of a stream.
    pub(super) fn swell(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let start = self.0.total_in();
        let mut out = Vec::new();
        loop {
            out.reserve(ROOM);
            let before = (self.0.total_in(), self.0.total_out());
            let done = usize::try_from(before.0 - start).unwrap_or(usize::MAX);
            let rest = bytes.get(done..).unwrap_or_default();
            let swollen = self.0.decompress_vec(rest, &mut out, FlushDecompress::None);
            swollen.map_err(|error| format!("a broken stream: {error}"))?;
            // It may stop short of the room it has, with more to come.
            if (self.0.total_in(), self.0.total_out()) == before {
                return Ok(out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_in_comes_out_however_it_is_cut() {
        let numbers = |range: std::ops::Range<u32>| range.map(|n| n.to_string()).collect();
        let texts: [String; 4] =
            ["a".repeat(100_000), String::new(), numbers(0..9000), numbers(100_000..300_000)];
        for size in [1, 7, 1000, usize::MAX] {
            let (mut squeeze, mut swell) = (Squeeze::new(), Swell::new());
            for text in &texts {
                let sent = squeeze.squeeze(text.as_bytes()).unwrap();
                let pieces = sent.chunks(size);
                let came: Vec<u8> = pieces.flat_map(|piece| swell.swell(piece).unwrap()).collect();
                assert!(
                    came == text.as_bytes(),
                    "{} of {} in pieces of {size}",
                    came.len(),
                    text.len()
                );
            }
        }
    }

    #[test]
    fn what_was_sent_before_is_short() {
        let mut squeeze = Squeeze::new();
        let text: String = (0..500).map(|n| n.to_string()).collect();
        let first = squeeze.squeeze(text.as_bytes()).unwrap().len();
        assert!(squeeze.squeeze(text.as_bytes()).unwrap().len() * 10 < first);
    }

    #[test]
    fn rubbish_is_an_error() {
        assert!(Swell::new().swell(&[0xff; 64]).is_err());
    }
}
