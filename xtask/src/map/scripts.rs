//! The scripts of specs/scripts and specs/regressions by the Linux functions they say they are about.
//! Each of them has to say so: `synproof explain` leads from there to the code.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::root::{self, Source};

const SPECS: &str = "specs/";
/// Where scripts are, below [`SPECS`].
const SUITES: [&str; 2] = [SCRIPTS, REGRESSIONS];
const SCRIPTS: &str = "scripts/";
const REGRESSIONS: &str = "regressions/";
/// Where the generated scripts are.
const GRID: &str = "scripts/grid/";
/// The line of a script that names functions, with commas.
const KEY: &str = "//! linux:";
/// So many scripts of a function are named; of the others, how many there are.
const NAMED: usize = 4;

/// Function to scripts, from [`SPECS`] on and without extension.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    by_function: BTreeMap<String, BTreeSet<String>>,
    /// Scripts that name no function.
    silent: Vec<String>,
}

impl Scripts {
    /// Every script there is.
    pub(super) fn read() -> Result<Self> {
        let mut scripts = Self::default();
        root::sources("pkt")?.iter().for_each(|source| scripts.add(source));
        Ok(scripts)
    }

    fn add(&mut self, source: &Source) {
        let Some(name) = source.path.strip_prefix(SPECS) else { return };
        if !SUITES.iter().any(|suite| name.starts_with(suite)) {
            return;
        }
        let name = name.trim_end_matches(".pkt");
        let mut lines = source.text.lines().filter_map(|line| line.strip_prefix(KEY)).peekable();
        if lines.peek().is_none() {
            self.silent.push(name.to_owned());
        }
        for function in lines.flat_map(|line| line.split(',')).map(str::trim) {
            self.by_function.entry(function.to_owned()).or_default().insert(name.to_owned());
        }
    }

    /// The scripts of the functions that the cell `linux` names, as links.
    pub(super) fn of(&self, linux: &str) -> String {
        let all: BTreeSet<(Rank, &str)> = functions(linux)
            .filter_map(|function| self.by_function.get(function))
            .flatten()
            .map(|name| (rank(name), name.as_str()))
            .collect();
        let first = all.iter().take(NAMED).map(|(_, name)| *name);
        let mut links: Vec<_> = first.map(link).collect();
        if let Some(rest) = all.len().checked_sub(NAMED).filter(|rest| *rest > 0) {
            links.push(format!("{rest} more"));
        }
        links.join(", ")
    }

    /// What is wrong with scripts that name no function, and with names that no cell has: one line
    /// each.
    pub(super) fn faults<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Vec<String> {
        let known: BTreeSet<_> = cells.flat_map(functions).collect();
        let unknown = self.by_function.iter().filter(|(name, _)| !known.contains(name.as_str()));
        let strangers = unknown
            .flat_map(|(name, scripts)| scripts.iter().map(move |script| (name, script)))
            .map(|(name, script)| format!("{SPECS}{script}.pkt: the map has no `{name}`"));
        let silent = self.silent.iter();
        silent
            .map(|script| format!("{SPECS}{script}.pkt: no line `{KEY}` says what it is about"))
            .chain(strangers)
            .collect()
    }
}

/// Which scripts are named first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Written for the function.
    Written,
    /// Written for what was once wrong with it.
    Regression,
    /// A cell of the grid, which tells less than either.
    Cell,
}

fn rank(name: &str) -> Rank {
    match name {
        _ if name.starts_with(GRID) => Rank::Cell,
        _ if name.starts_with(REGRESSIONS) => Rank::Regression,
        _ => Rank::Written,
    }
}

fn link(name: &str) -> String {
    let shown = name.strip_prefix(SCRIPTS).unwrap_or(name);
    format!("[{shown}](../{SPECS}{name}.pkt)")
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
    fn regressions_come_behind_what_was_written_for_the_function() {
        let mut scripts = scripts();
        scripts.add(&Source {
            path: "specs/regressions/0001-x.pkt".into(),
            text: "//! linux: tcp_c\n".into(),
        });
        let told = "[z](../specs/scripts/z.pkt), \
                    [regressions/0001-x](../specs/regressions/0001-x.pkt)";
        assert_eq!(scripts.of("tcp_c"), told);
    }

    #[test]
    fn names_without_a_row_are_told() {
        let told = scripts().faults(["tcp_a and tcp_b", "the end of tcp_d"].into_iter());
        assert_eq!(told, ["specs/scripts/z.pkt: the map has no `tcp_c`"]);
    }

    #[test]
    fn scripts_that_name_no_function_are_told() {
        let mut scripts = Scripts::default();
        for path in ["specs/scripts/x.pkt", "specs/regressions/y.pkt", "docs/z.pkt"] {
            scripts.add(&Source { path: path.into(), text: "//! ip: ipv4\n0 `true`\n".into() });
        }
        let told = scripts.faults(std::iter::empty());
        let ends = |line: &String| line.ends_with("no line `//! linux:` says what it is about");
        assert!(told.len() == 2 && told.iter().all(ends), "{told:?}");
    }
}
