//! Names of sysctls: every spelling that sysctl(8) and /proc/sys take, and one normal form.
//!
//! The normal form is dotted (`net.ipv4.tcp_sack`). A dot inside a component (the interface of
//! `net.ipv4.conf.eth0/100.forwarding`) is written as a slash, as sysctl(8) does.

const PROC_SYS: &str = "/proc/sys/";

/// The normal form of a name written with dots, with slashes or as a path below `/proc/sys`;
/// [`None`] for what can be no name (empty components, `..`, blanks).
#[must_use]
pub fn dotted(name: &str) -> Option<String> {
    let in_proc = name.strip_prefix(PROC_SYS);
    let bare = in_proc.unwrap_or(name);
    let separator = bare.find(['.', '/']).and_then(|at| bare.as_bytes().get(at).copied());
    let dots_first = in_proc.is_none() && separator != Some(b'/');
    let normal = if dots_first { bare.to_owned() } else { swap(bare) };
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '=';
    let climbs = swap(&normal).split('/').any(|part| part == ".." || part == ".");
    let ok = normal.split('.').all(|part| !part.is_empty()) && !normal.contains(odd) && !climbs;
    ok.then_some(normal)
}

/// The file of a name in normal form.
#[must_use]
pub fn proc_path(dotted: &str) -> String {
    format!("{PROC_SYS}{}", swap(dotted))
}

/// Whether `path` is a file of /proc/sys.
#[must_use]
pub fn is_proc_path(path: &str) -> bool {
    path.starts_with(PROC_SYS)
}

/// Dots for slashes and slashes for dots.
fn swap(name: &str) -> String {
    let other = |c| match c {
        '.' => '/',
        '/' => '.',
        c => c,
    };
    name.chars().map(other).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("net.ipv4.tcp_sack", "net.ipv4.tcp_sack", "/proc/sys/net/ipv4/tcp_sack")]
    #[case("net/ipv4/tcp_sack", "net.ipv4.tcp_sack", "/proc/sys/net/ipv4/tcp_sack")]
    #[case("/proc/sys/net/ipv4/tcp_sack", "net.ipv4.tcp_sack", "/proc/sys/net/ipv4/tcp_sack")]
    #[case(
        "net.ipv4.conf.eth0/100.forwarding",
        "net.ipv4.conf.eth0/100.forwarding",
        "/proc/sys/net/ipv4/conf/eth0.100/forwarding"
    )]
    #[case(
        "net/ipv4/conf/eth0.100/forwarding",
        "net.ipv4.conf.eth0/100.forwarding",
        "/proc/sys/net/ipv4/conf/eth0.100/forwarding"
    )]
    #[case(
        "net.inet.tcp.sack.enable",
        "net.inet.tcp.sack.enable",
        "/proc/sys/net/inet/tcp/sack/enable"
    )]
    fn names(#[case] written: &str, #[case] normal: &str, #[case] path: &str) {
        assert_eq!(dotted(written).as_deref(), Some(normal));
        assert_eq!(proc_path(normal), path);
        assert_eq!(dotted(path).as_deref(), Some(normal));
    }

    #[rstest]
    #[case("")]
    #[case("net..ipv4")]
    #[case("/proc/sys/net/../../etc/passwd")]
    #[case("a b")]
    fn no_names(#[case] written: &str) {
        assert_eq!(dotted(written), None);
    }
}
