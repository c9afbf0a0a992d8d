//! Our own scripts, which use every form of the language once: they parse, formatting them keeps
//! their meaning, and the canonical text of each is on record.

use std::path::PathBuf;

use rstest::rstest;
use synproof_harness::script::check::{CheckOptions, check};
use synproof_harness::script::diagnostic::{Severity, render_all};
use synproof_harness::script::print::format;
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse, read, same_meaning};

#[rstest]
fn canonical_text(#[files("tests/data/script/ok/*.pkt")] path: PathBuf) {
    let source = read(&path).expect("readable script");
    let (script, mut found) = parse(&source, &Defines::new());
    found.extend(check(&script, &CheckOptions::default()));
    let errors: Vec<_> = found.into_iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{}", render_all(&errors, &source, false));

    let tokens: String = script.tokens.iter().map(|token| source.slice(token.span)).collect();
    assert_eq!(tokens, source.text());

    let once = format(&script);
    let (again, _found) = parse(&SourceFile::new("<once>", once.as_str()), &Defines::new());
    assert!(same_meaning(&script, &again), "{once}");
    assert_eq!(format(&again), once);

    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    insta::with_settings!({
        snapshot_path => "data/script/snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(format!("format-{stem}"), once);
    });
}

#[rstest]
#[case("0 close(3) = 0\n", "+0 close(3) = 0\n")]
#[case("0 close(3) = 0\n", "0 close(4) = 0\n")]
#[case("0 close(3) = 0\n", "0 close(3) = 0 (fine)\n")]
#[case("0 > . 1:1(0)\n", "0 > . 1:1(0) ack 0\n")]
#[case("0 > . 1:1(0) <nop,eol>\n", "0 > . 1:1(0) <eol,nop>\n")]
#[case("0 > . 1:1(0)\n", "0 > . 1:1(0) <...>\n")]
#[case("0 > [ect0] . 1:1(0)\n", "0 > . 1:1(0)\n")]
#[case("--mtu=1\n0 `a`\n", "0 `a`\n")]
#[case("`i`\n0 `a`\n", "0 `a`\n`i`\n")]
#[case("//! a: b\n0 `a`\n", "0 `a`\n")]
fn different_scripts_mean_different_things(#[case] a: &str, #[case] b: &str) {
    let tree = |text: &str| parse(&SourceFile::new("<text>", text), &Defines::new()).0;
    assert!(!same_meaning(&tree(a), &tree(b)));
    assert!(same_meaning(&tree(a), &tree(a)));
}
