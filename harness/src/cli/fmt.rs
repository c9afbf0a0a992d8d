//! `synproof fmt`: rewrites scripts in canonical form, never changing what they mean.

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
    let (script, diagnostics) = parse(source, &Defines::new());
    let color = console.error_paint().is_on();
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    if !errors.is_empty() {
        for error in errors {
            console.error_text(&render(error, source, color));
        }
        return Formatted::Refused(Exit::Usage);
    }
    let text = print::format(&script);
    if text == source.text() {
        return Formatted::Unchanged;
    }
    let (again, _) = parse(&SourceFile::new(source.path(), text.as_str()), &Defines::new());
    if !same_meaning(&script, &again) {
        let path = source.path().display();
        console
            .error(&format!("{path}: left as it is: its canonical form would mean another thing"));
        return Formatted::Refused(Exit::InternalBug);
    }
    Formatted::Changed(text)
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
