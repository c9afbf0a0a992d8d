//! The scripts of specs/scripts by the Linux functions they say they are about.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::root::{self, Source};

const DIR: &str = "specs/scripts/";
/// Where the generated scripts are.
const GRID: &str = "grid/";
/// The line of a script that names functions, with commas.
const KEY: &str = "//! linux:";
/// So many scripts of a function are named; of the others, how many there are.
const NAMED: usize = 4;

/// Function to scripts, without their directory and extension.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    by_function: BTreeMap<String, BTreeSet<String>>,
}

impl Scripts {
    /// Every script there is.
    pub(super) fn read() -> Result<Self> {
        let mut scripts = Self::default();
        root::sources("pkt")?.iter().for_each(|source| scripts.add(source));
        Ok(scripts)
    }

    fn add(&mut self, source: &Source) {
        let Some(name) = source.path.strip_prefix(DIR) else { return };
        let name = name.trim_end_matches(".pkt");
        let lines = source.text.lines().filter_map(|line| line.strip_prefix(KEY));
        for function in lines.flat_map(|line| line.split(',')).map(str::trim) {
            self.by_function.entry(function.to_owned()).or_default().insert(name.to_owned());
        }
    }

    /// The scripts of the functions that the cell `linux` names, as links.
    pub(super) fn of(&self, linux: &str) -> String {
        let all: BTreeSet<&String> = functions(linux)
            .filter_map(|function| self.by_function.get(function))
            .flatten()
            .collect();
        let many = all.len();
        // A script that was written for the function tells more than one cell of the grid.
        let (cells, written): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|name| name.starts_with(GRID));
        let first = written.into_iter().chain(cells).take(NAMED);
        let mut links: Vec<_> = first.map(|name| format!("[{name}](../{DIR}{name}.pkt)")).collect();
        if let Some(rest) = many.checked_sub(NAMED).filter(|rest| *rest > 0) {
            links.push(format!("{rest} more"));
        }
        links.join(", ")
    }

    /// What is wrong with names that no cell has: one line each.
    pub(super) fn strangers<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Vec<String> {
        let known: BTreeSet<_> = cells.flat_map(functions).collect();
        let unknown = self.by_function.iter().filter(|(name, _)| !known.contains(name.as_str()));
        unknown
            .flat_map(|(name, scripts)| scripts.iter().map(move |script| (name, script)))
            .map(|(name, script)| format!("{DIR}{script}.pkt: the map has no `{name}`"))
            .collect()
    }
}

/// The words of a cell that can be names of functions.
fn functions(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Scripts, Source};

    fn scripts() -> Scripts {
        let mut scripts = Scripts::default();
        for (path, functions) in [("a/x", "tcp_a, tcp_b"), ("a/y", "tcp_b"), ("z", "tcp_c")] {
            scripts.add(&Source {
                path: format!("specs/scripts/{path}.pkt"),
                text: format!("// About something.\n//! linux: {functions}\n0 `true`\n"),
            });
        }
        scripts
    }

    #[test]
    fn a_cell_has_the_scripts_of_all_its_functions_once() {
        let [x, y] = ["a/x", "a/y"].map(|name| format!("[{name}](../specs/scripts/{name}.pkt)"));
        assert_eq!(scripts().of("tcp_a, tcp_b (net/ipv4/tcp.c)"), format!("{x}, {y}"));
        assert_eq!(scripts().of("tcp_ab"), "");
    }

    #[test]
    fn many_scripts_are_counted() {
        let mut scripts = Scripts::default();
        for at in 0..7 {
            let path = format!("specs/scripts/{at}.pkt");
            scripts.add(&Source { path, text: "//! linux: f\n".into() });
        }
        scripts.add(&Source {
            path: "specs/scripts/grid/x.pkt".into(),
            text: "//! linux: f, g\n".into(),
        });
        let told = scripts.of("f");
        assert!(told.ends_with(", 4 more") && !told.contains("grid/"), "{told}");
        assert!(scripts.of("g").starts_with("[grid/x]"));
    }

    #[test]
    fn names_without_a_row_are_told() {
        let told = scripts().strangers(["tcp_a and tcp_b", "the end of tcp_d"].into_iter());
        assert_eq!(told, ["specs/scripts/z.pkt: the map has no `tcp_c`"]);
    }
}
