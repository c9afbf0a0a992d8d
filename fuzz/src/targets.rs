//! Every target, one row each: what it is about, what judges an input, where inputs come from.

use synproof_harness::scenario::{Action, from_script};
use synproof_harness::script;
use synproof_harness::script::source::SourceFile;

use crate::generators::scenario::{Profile, change, flat};
use crate::generators::{self, datagram, option_area, story};
use crate::oracles::{
    canary, options_parse, packet_roundtrip, scenario, script_parse, segment_parse, two_peers,
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
    pub of_script: Option<OfScript>,
    /// How many times as long as the cheapest an execution takes: smoke runs make fewer of them.
    pub cost: u64,
    /// It is there to be compared with, and no part of a campaign over all targets.
    pub compares: bool,
}

/// Input, most bytes of the result, seed; the changed input.
pub type Change = fn(&[u8], usize, u64) -> Vec<u8>;

/// Text of a script; the input that it is.
pub type OfScript = fn(&[u8]) -> Option<Vec<u8>>;

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
    of_script: None,
    cost: 1,
    compares: false,
};

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "segment_parse",
        about: "the stack's wire parser beside the harness's strict one",
        check: segment_parse::check,
        generate: datagram::generate,
        shape: Shape::Mended(datagram::seal),
        ..BYTES
    },
    Target {
        name: "options_parse",
        about: "an option area, read by both parsers",
        check: options_parse::check,
        generate: option_area::generate,
        dictionary: option_area::DICTIONARY,
        max_len: 41,
        ..BYTES
    },
    Target {
        name: "packet_roundtrip",
        about: "what the packet layer reads, it writes again",
        check: packet_roundtrip::check,
        generate: datagram::generate,
        shape: Shape::Mended(datagram::repair),
        ..BYTES
    },
    Target {
        name: "script_parse",
        about: "any text as a script: lexer, parser, checker, formatter",
        check: script_parse::check,
        generate: generators::script::script,
        dictionary: generators::script::DICTIONARY,
        of_script: Some(|text| Some(text.to_vec())),
        cost: 3,
        max_len: 4096,
        ..BYTES
    },
    Target {
        name: "segment_storm",
        about: "segments relative to live state, into a stack in any state it can be in",
        check: scenario::check,
        generate: |seeded| generated(Profile::Storm, seeded),
        of_script: Some(of_script),
        shape: Shape::Structure(change::storm),
        max_len: 1 << 16,
        ..BYTES
    },
    Target {
        name: "api_sequence",
        about: "socket calls, segments and time in any order",
        check: scenario::check,
        generate: |seeded| generated(Profile::Api, seeded),
        of_script: Some(of_script),
        shape: Shape::Structure(change::api),
        max_len: 1 << 16,
        ..BYTES
    },
    Target {
        name: "two_peers",
        about: "two stacks over an adversarial link: equal streams, and an end",
        check: two_peers::check,
        generate: story::generate,
        shape: Shape::Structure(story::change),
        max_len: 1 << 14,
        cost: 20,
        ..BYTES
    },
    Target {
        name: "flat_bytes",
        about: "scenarios from bytes without any structure, to compare with",
        check: |bytes| crate::play::play(&flat::scenario(bytes)),
        generate: |seeded| seeded.some_bytes(400),
        compares: true,
        ..BYTES
    },
    Target {
        name: "canary",
        about: "a bug that is found within seconds, or the pipeline is broken",
        check: canary::check,
        planted: true,
        max_len: 64,
        ..BYTES
    },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The target of this name, for the programs that are named after one.
///
/// # Panics
/// There is none.
#[must_use]
pub fn known(name: &str) -> Target {
    let Some(target) = target(name) else { panic!("{name} is no row of TARGETS") };
    *target
}

/// A scenario in its stored form.
fn generated(profile: Profile, seeded: &mut Seeded) -> Vec<u8> {
    scenario::write(generators::scenario::scenario(profile, seeded))
}

/// What a script does, without what must follow.
fn of_script(text: &[u8]) -> Option<Vec<u8>> {
    let source = SourceFile::new("<seed>", String::from_utf8_lossy(text));
    let (script, _diagnostics) = script::parse(&source, &script::Defines::new());
    let mut scenario = from_script(&script);
    scenario.head.clear();
    scenario.cleanup = None;
    scenario.steps.retain(|step| !matches!(step.action, Action::Verbatim(_)));
    (scenario.steps.len() > 1).then(|| scenario::write(scenario))
}
