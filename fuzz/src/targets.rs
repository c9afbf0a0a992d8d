//! Every target, one row each: what it is about, what judges an input, where inputs come from.

use crate::generators::scenario::{Profile, change, flat};
use crate::generators::{self, datagram, option_area, story};
use crate::oracles::{
    canary, differential, options_parse, packet_roundtrip, scenario, script_parse, segment_parse,
    two_peers,
};
use crate::{Seeded, Verdict};

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of its program, its corpus and its findings.
    pub name: &'static str,
    /// In a line.
    pub about: &'static str,
    /// Judges an input.
    pub check: fn(&[u8]) -> Verdict,
    /// An input of its own making, for seeds and smoke runs.
    pub generate: fn(&mut Seeded) -> Vec<u8>,
    /// What an input is, which decides how it is changed.
    pub shape: Shape,
    /// Words that inputs may be made of, for targets whose inputs are bytes.
    pub dictionary: &'static [&'static [u8]],
    /// Most bytes of an input.
    pub max_len: usize,
    /// What it must find, if it is there to be broken.
    pub planted: bool,
    /// What a script is to it, for seeds.
    pub of_script: OfScript,
    /// How many times as long as the cheapest an execution takes: smoke runs make fewer of them.
    pub cost: u64,
    /// It is there to be compared with, and no part of a campaign over all targets.
    pub compares: bool,
    /// Why it cannot run on this machine, if it cannot.
    pub unavailable: fn() -> Option<String>,
}

/// Input, most bytes of the result, seed; the changed input.
pub type Change = fn(&[u8], usize, u64) -> Vec<u8>;

/// What the text of a script is to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfScript {
    /// Nothing.
    Nothing,
    /// An input.
    Text,
    /// What it does is a scenario.
    Scenario,
}

/// What an input is.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Bytes; libFuzzer changes them.
    Bytes,
    /// Bytes with lengths and checksums that this function puts right after most changes.
    Mended(fn(&[u8]) -> Vec<u8>),
    /// A value that serialises: input, most bytes of the result, seed; the changed input.
    Structure(Change),
}

/// A target whose inputs are bytes.
const BYTES: Target = Target {
    name: "",
    about: "",
    check: |_| Verdict::Rejected,
    generate: |seeded| seeded.some_bytes(64),
    shape: Shape::Bytes,
    dictionary: &[],
    max_len: 2048,
    planted: false,
    of_script: OfScript::Nothing,
    cost: 1,
    compares: false,
    unavailable: || None,
};

/// The stack's wire parser beside the harness's strict one.
pub const SEGMENT_PARSE: Target = Target {
    name: "segment_parse",
    about: "the stack's wire parser beside the harness's strict one",
    check: segment_parse::check,
    generate: datagram::generate,
    shape: Shape::Mended(datagram::seal),
    ..BYTES
};

/// An option area, read by both parsers.
pub const OPTIONS_PARSE: Target = Target {
    name: "options_parse",
    about: "an option area, read by both parsers",
    check: options_parse::check,
    generate: option_area::generate,
    dictionary: option_area::DICTIONARY,
    max_len: 41,
    ..BYTES
};

/// What the packet layer reads, it writes again.
pub const PACKET_ROUNDTRIP: Target = Target {
    name: "packet_roundtrip",
    about: "what the packet layer reads, it writes again",
    check: packet_roundtrip::check,
    generate: datagram::generate,
    shape: Shape::Mended(datagram::repair),
    ..BYTES
};

/// Any text as a script: lexer, parser, checker, formatter.
pub const SCRIPT_PARSE: Target = Target {
    name: "script_parse",
    about: "any text as a script: lexer, parser, checker, formatter",
    check: script_parse::check,
    generate: generators::script::script,
    dictionary: generators::script::DICTIONARY,
    of_script: OfScript::Text,
    cost: 3,
    max_len: 4096,
    ..BYTES
};

/// Segments relative to live state, into a stack in any state it can be in.
pub const SEGMENT_STORM: Target = Target {
    name: "segment_storm",
    about: "segments relative to live state, into a stack in any state it can be in",
    check: scenario::check,
    generate: |seeded| generated(Profile::Storm, seeded),
    of_script: OfScript::Scenario,
    shape: Shape::Structure(change::storm),
    max_len: 1 << 16,
    ..BYTES
};

/// Socket calls, segments and time in any order.
pub const API_SEQUENCE: Target = Target {
    name: "api_sequence",
    about: "socket calls, segments and time in any order",
    check: scenario::check,
    generate: |seeded| generated(Profile::Api, seeded),
    of_script: OfScript::Scenario,
    shape: Shape::Structure(change::api),
    max_len: 1 << 16,
    ..BYTES
};

/// A scenario on the stack and on a kernel: what one does, the other does.
pub const DIFFERENTIAL: Target = Target {
    name: "differential",
    about: "a scenario on the stack and on a kernel: what one does, the other does",
    check: differential::check,
    unavailable: differential::unavailable,
    cost: 100,
    ..API_SEQUENCE
};

/// Two stacks over an adversarial link: equal streams, and an end.
pub const TWO_PEERS: Target = Target {
    name: "two_peers",
    about: "two stacks over an adversarial link: equal streams, and an end",
    check: two_peers::check,
    generate: story::generate,
    shape: Shape::Structure(story::change),
    max_len: 1 << 14,
    cost: 20,
    ..BYTES
};

/// Scenarios from bytes without any structure, to compare with.
pub const FLAT_BYTES: Target = Target {
    name: "flat_bytes",
    about: "scenarios from bytes without any structure, to compare with",
    check: |bytes| crate::play::play(&flat::scenario(bytes)),
    generate: |seeded| seeded.some_bytes(400),
    compares: true,
    ..BYTES
};

/// A bug that is found within seconds, or the pipeline is broken.
pub const CANARY: Target = Target {
    name: "canary",
    about: "a bug that is found within seconds, or the pipeline is broken",
    check: canary::check,
    planted: true,
    max_len: 64,
    ..BYTES
};

/// Every target. A program names its own row, so that nothing of the others is part of it: libFuzzer
/// looks at every counter of a program after each execution.
pub const TARGETS: &[Target] = &[
    SEGMENT_PARSE,
    OPTIONS_PARSE,
    PACKET_ROUNDTRIP,
    SCRIPT_PARSE,
    SEGMENT_STORM,
    API_SEQUENCE,
    DIFFERENTIAL,
    TWO_PEERS,
    FLAT_BYTES,
    CANARY,
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// A scenario in its stored form.
fn generated(profile: Profile, seeded: &mut Seeded) -> Vec<u8> {
    scenario::write(generators::scenario::scenario(profile, seeded))
}
