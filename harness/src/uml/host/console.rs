//! What a guest's kernel says on its console: the last of it, for when the guest is lost.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Lines that are kept. A panic with its call trace takes about thirty.
const KEPT: usize = 40;

/// Reads a console to its end, on a thread of its own.
#[derive(Debug)]
pub(super) struct Console {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Console {
    /// Reads `stream` until its last writer is gone.
    pub(super) fn read(stream: impl Read + Send + 'static) -> std::io::Result<Self> {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let reader = std::thread::Builder::new().name("guest console".into()).spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        })?;
        Ok(Self { lines, reader: Some(reader) })
    }

    /// Forgets what was said so far.
    pub(super) fn forget(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The last lines. To be called when every writer is gone, for it waits for the end.
    pub(super) fn last_lines(&mut self) -> Vec<String> {
        if let Some(reader) = self.reader.take() {
            // It has no way to panic; what it read until then would be there all the same.
            let _ = reader.join();
        }
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| !line.is_empty()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let text: String = (0..100).map(|n| format!("line {n}\r\n\n")).collect();
        let lines = Console::read(std::io::Cursor::new(text)).unwrap().last_lines();
        assert_eq!(lines.len(), KEPT / 2);
        assert_eq!(lines.last().map(String::as_str), Some("line 99"));
    }
}
