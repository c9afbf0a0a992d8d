//! Script files into memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::source::SourceFile;

/// Larger files are no scripts. (Positions are 32 bits; people's patience is less.)
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Why a script could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("{}: no such file", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// Larger than [`MAX_BYTES`].
    #[error("{}: larger than {} MiB, this is no script", path.display(), MAX_BYTES >> 20)]
    TooLarge {
        /// The path as given.
        path: PathBuf,
    },
    /// Scripts are UTF-8 (ASCII, in practice).
    #[error("{}:{line}: not UTF-8 at byte {offset} of the file", path.display())]
    NotUtf8 {
        /// The path as given.
        path: PathBuf,
        /// Offset of the first byte that does not belong, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// A directory, no permission, or a broken disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads a script.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: impl AsRef<Path>) -> Result<Arc<SourceFile>, ReadError> {
    let path = path.as_ref();
    let bytes = bytes(path).map_err(|source| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            ReadError::NotFound { path }
        } else {
            ReadError::Io { path, source }
        }
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..offset).unwrap_or_default();
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        ReadError::NotUtf8 { path: path.to_owned(), offset, line }
    })?;
    Ok(SourceFile::new(path, text))
}

/// One byte more than is allowed tells a file that is too large, also one that grows or has no size.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: Option<&[u8]>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pkt");
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        match read(&path) {
            Ok(source) => format!("{} bytes", source.text().len()),
            Err(error) => error.to_string().replace(&path.display().to_string(), "a.pkt"),
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        assert_eq!(message(Some(b"0 close(3) = 0\n")), "15 bytes");
        assert_eq!(message(None), "a.pkt: no such file");
        assert_eq!(message(Some(b"0\n+0 \xff")), "a.pkt:2: not UTF-8 at byte 5 of the file");
        let large = vec![b' '; usize::try_from(MAX_BYTES).unwrap() + 1];
        assert_eq!(message(Some(&large)), "a.pkt: larger than 16 MiB, this is no script");
        assert!(matches!(read("/"), Err(ReadError::Io { .. })));
    }
}
