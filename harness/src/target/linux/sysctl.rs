//! Sysctls as files below /proc/sys. `net.*` is that of the calling thread's namespace.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The file of a sysctl in dotted form. As sysctl(8): if the first separator is a slash, dots are
/// part of the names.
pub(super) fn path(name: &str) -> PathBuf {
    let slash_first = name.find('/').unwrap_or(usize::MAX) < name.find('.').unwrap_or(usize::MAX);
    let relative = if slash_first { name.to_owned() } else { swap_separators(name) };
    PathBuf::from("/proc/sys").join(relative.trim_start_matches('/'))
}

fn swap_separators(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect()
}

/// Writes a sysctl.
pub(super) fn write(name: &str, value: &str) -> io::Result<()> {
    // One write(2): the kernel parses each write on its own.
    fs::OpenOptions::new()
        .write(true)
        .open(path(name))
        .and_then(|mut file| io::Write::write_all(&mut file, value.as_bytes()))
}

/// Reads a sysctl, without the newline at its end.
pub(super) fn read(name: &str) -> io::Result<String> {
    fs::read_to_string(path(name)).map(|text| text.trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("net.ipv4.tcp_sack", "/proc/sys/net/ipv4/tcp_sack")]
    #[case("net/ipv4/tcp_sack", "/proc/sys/net/ipv4/tcp_sack")]
    #[case("net.ipv4.conf.eth0/1.mtu", "/proc/sys/net/ipv4/conf/eth0.1/mtu")]
    #[case("net/ipv4/conf/eth0.1/mtu", "/proc/sys/net/ipv4/conf/eth0.1/mtu")]
    fn names_become_paths(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(path(name), PathBuf::from(expected));
    }
}
