//! `cargo xtask map`: the table "RFC | Linux | ours | scripts" of stack/README.md.
//!
//! The source of the first three columns is the doc line that Linux-named functions carry:
//! `RFC 9293 §3.10.7.4 step 5 · Linux: tcp_check_req (net/ipv4/tcp_minisocks.c) · Differs: …`.
//! A file whose head has such a line is a row as well. The fourth column comes from the scripts,
//! which name what they are about: `//! linux: tcp_check_req`. A script that does not is a fault.

mod scripts;

use anyhow::{Context, Result, bail};

use self::scripts::Scripts;
use crate::root::{self, Source, root};
use crate::shell::say;

const README: &str = "stack/README.md";
const BEGIN: &str = "<!-- map: begin (cargo xtask map) -->";
const END: &str = "<!-- map: end -->";

/// One line of the table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    /// Section numbers for sorting: RFC 9293 comes first, rows without an RFC come last.
    order: (u8, Vec<u32>),
    rfc: String,
    linux: String,
    ours: String,
    /// The functions whose scripts are the row's: those of `linux`, of a file those of all its rows.
    about: String,
}

/// Writes the table, or with `check` says whether it is what would be written.
pub(crate) fn map(check: bool) -> Result<bool> {
    let scripts = Scripts::read()?;
    let mut rows: Vec<_> = root::sources("rs")?
        .iter()
        .filter(|source| source.path.starts_with("stack/src/") && !source.path.contains("tests"))
        .flat_map(rows)
        .collect();
    rows.sort();
    rows.dedup();
    let path = root().join(README);
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {README}"))?;
    let wanted = with_table(&text, &table(&rows, &scripts))?;
    let faults = scripts.faults(rows.iter().map(|row| row.linux.as_str()));
    faults.iter().for_each(|line| say(line));
    let same = text == wanted;
    if !check && !same {
        std::fs::write(&path, wanted).with_context(|| format!("failed to write {README}"))?;
    }
    let state = match (same, check) {
        (true, _) => "up to date",
        (false, true) => "out of date: run cargo xtask map",
        (false, false) => "written",
    };
    let shown = rows.iter().filter(|row| !scripts.of(&row.about).is_empty()).count();
    say(&format!("map: {README}, {} rows, {shown} of them with scripts, {state}", rows.len()));
    Ok((same || !check) && faults.is_empty())
}

/// `text` with `table` between the two marks.
fn with_table(text: &str, table: &str) -> Result<String> {
    let Some((before, rest)) = text.split_once(BEGIN) else { bail!("no {BEGIN} in {README}") };
    let Some((_, after)) = rest.split_once(END) else { bail!("no {END} in {README}") };
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

fn table(rows: &[Row], scripts: &Scripts) -> String {
    let mut text = "| RFC | Linux | ours | scripts |\n|---|---|---|---|\n".to_owned();
    for Row { order: _, rfc, linux, ours, about } in rows {
        text += &format!("| {rfc} | {linux} | {ours} | {} |\n", scripts.of(about));
    }
    text
}

/// The rows of one file: one for its head, and one for each documented item, that names its Linux
/// counterpart.
fn rows(source: &Source) -> Vec<Row> {
    let head: Vec<_> =
        source.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let file = row(&head, "the file", &source.path);
    let mut rows = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in source.text.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if !line.starts_with("#[") {
            if let Some(name) = item_name(line) {
                rows.extend(row(&doc, name, &source.path));
            }
            doc.clear();
        }
    }
    let all = rows.iter().map(|row: &Row| row.linux.as_str()).collect::<Vec<_>>().join(", ");
    rows.extend(file.map(|file| Row { about: format!("{}, {all}", file.linux), ..file }));
    rows
}

