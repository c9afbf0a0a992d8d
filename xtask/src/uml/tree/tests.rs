use std::fs;
use std::path::Path;

use rstest::rstest;

use super::{check, version};

fn makefile(lines: [&str; 4]) -> String {
    let [major, minor, patch, extra] = lines;
    format!(
        "# SPDX-License-Identifier: GPL-2.0\nVERSION = {major}\nPATCHLEVEL = {minor}\n\
         SUBLEVEL = {patch}\nEXTRAVERSION ={extra}\nNAME = Baby\n"
    )
}

fn tree(at: &Path, lines: [&str; 4], options: &str) {
    fs::create_dir_all(at.join("arch/um")).unwrap();
    fs::write(at.join("Makefile"), makefile(lines)).unwrap();
    fs::write(at.join("Kconfig"), "").unwrap();
    fs::write(at.join("arch/um/Kconfig"), options).unwrap();
}

#[rstest]
#[case(["6", "12", "117", ""], "6.12.117")]
#[case(["6", "19", "0", " -rc3"], "6.19.0-rc3")]
#[case(["5", "4", "", ""], "5.4.0")]
fn versions(#[case] lines: [&str; 4], #[case] wanted: &str) {
    assert_eq!(version(&makefile(lines)).unwrap().to_string(), wanted);
}

#[rstest]
#[case("all:\n\techo hello\n")]
#[case("VERSION = six\nPATCHLEVEL = 1\n")]
#[case("")]
fn other_makefiles(#[case] text: &str) {
    assert_eq!(version(text), None);
}

const TRAVEL: &str = "config UML_TIME_TRAVEL_SUPPORT\n\tbool\n";

#[rstest]
#[case(["6", "1", "0", ""], TRAVEL, None)]
#[case(["5", "3", "9", ""], TRAVEL, Some("is Linux 5.3.9: time travel needs 5.4 or newer"))]
#[case(["6", "1", "0", ""], "config UML\n", Some("has no UML_TIME_TRAVEL_SUPPORT"))]
fn trees(#[case] lines: [&str; 4], #[case] options: &str, #[case] complaint: Option<&str>) {
    let directory = tempfile::tempdir().unwrap();
    tree(directory.path(), lines, options);
    match (check(directory.path()), complaint) {
        (Ok(_), None) => {}
        (Err(error), Some(wanted)) => assert!(error.to_string().contains(wanted), "{error}"),
        (outcome, _) => panic!("{outcome:?}"),
    }
}

#[test]
fn a_tree_built_in_place_is_refused_with_a_way_out() {
    let directory = tempfile::tempdir().unwrap();
    tree(directory.path(), ["6", "1", "0", ""], TRAVEL);
    fs::write(directory.path().join(".config"), "").unwrap();
    let error = check(directory.path()).unwrap_err().to_string();
    assert!(error.contains("has been built in place"), "{error}");
    assert!(error.contains("make mrproper"), "{error}");
}

#[test]
fn a_directory_is_not_a_kernel() {
    let directory = tempfile::tempdir().unwrap();
    let error = check(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("is not a kernel tree"), "{error}");
}
