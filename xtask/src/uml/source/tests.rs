use std::path::Path;

use rstest::rstest;

use super::{Name, Place, Source, file_name, files, from_tarball, stem, version_in};

#[rstest]
#[case("/src/linux-6.13-rc2.tar.xz", "linux-6.13-rc2", "6.13-rc2")]
#[case("/src/linux-source-6.1.tar.xz", "linux-source-6.1", "6.1")]
#[case("/home/me/linux", "linux", "linux")]
#[case("/home/me/my tree.tgz", "my-tree", "my-tree")]
fn names_of_trees_and_archives(#[case] path: &str, #[case] name: &str, #[case] version: &str) {
    assert_eq!(stem(Path::new(path)), name);
    assert_eq!(version_in(name), version);
}

#[test]
fn debian_versions_become_file_names() {
    assert_eq!(file_name("linux-source-6.1_1:6.1.1~rc/2"), "linux-source-6.1_1-6.1.1-rc-2");
}

#[rstest]
#[case(Name::Series("6.12".into()), 1000, "6.12")]
#[case(Name::Series("6.12".into()), 250, "6.12-250hz")]
#[case(Name::Version("6.19.0-rc3".into()), 250, "6.19.0-rc3-01234567")]
fn kernels_are_named(#[case] name: Name, #[case] hz: u32, #[case] wanted: &str) {
    let source = Source {
        description: String::new(),
        identity: String::new(),
        name,
        work: String::new(),
        place: Place::Tree("/".into()),
    };
    assert_eq!(source.name(hz, "0123456789abcdef"), wanted);
}

#[test]
fn a_change_anywhere_that_counts_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("net/ipv4/tcp.c", "int x;\n");
    write("Documentation/tools/a.rst", "a\n");
    let before = files(directory.path()).unwrap();
    write("Documentation/tools/a.rst", "other\n");
    assert_eq!(files(directory.path()).unwrap(), before);
    write("net/tools/x.c", "int x;\n");
    let with_another = files(directory.path()).unwrap();
    assert_ne!(with_another, before);
    write("net/ipv4/tcp.c", "int xx;\n");
    assert_ne!(files(directory.path()).unwrap(), with_another);
}

#[test]
fn another_archive_at_the_same_place_is_another_source() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("linux-6.9.tar");
    std::fs::write(&path, "a").unwrap();
    let before = from_tarball(&path).unwrap();
    std::fs::write(&path, "ab").unwrap();
    let after = from_tarball(&path).unwrap();
    assert_ne!(before.identity, after.identity);
    assert_ne!(before.work, after.work);
}
