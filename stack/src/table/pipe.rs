//! Pipes and files: what a socket's bytes can be spliced to and from.
//!
//! Linux: fs/pipe.c, fs/splice.c, as far as a socket at the other end can tell.

use std::collections::VecDeque;

use super::Fd;

/// Buffers a pipe has (PIPE_DEF_BUFFERS), each a page.
const RING_SIZE: usize = 16;
const PAGE_SIZE: usize = 4096;

/// Which end of a pipe a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipeEnd {
    Read,
    Write,
}

/// Names a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PipeId(pub(crate) u32);

/// The bytes between two descriptors.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    buffers: VecDeque<Vec<u8>>,
    /// The descriptors, as long as they are open.
    pub(crate) reader: Option<Fd>,
    pub(crate) writer: Option<Fd>,
    /// O_NONBLOCK of each.
    pub(crate) reader_nonblock: bool,
    pub(crate) writer_nonblock: bool,
}

impl Pipe {
    /// An empty pipe between two descriptors.
    pub(crate) const fn new(reader: Fd, writer: Fd) -> Self {
        Self {
            buffers: VecDeque::new(),
            reader: Some(reader),
            writer: Some(writer),
            reader_nonblock: false,
            writer_nonblock: false,
        }
    }

    /// Nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffers.is_empty()
    }

    /// Every buffer is taken, however little it holds.
    pub(crate) fn is_full(&self) -> bool {
        self.buffers.len() >= RING_SIZE
    }

    /// Puts `bytes` into buffers of their own, page by page; says how many found room.
    ///
    /// Linux: splice_to_pipe (fs/splice.c)
    pub(crate) fn splice_in(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for page in bytes.chunks(PAGE_SIZE) {
            if self.is_full() {
                break;
            }
            self.buffers.push_back(page.to_vec());
            taken += page.len();
        }
        taken
    }

    /// Writes: what fits behind the last bytes goes there.
    ///
    /// Linux: pipe_write (fs/pipe.c)
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let room = self.buffers.back().map_or(0, |last| PAGE_SIZE.saturating_sub(last.len()));
        // Bytes are put behind others only if all of the odd ones fit.
        let odd = bytes.len() % PAGE_SIZE;
        let joined = if odd <= room { odd } else { 0 };
        let (first, rest) = bytes.split_at_checked(joined).unwrap_or((bytes, &[]));
        if let Some(last) = self.buffers.back_mut() {
            last.extend_from_slice(first);
        }
        first.len() + self.splice_in(rest)
    }

    /// Up to `max` bytes, without taking them.
    pub(crate) fn peek(&self, max: usize) -> Vec<u8> {
        self.buffers.iter().flatten().take(max).copied().collect()
    }

    /// Takes the first `len` bytes.
    pub(crate) fn advance(&mut self, mut len: usize) {
        while let Some(first) = self.buffers.front_mut() {
            let part = len.min(first.len());
            first.drain(..part);
            len -= part;
            if !first.is_empty() {
                break;
            }
            self.buffers.pop_front();
        }
    }
}

/// A regular file that was opened.
#[derive(Clone, Debug)]
pub(crate) struct OpenFile {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pos: usize,
}

impl OpenFile {
    /// Up to `max` bytes from `at` on.
    pub(crate) fn at(&self, at: usize, max: usize) -> &[u8] {
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.get(..max).unwrap_or(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_writes_share_a_page_and_splices_do_not() {
        let mut pipe = Pipe::new(Fd(3), Fd(4));
        for _ in 0..20 {
            assert_eq!(pipe.write(&[1; 100]), 100);
        }
        assert_eq!((pipe.buffers.len(), pipe.peek(usize::MAX).len()), (1, 2000));
        for _ in 1..RING_SIZE {
            assert_eq!(pipe.splice_in(&[2; 10]), 10);
        }
        assert!(pipe.is_full());
        assert_eq!(pipe.splice_in(&[3; 10]), 0);
        assert_eq!(pipe.write(&[4; 5]), 5, "behind the last bytes");
        assert_eq!(pipe.write(&[4; PAGE_SIZE]), 0);
        assert_eq!(pipe.peek(2001).last(), Some(&2));
        pipe.advance(2005);
        assert_eq!((pipe.buffers.len(), pipe.peek(usize::MAX).len()), (15, 150));
        pipe.advance(1000);
        assert!(pipe.is_empty());
    }

    #[test]
    fn large_writes_take_what_fits() {
        let mut pipe = Pipe::new(Fd(3), Fd(4));
        assert_eq!(pipe.write(&[0; 100_000]), RING_SIZE * PAGE_SIZE);
        assert_eq!(pipe.peek(usize::MAX).len(), RING_SIZE * PAGE_SIZE);
    }
}
