//! One script for each diagnostic code, named after it, with everything it makes people see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rstest::rstest;
use synproof_harness::script::check::{CheckOptions, check};
use synproof_harness::script::codes::{CODES, meaning};
use synproof_harness::script::diagnostic::{Diagnostic, Severity, render_all};
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse, read};

fn findings(path: &Path) -> (Arc<SourceFile>, Vec<Diagnostic>) {
    let text = read(path).unwrap_or_else(|error| panic!("{error}")).text().to_owned();
    // Without its directory the name is the same everywhere.
    let source = SourceFile::new(path.file_name().unwrap_or_default(), text);
    let (script, mut found) = parse(&source, &Defines::new());
    if found.iter().all(|diagnostic| diagnostic.severity == Severity::Warning) {
        found.extend(check(&script, &CheckOptions::default()));
    }
    (source, found)
}

#[rstest]
fn what_people_see(#[files("tests/data/script/err/*.pkt")] path: PathBuf) {
    let (source, found) = findings(&path);
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let code = stem.replacen('-', "::", 1);
    assert!(found.iter().any(|diagnostic| diagnostic.code == code), "no {code} in {found:?}");
    for diagnostic in &found {
        assert!(meaning(diagnostic.code).is_some(), "{} is not in the list", diagnostic.code);
    }
    insta::with_settings!({
        snapshot_path => "data/script/snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(stem, render_all(&found, &source, false));
    });
}

#[test]
fn every_code_has_its_script_and_its_place_in_the_docs() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts: BTreeSet<String> = std::fs::read_dir(here.join("tests/data/script/err"))
        .expect("a directory")
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    let docs = std::fs::read_to_string(here.join("../docs/language.md")).expect("the reference");
    for (code, _meaning) in CODES {
        assert!(scripts.contains(&code.replace("::", "-")), "no script for {code}");
        assert!(docs.contains(&format!("`{code}`")), "docs/language.md does not list {code}");
    }
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
}
