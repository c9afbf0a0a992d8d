//! SHA-256 in hexadecimal, for cache keys and for telling kernels apart.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// A hash over parts; where one part ends and the next begins counts.
pub(crate) struct Hash(Sha256);

impl Hash {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds a part.
    pub(crate) fn part(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.add(bytes);
        self
    }

    /// Adds a part.
    pub(crate) fn add(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.0.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.update(bytes);
    }

    /// The first `digits` hexadecimal digits, 64 at most.
    pub(crate) fn hex(self, digits: usize) -> String {
        shortened(&self.0.finalize(), digits)
    }
}

/// All 64 digits of the hash of a file, as `sha256sum` prints them.
pub(crate) fn of_file(path: &Path) -> Result<String> {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = file.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
                return Ok(shortened(&hash.finalize(), 64));
            };
            hash.update(bytes);
        }
    };
    read().with_context(|| format!("failed to read {}", path.display()))
}

/// The first 12 digits of the hash of a text, as `sha256sum` prints them.
pub(crate) fn of_text(text: &str) -> String {
    shortened(&Sha256::digest(text), 12)
}

fn shortened(bytes: &[u8], digits: usize) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.chars().take(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::{Hash, of_file, of_text};

    #[test]
    fn it_is_sha_256() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let whole = of_file(file.path()).unwrap();
        assert_eq!(whole, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(of_text("abc"), "ba7816bf8f01");
    }

    #[test]
    fn the_border_between_parts_counts() {
        let one = Hash::new().part("ab").part("c").hex(64);
        let other = Hash::new().part("a").part("bc").hex(64);
        assert_ne!(one, other);
        assert_eq!(one.len(), 64);
    }
}
