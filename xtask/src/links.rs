//! Links between the files of the repository lead somewhere.

use std::path::Path;

use anyhow::Result;

use crate::root::{self, Source, root};
use crate::shell::say;

/// Checks the links of every page and prints every one that is broken; true when there is none.
pub(crate) fn links() -> Result<bool> {
    let pages = root::sources("md")?;
    let exists = |path: &Path| root().join(path).exists();
    let broken: Vec<_> = pages.iter().flat_map(|page| broken(page, &exists)).collect();
    broken.iter().for_each(|line| say(line));
    say(&format!("links: {} pages, {} broken", pages.len(), broken.len()));
    Ok(broken.is_empty())
}

/// The links of a page that lead nowhere, one line each.
fn broken(page: &Source, exists: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let directory = Path::new(&page.path).parent().unwrap_or_else(|| Path::new(""));
    let mut found = Vec::new();
    for (number, line) in page.text.lines().enumerate() {
        for target in targets(line) {
            let path = target.split('#').next().unwrap_or("");
            if !path.is_empty() && !target.contains("://") && !exists(&directory.join(path)) {
                found.push(format!("{}:{}: `{target}` is not there", page.path, number + 1));
            }
        }
    }
    found
}

/// What `[text](target)` names.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

#[cfg(test)]
mod tests {
    use super::{Source, broken};

    #[test]
    fn a_link_is_relative_to_its_page() {
        let text = "[a](here.md), [b](../gone.md#part)\n[c](https://example.org) [d](#part)\n";
        let page = Source { path: "docs/page.md".into(), text: text.into() };
        let exists = |path: &std::path::Path| path.ends_with("docs/here.md");
        assert_eq!(broken(&page, &exists), ["docs/page.md:1: `../gone.md#part` is not there"]);
    }
}
