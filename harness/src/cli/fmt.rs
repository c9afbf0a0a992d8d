//! `synproof fmt`: rewrites scripts in canonical form, never changing what they mean.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::FmtArgs;
use super::console::Console;
use super::exit::Exit;
use crate::runner::{Found, discover};
use crate::script::diagnostic::{Severity, render};

use crate::script::source::SourceFile;
use crate::script::{Defines, parse, print, same_meaning};

/// The first of the numbers that stand for words; no script has such a cookie.
const STAND_IN: u64 = 0x5f73_7461_6e64_0000;

/// What became of one script.
enum Formatted {
    Unchanged,
    Changed(String),
    /// It is wrong, and stays as it is; said already.
    Refused(Exit),
}

pub(super) fn fmt(args: &FmtArgs, console: &Console) -> Exit {
    let scripts = match discover(&args.paths) {
        Ok(scripts) => scripts,
        Err(error) => {
            console.error(&error.to_string());
            return Exit::Usage;
        }
    };
    if scripts.is_empty() {
        console.error("no script found (directories are searched for *.pkt)");
        return Exit::NothingSelected;
    }
    let exits = scripts.iter().map(|found| one(found, args.check, console));
    // The gravest: those of EXIT_CODES are sorted by that.
    let rank = |exit: &Exit| super::EXIT_CODES.iter().position(|(known, ..)| known == exit);
    exits.min_by_key(rank).unwrap_or(Exit::Ok)
}

fn one(found: &Found, check: bool, console: &Console) -> Exit {
    let source = match &found.text {
        Ok(source) => source,
        Err(why) => {
            console.error(why);
            return Exit::Usage;
        }
    };
    let is_stdin = source.path() == Path::new("<stdin>");
    let (text, exit) = match formatted(source, console) {
        Formatted::Refused(exit) => return exit,
        Formatted::Unchanged if is_stdin && !check => (source.text().to_owned(), Exit::Ok),
        Formatted::Unchanged => return Exit::Ok,
        Formatted::Changed(_) if check => (format!("{}\n", found.path), Exit::Unexpected),
        Formatted::Changed(text) if is_stdin => (text, Exit::Ok),
        Formatted::Changed(text) => {
            return match replace(source.path(), &text) {
                Ok(()) => Exit::Ok,
                Err(error) => {
                    console.error(&format!("cannot write {}: {error}", found.path));
                    Exit::Environment
                }
            };
        }
    };
    console.out(&text).map_or(Exit::Environment, |()| exit)
}

fn formatted(source: &Arc<SourceFile>, console: &Console) -> Formatted {
    let defines = stand_ins(source.text());
    let (script, diagnostics) = parse(source, &defines);
    let color = console.error_paint().is_on();
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    if !errors.is_empty() {
        for error in errors {
            console.error_text(&render(error, source, color));
        }
        return Formatted::Refused(Exit::Usage);
    }
    let text = with_words(print::format(&script), &defines);
    if text == source.text() {
        return Formatted::Unchanged;
    }
    let (again, _) = parse(&SourceFile::new(source.path(), text.as_str()), &defines);
    if !same_meaning(&script, &again) {
        let path = source.path().display();
        console
            .error(&format!("{path}: left as it is: its canonical form would mean another thing"));
        return Formatted::Refused(Exit::InternalBug);
    }
    Formatted::Changed(text)
}

/// Words that a profile will replace with a Fast Open cookie (`FO TFO_COOKIE`), each with eight bytes
/// that stand for it meanwhile, as long as a cookie of Linux.
fn stand_ins(text: &str) -> Defines {
    let is_part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> =
        text.split(|c| !is_part_of_word(c)).filter(|word| !word.is_empty()).collect();
    let cookies = words.windows(2).filter_map(|pair| match pair {
        ["FO" | "FOEXP", word] if !word.chars().all(|c| c.is_ascii_hexdigit()) => Some(*word),
        _ => None,
    });
    let named: BTreeSet<&str> = cookies.filter(|word| word.contains('_')).collect();
    named
        .iter()
        .zip(STAND_IN..)
        .map(|(word, n)| ((*word).to_owned(), format!("{n:016x}")))
        .collect()
}

/// `text` with the words where their stand-ins are.
fn with_words(text: String, defines: &Defines) -> String {
    defines.iter().fold(text, |text, (word, bytes)| text.replace(bytes, word))
}

/// Puts `text` in place of the file at once, so that a full disk leaves the old one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map(|_| ()).map_err(|error| error.error)
}
