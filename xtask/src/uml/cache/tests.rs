use std::fs;
use std::path::Path;

use rstest::rstest;

use super::{Built, COMING, Cache, check_name};
use crate::uml::digest;
use crate::uml::entry::Entry;

fn entry(name: &str, key: &str, binary: &Path) -> Entry {
    Entry {
        name: name.into(),
        release: "6.12.117".into(),
        hz: 1000,
        config_hash: digest::of_text("CONFIG_HZ=1000\n"),
        compiler: "gcc 12".into(),
        source: "linux-source-6.12 6.12.117-1".into(),
        binary_sha256: digest::of_file(binary).unwrap(),
        key: key.into(),
        work: "linux-source-6.12_6.12.117-1".into(),
    }
}

/// A cache with nothing in it, and a file to pass for a kernel.
fn cache(directory: &Path) -> (Cache, std::path::PathBuf) {
    let binary = directory.join("built");
    fs::write(&binary, "kernel").unwrap();
    (Cache::at(directory.join("cache/uml")).unwrap(), binary)
}

#[test]
fn what_was_published_is_found_until_something_changes() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, binary) = cache(directory.path());
    let lock = cache.lock().unwrap();
    let entry = entry("6.12", "k1", &binary);
    let config = "CONFIG_HZ=1000\n";
    let built = Built { binary: &binary, config, entry: entry.clone() };
    let path = cache.publish(&lock, &built).unwrap();
    assert_eq!(path, directory.path().join("cache/uml/6.12/linux"));
    assert_eq!(cache.current("6.12", "k1"), Some(entry));
    assert_eq!(cache.current("6.12", "k2"), None);
    assert_eq!(cache.current("6.1", "k1"), None);
    fs::write(&path, "kernex").unwrap();
    assert_eq!(cache.current("6.12", "k1"), None);
    assert_eq!(cache.names().unwrap(), ["6.12"]);
}

#[test]
fn another_build_takes_the_place_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, binary) = cache(directory.path());
    let lock = cache.lock().unwrap();
    for key in ["k1", "k2"] {
        let entry = entry("6.12", key, &binary);
        cache.publish(&lock, &Built { binary: &binary, config: "", entry }).unwrap();
    }
    assert_eq!(cache.entry("6.12").unwrap().key, "k2");
    assert!(cache.remove_entry(&lock, "6.12").unwrap());
    assert!(!cache.remove_entry(&lock, "6.12").unwrap());
    let left = fs::read_dir(cache.root()).unwrap();
    let left: Vec<_> = left.map(|item| item.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("6.12")), "{left:?}");
}

#[test]
fn a_build_that_fails_leaves_the_old_entry_and_no_half_one() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, binary) = cache(directory.path());
    let lock = cache.lock().unwrap();
    let old = entry("6.12", "k1", &binary);
    cache.publish(&lock, &Built { binary: &binary, config: "", entry: old }).unwrap();
    let gone = directory.path().join("gone");
    let new = entry("6.12", "k2", &binary);
    let error = cache.publish(&lock, &Built { binary: &gone, config: "", entry: new });
    assert!(error.unwrap_err().to_string().starts_with("failed to copy"));
    assert!(cache.current("6.12", "k1").is_some());
    assert!(!cache.root().join(format!("{COMING}6.12")).exists());
}

#[test]
fn leftovers_of_an_interrupted_build_are_cleared() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, _) = cache(directory.path());
    let half = cache.root().join(format!("{COMING}6.1"));
    fs::create_dir_all(&half).unwrap();
    let partial = cache.source_tree(".partial-4711");
    fs::create_dir_all(&partial).unwrap();
    assert_eq!(cache.names().unwrap(), [""; 0]);
    let _lock = cache.lock().unwrap();
    assert!(!half.exists() && !partial.exists());
}

#[rstest]
#[case("6.12", true)]
#[case("my-tree+ao_2", true)]
#[case("", false)]
#[case(".lock", false)]
#[case("-x", false)]
#[case("../x", false)]
#[case("a b", false)]
fn names(#[case] name: &str, #[case] fits: bool) {
    assert_eq!(check_name(name).is_ok(), fits);
}
