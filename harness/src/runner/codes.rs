//! The codes of diagnostics that come from options and metadata, beside those of the language, and
//! the classes of failures.

/// Code and meaning, sorted by code.
pub const OPTION_CODES: &[(&str, &str)] = &[
    ("metadata::bad-xfail", "`//! xfail` is not of its form and expects nothing to fail"),
    ("metadata::unknown-capability", "`//! needs:` names no capability of any target"),
    ("metadata::unknown-ip-version", "`//! ip:` names no IP version"),
    ("metadata::unknown-kernel", "`//! kernel:` names no kernel that the stack can be"),
    ("metadata::unknown-key", "nothing reads a `//!` line with that key"),
    ("metadata::unknown-target", "`//! xfail(..)` names no target and no IP version"),
    ("option::address-family", "an address does not fit the IP version of the run"),
    ("option::bad-value", "the value of an option is not of its form"),
    ("option::forbidden-value", "an option that takes no value has one"),
    ("option::missing-value", "an option that needs a value has none"),
    ("option::not-supported", "packetdrill has this option, synproof does not"),
    ("option::unknown", "no option has that name"),
];

/// The classes of failures in reports (`error[late]`), with their meaning.
pub const CLASS_CODES: &[(&str, &str)] = &[
    ("code", "an assertion of a code block failed"),
    ("command", "a shell command failed"),
    ("content", "a packet or a state differs from what is expected, or never came"),
    ("early", "the right thing, too early"),
    ("environment", "the machine or synproof, not the TCP under test"),
    ("late", "the right thing, too late"),
    (
        "lost",
        "what it ran on is gone: a kernel that panicked, or that something keeps busy for ever",
    ),
    ("script", "the script itself is wrong"),
    ("syscall", "a system call returned something else than expected, or not at all"),
];
