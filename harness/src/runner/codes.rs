//! The codes of diagnostics that come from options and metadata, beside those of the language.

/// Code and meaning, sorted by code.
pub const OPTION_CODES: &[(&str, &str)] = &[
    ("metadata::unknown-capability", "`//! needs:` names no capability of any target"),
    ("metadata::unknown-ip-version", "`//! ip:` names no IP version"),
    ("option::address-family", "an address does not fit the IP version of the run"),
    ("option::bad-value", "the value of an option is not of its form"),
    ("option::forbidden-value", "an option that takes no value has one"),
    ("option::missing-value", "an option that needs a value has none"),
    ("option::not-supported", "packetdrill has this option, synproof does not"),
    ("option::unknown", "no option has that name"),
];
