//! Programs that are used where the harness does not do the work itself.

use std::path::{Path, PathBuf};

use super::{Check, Status};

/// Program, what it is for, how to get it.
const PROGRAMS: [(&str, &str, &str); 6] = [
    ("python3", "code blocks beyond the built-in subset", "apt-get install python3"),
    ("ip", "rare forms of `ip` in scripts", "apt-get install iproute2"),
    ("tc", "rare forms of `tc` in scripts", "apt-get install iproute2"),
    ("ethtool", "rare features of `ethtool` in scripts", "apt-get install ethtool"),
    ("nstat", "shell pipes with `nstat` in scripts", "apt-get install iproute2"),
    ("tshark", "a second opinion on captures", "apt-get install tshark"),
];

pub(super) fn checks() -> Vec<Check> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<_> = std::env::split_paths(&path).collect();
    PROGRAMS.iter().map(|program| check(*program, &dirs)).collect()
}

fn check((name, purpose, fix): (&str, &str, &str), dirs: &[PathBuf]) -> Check {
    match dirs.iter().map(|dir| dir.join(name)).find(|file| is_program(file)) {
        Some(file) => Check::ok(name, file.display().to_string()),
        None => Check::bad(name, Status::Warn, format!("not found; for {purpose}"), fix),
    }
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}
