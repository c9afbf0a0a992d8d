//! Every diagnostic code with one line of meaning. `docs/language.md` has an example of each.

/// Code and meaning, sorted by code.
pub const CODES: &[(&str, &str)] = &[
    ("check::ack-unsent", "an injected segment acknowledges what was never sent"),
    ("check::argument-count", "the system call has another number of arguments"),
    ("check::bad-escape", "a backslash in a string is followed by something that means nothing"),
    ("check::blocking-end", "a blocking call ends before it starts"),
    ("check::closed-fd", "a descriptor is used after it was closed"),
    ("check::duplicate-fd", "a call gives a descriptor that is open already"),
    ("check::form-feed", "a string has a backslash or a quote that stand for a form feed"),
    ("check::icmp-mtu", "an mtu in an ICMP message that has none, or one that is too large"),
    ("check::icmp-name", "the IP version has no ICMP type or code of that name"),
    ("check::icmp-version", "an ICMPv6 name in a script that does not say it is for IPv6"),
    ("check::md5-secret", "`md5 valid` without `--tcp_md5_secret`"),
    ("check::name-given", "a name is given a second time"),
    ("check::name-kind", "a name is of another kind than is needed, or is given to nothing"),
    (
        "check::not-negotiated",
        "an expected segment has an option that the peer's SYN did not offer",
    ),
    ("check::option-value", "an option has a value of the wrong kind"),
    ("check::reused-fd", "an accepted connection takes over a descriptor that is open"),
    ("check::text-length", "a text is shorter than what is sent, or longer than the room for it"),
    ("check::time-backwards", "an absolute time is earlier than the one before it"),
    ("check::udp-encapsulation", "`/udp(..)` without `--udp_encapsulation`"),
    ("check::unknown-errno", "no error has that name"),
    ("check::unknown-fd", "no call before gives that descriptor"),
    ("check::unknown-name", "nothing before gives that name"),
    ("check::unknown-state", "no TCP state has that name"),
    ("check::unknown-symbol", "no constant has that name"),
    ("check::unknown-syscall", "no system call that scripts can make has that name"),
    ("check::vector-length", "a vector is not as long as the count beside it says"),
    ("parse::bad-address", "something looks like an IP address and is none"),
    ("parse::bad-flags", "TCP flags that do not exist or exclude each other"),
    ("parse::bad-hex", "a cookie or digest that is not hexadecimal, or too long"),
    ("parse::bad-struct", "no struct has these members in this order"),
    (
        "parse::duplicate",
        "a part of the IP header is given twice, or a part of a packet named twice",
    ),
    ("parse::ecn-not-tcp", "an ECN name on a UDP packet"),
    ("parse::errno-text", "an error name without its text, or an empty text"),
    ("parse::expected", "something else should stand here"),
    ("parse::first-event-time", "the first event is not at time 0"),
    (
        "parse::inbound-only",
        "something stands on an expected packet that only an injected one can have",
    ),
    ("parse::inbound-window", "an injected segment has no window"),
    (
        "parse::loop",
        "a loop is not complete, too long or in another one, or holds more than events",
    ),
    ("parse::loop-row", "a row of a loop has another number of values than the loop has names"),
    ("parse::misplaced-name", "a name is given or used in a part of a packet that cannot have it"),
    ("parse::negative-time", "a time is negative"),
    ("parse::no-events", "the script has no events"),
    ("parse::option-value", "an option lacks its value, or has one it cannot have"),
    ("parse::options-padding", "the TCP options do not fill a multiple of four bytes"),
    ("parse::options-too-long", "the TCP options are more than 40 bytes"),
    ("parse::order", "options, init command, events and cleanup command are out of order"),
    ("parse::out-of-range", "a number does not fit where it stands"),
    ("parse::outbound-only", "an injected packet leaves something open"),
    ("parse::payload", "the text of a segment is not as long as the segment"),
    ("parse::preprocessor", "a `#` line that is unknown or has no partner"),
    ("parse::seq-mismatch", "START plus LEN is not END"),
    ("parse::stray-word", "a lone word at the very top"),
    ("parse::time-outbound-only", "an open time on something that is no outbound packet"),
    ("parse::time-range-backwards", "a time range ends before it starts"),
    ("parse::too-deep", "brackets are nested too deep"),
    ("parse::too-large", "a segment is larger than a datagram"),
    ("parse::too-many-headers", "more headers than a packet can have"),
    ("parse::too-many-labels", "more MPLS labels than a stack can have"),
    ("parse::unknown-option", "no option has that name"),
    ("parse::unterminated", "a string, command, code block or comment does not end"),
];

/// What a code means.
#[must_use]
pub fn meaning(code: &str) -> Option<&'static str> {
    let at = CODES.binary_search_by_key(&code, |(known, _)| known).ok()?;
    CODES.get(at).map(|(_, meaning)| *meaning)
}
