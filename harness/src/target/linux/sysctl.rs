//! Sysctls as files below /proc/sys. `net.*` is that of the calling thread's namespace.

use std::fs;
use std::io::{self, Write as _};

use crate::command::sysctl::proc_path;

/// Writes a sysctl by its dotted name.
pub(super) fn write(name: &str, value: &str) -> io::Result<()> {
    // One write(2): the kernel parses each write on its own.
    let mut file = fs::OpenOptions::new().write(true).open(proc_path(name))?;
    file.write_all(value.as_bytes())
}

/// Reads a sysctl by its dotted name, without the newline at its end.
pub(super) fn read(name: &str) -> io::Result<String> {
    fs::read_to_string(proc_path(name)).map(|text| text.trim_end_matches('\n').to_owned())
}
