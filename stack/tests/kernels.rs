//! `docs/kernels.md` is what the tables of `stack/src/kernel` say.
//!
//! `cargo xtask kernels` rewrites the page (it sets UPDATE=1); without that, this test compares.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::fmt::Write;
use std::path::Path;

use synproof_stack::kernel::{KNOBS, KernelVersion, OPTIONS, RULES, Span};

const HEAD: &str = "# Kernels

Generated from `stack/src/kernel` by `cargo xtask kernels`; a test compares. The stack behaves as
the newest of these unless `--kernel-profile`, or a script's `//! kernel:`, names another:

";

const BOUNDS: &str = "
A version in *since* has the behaviour, one in *until* no longer has it; without one of them nothing is
known that is older, or newer. What is not in these tables is alike in all of them, or not known to
differ. 4.3 is known from its documentation and changelogs, the others from running them: 6.1 as 6.1.192
and 6.12 as 6.12.117 of Debian, in virtual time.
";

fn span(span: Span) -> (String, String) {
    let shown = |version: Option<KernelVersion>| {
        version.map_or(String::new(), |v| v.to_string().trim_start_matches("linux-").to_owned())
    };
    (shown(span.since), shown(span.until))
}

fn page() -> String {
    let mut text = HEAD.to_owned();
    for version in KernelVersion::KNOWN {
        writeln!(text, "- `{version}`").unwrap();
    }
    text.push_str(BOUNDS);
    text.push_str(
        "\n## Behaviour\n\n| what a kernel does | since | until | Linux | known from |\n",
    );
    text.push_str("|---|---|---|---|---|\n");
    for rule in RULES {
        let (since, until) = span(rule.span);
        let what = rule.what.trim();
        writeln!(text, "| {what} | {since} | {until} | {} | {} |", rule.linux, rule.source)
            .unwrap();
    }
    text.push_str("\n## Sysctls\n\n| name | since | until | value before | known from |\n");
    text.push_str("|---|---|---|---|---|\n");
    for knob in KNOBS {
        let (since, until) = span(knob.span);
        let was = knob.was.iter().map(|(until, value)| {
            format!("{value} before {}", until.to_string().trim_start_matches("linux-"))
        });
        let was = was.collect::<Vec<_>>().join(", ");
        writeln!(text, "| `{}` | {since} | {until} | {was} | {} |", knob.name, knob.source)
            .unwrap();
    }
    text.push_str(
        "\nWhere a version has no such sysctl, its value before is what the stack keeps instead.\n",
    );
    text.push_str("\n## Socket options\n\n| name | since |\n|---|---|\n");
    for option in OPTIONS {
        writeln!(text, "| `{}` | {} |", option.name, span(option.span).0).unwrap();
    }
    text
}

#[test]
fn the_page_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/kernels.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page(), "cargo xtask kernels");
}
