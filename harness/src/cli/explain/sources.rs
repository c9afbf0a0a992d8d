//! The code of the reference stack as it was when the binary was built, so that an installed binary
//! tells where a rule is.

use include_dir::{Dir, File, include_dir};

use crate::registry::explain::CodeSite;

static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../stack/src");
/// Where that is in the repository.
const PLACE: &str = "stack/src";

/// The lines that name a requirement.
pub(super) fn sites_of(id: &str) -> Vec<CodeSite> {
    let tag = format!("[{id}]");
    sites(&|line: &str| line.contains(&tag))
}

/// The function of that name, or else what is documented as doing its work, or else the comments that
/// name it.
pub(super) fn of_function(name: &str) -> Vec<CodeSite> {
    let definition = format!("fn {name}");
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    let is_documented = |line: &str| {
        let told = line.split_once("Linux:").map_or("", |(_, told)| told);
        is_comment(line) && is_word(told, name)
    };
    let ways: [&dyn Fn(&str) -> bool; 3] =
        [&|line| is_word(line, &definition), &is_documented, &|line| {
            is_comment(line) && is_word(line, name)
        }];
    ways.into_iter().map(sites).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The lines that are asked for, by file and number.
fn sites(is_wanted: &dyn Fn(&str) -> bool) -> Vec<CodeSite> {
    let mut files = files_of(&SOURCES);
    files.sort_by_key(|file| file.path());
    let of_file = |file: &&File<'_>| -> Vec<CodeSite> {
        let path = file.path().display();
        let lines = file.contents_utf8().unwrap_or_default().lines().zip(1..);
        let site = |(line, number): (&str, usize)| {
            let place = format!("{PLACE}/{path}:{number}");
            CodeSite { place, text: line.trim().to_owned() }
        };
        lines.filter(|(line, _)| is_wanted(line)).map(site).collect()
    };
    files.iter().flat_map(of_file).collect()
}

fn files_of(dir: &'static Dir<'static>) -> Vec<&'static File<'static>> {
    dir.files().chain(dir.dirs().flat_map(files_of)).collect()
}

/// `word` stands in `line`, and is no part of a longer name.
fn is_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_its_name_or_by_what_says_it_is_of_it() {
        let found = of_function("tcp_fin");
        let place = found.first().map(|site| site.place.as_str()).unwrap_or_default();
        assert!(place.starts_with("stack/src/input/fin.rs:"), "{found:?}");
        assert!(of_function("__inet_bind").iter().any(|site| site.text.starts_with("//")));
        assert_eq!(of_function("no_such_function"), []);
    }

    #[test]
    fn words_are_whole() {
        assert!(is_word("fn tcp_fin(sk", "fn tcp_fin"));
        assert!(!is_word("fn tcp_fin_time(", "fn tcp_fin"));
        assert!(!is_word("//! __tcp_close", "tcp_close"));
    }
}
