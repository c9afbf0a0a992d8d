//! The counters of the namespace under nstat's names, from /proc/thread-self/net.
//!
//! Formats: net/ipv4/proc.c (a line of names, a line of values), net/ipv6/proc.c (one per line).

use std::collections::BTreeMap;
use std::io;

/// Every counter, zeros included.
pub(super) fn snapshot() -> io::Result<BTreeMap<String, i64>> {
    let mut counters = BTreeMap::new();
    for file in ["snmp", "netstat"] {
        let text = std::fs::read_to_string(format!("/proc/thread-self/net/{file}"))?;
        counters.extend(paired_lines(&text));
    }
    // Missing on a kernel without IPv6.
    if let Ok(text) = std::fs::read_to_string("/proc/thread-self/net/snmp6") {
        counters.extend(single_lines(&text));
    }
    Ok(counters)
}

/// `Tcp: RtoMin RtoMax …` over `Tcp: 200 120000 …` gives `TcpRtoMin`, …
fn paired_lines(text: &str) -> Vec<(String, i64)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for pair in lines.chunks(2) {
        let [names, values] = pair else { continue };
        let (Some((group, names)), Some((_, values))) =
            (names.split_once(':'), values.split_once(':'))
        else {
            continue;
        };
        let both = names.split_whitespace().zip(values.split_whitespace());
        found.extend(
            both.filter_map(|(name, value)| Some((format!("{group}{name}"), value.parse().ok()?))),
        );
    }
    found
}

fn single_lines(text: &str) -> Vec<(String, i64)> {
    text.lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(char::is_whitespace)?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_nstat() {
        let text = "TcpExt: SyncookiesSent TCPTimeouts\nTcpExt: 3 -1\nodd\n";
        let expected = [("TcpExtSyncookiesSent".to_owned(), 3), ("TcpExtTCPTimeouts".into(), -1)];
        assert_eq!(paired_lines(text), expected);
        assert_eq!(single_lines("Ip6InReceives   \t 12\nx\n"), [("Ip6InReceives".into(), 12)]);
    }
}