/// The paragraph of `doc` that names a Linux function, as a row.
fn row(doc: &[&str], name: &str, path: &str) -> Option<Row> {
    let paragraphs = doc.split(|line| line.is_empty()).map(|lines| lines.join(" "));
    let paragraph = paragraphs.into_iter().find(|text| text.contains("Linux: "))?;
    let parts: Vec<_> = paragraph.split(" · ").map(str::trim).collect();
    let of = |prefix: &str| parts.iter().find_map(|part| part.strip_prefix(prefix));
    let rfc = parts.iter().find(|part| part.starts_with("RFC ")).copied().unwrap_or("");
    // What follows the names is prose.
    let linux = of("Linux: ")?.split(" — ").next()?.split(". ").next()?.trim_end_matches('.');
    let file = path.strip_prefix("stack/src/").unwrap_or(path);
    let name = if name.contains(' ') { name.to_owned() } else { format!("`{name}`") };
    Some(Row {
        order: (rank(rfc), numbers(rfc)),
        rfc: cell(rfc),
        linux: cell(linux),
        about: cell(linux),
        ours: format!("{name} ([{file}](src/{file}))"),
    })
}

fn rank(rfc: &str) -> u8 {
    match rfc {
        "" => 2,
        _ if rfc.starts_with("RFC 9293") => 0,
        _ => 1,
    }
}

/// The numbers of a reference in order: RFC, then section by section.
fn numbers(rfc: &str) -> Vec<u32> {
    rfc.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The name an item line declares.
fn item_name(line: &str) -> Option<&str> {
    const KINDS: [&str; 8] = ["fn", "struct", "enum", "trait", "const", "static", "type", "mod"];
    const BEFORE: [&str; 4] = ["pub", "const", "async", "pub(crate)"];
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or("");
        if KINDS.contains(&word) && !(word == "const" && next == "fn") {
            let end = |c: char| !(c.is_alphanumeric() || c == '_');
            return next.split(end).next().filter(|name| !name.is_empty());
        }
        if !BEFORE.contains(&word) && !word.starts_with("pub(") && !word.ends_with(')') {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Scripts, Source, item_name, rows, table, with_table};

    const TEXT: &str = "//! x\n\
        /// Half of an open.\n///\n\
        /// RFC 9293 §3.10.7.4 step 5 · Linux: tcp_check_req\n\
        /// (net/ipv4/tcp_minisocks.c) · Differs: no cookies.\n\
        #[must_use]\npub(crate) const fn tcp_check_req(sk: &Sock) {}\n\
        /// Nothing to see.\nfn other() {}\n";

    #[test]
    fn a_documented_function_is_a_row() {
        let source = Source { path: "stack/src/input/request.rs".into(), text: TEXT.into() };
        let text = table(&rows(&source), &Scripts::default());
        let wanted = "| RFC 9293 §3.10.7.4 step 5 | tcp_check_req (net/ipv4/tcp_minisocks.c) | \
                      `tcp_check_req` ([input/request.rs](src/input/request.rs)) |  |\n";
        assert_eq!(text.lines().nth(2).map(|line| format!("{line}\n")).as_deref(), Some(wanted));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_file_has_the_scripts_of_all_its_rows() {
        let text = format!("//! RFC 9293 §3.6 · Linux: tcp_minisocks\n//!\n{TEXT}");
        let rows = rows(&Source { path: "stack/src/x.rs".into(), text });
        let file = rows.iter().find(|row| row.ours.starts_with("the file")).unwrap();
        assert_eq!(file.linux, "tcp_minisocks");
        assert!(file.about.contains("tcp_check_req"));
    }

    #[test]
    fn names_of_items() {
        assert_eq!(item_name("pub(in crate::sock) fn a<T>(x: T) {"), Some("a"));
        assert_eq!(item_name("pub const LIMIT: u32 = 1;"), Some("LIMIT"));
        assert_eq!(item_name("pub struct Sock {"), Some("Sock"));
        assert_eq!(item_name("let x = 1;"), None);
    }

    #[test]
    fn the_table_replaces_what_was_between_the_marks() {
        let text = format!("a\n{}\nold\n{}\nb\n", super::BEGIN, super::END);
        let new = with_table(&text, "new\n").unwrap();
        assert_eq!(new, format!("a\n{}\nnew\n{}\nb\n", super::BEGIN, super::END));
        assert!(with_table("nothing", "x").is_err());
    }
}
