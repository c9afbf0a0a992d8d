//! Shell text to [`ShellScript`]: lists and pipelines of simple commands. Which simple commands we
//! know is `recognise.rs`'s; everything else of the shell (variables, control
//! flow, subshells, background jobs) is beyond us, and then the whole text is.

use std::path::Path;

use super::lexer::{self, Lexeme, Redirect};
use super::recognise::recognise;
use super::{Command, ShellScript, Step, When};

/// How deep shell files may call shell files.
const MAX_DEPTH: usize = 4;

/// `text` as commands; as one [`Command::Shell`] if any part of it is beyond us. Shell files that
/// it runs are read now, relative to `dir`.
#[must_use]
pub fn understand(text: &str, dir: &Path) -> ShellScript {
    understand_with_reason(text, dir).0
}

/// The same, and what was beyond us if anything was.
#[must_use]
pub fn understand_with_reason(text: &str, dir: &Path) -> (ShellScript, Option<String>) {
    let (commands, reason) = match steps(text, Context { dir, depth: 0 }) {
        Ok(commands) => (commands, None),
        Err(why) => (vec![as_shell(text)], Some(why)),
    };
    (ShellScript { text: text.to_owned(), dir: dir.to_owned(), commands }, reason)
}

/// Where a list stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Relative paths start here, in nested files too.
    pub(super) dir: &'a Path,
    depth: usize,
}

impl Context<'_> {
    /// The steps of a shell file's text, one level deeper.
    pub(super) fn nested(self, text: &str) -> Result<Vec<Step>, String> {
        if self.depth >= MAX_DEPTH {
            return Err("shell files that call each other too deeply".to_owned());
        }
        steps(text, Context { depth: self.depth + 1, ..self })
    }
}

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Quotes removed, expansions made.
    pub(super) text: String,
    /// Some part was quoted.
    pub(super) quoted: bool,
}

/// A command with its words and where its output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// Name and arguments.
    pub(super) words: Vec<Word>,
    /// A file that standard output goes to; /dev/null counts as none.
    pub(super) output: Option<String>,
}

/// A pipeline and the operator in front of it.
#[derive(Debug, Default)]
struct Item {
    when: When,
    pipeline: Vec<Simple>,
    at: Option<(usize, usize)>,
}

fn as_shell(text: &str) -> Step {
    let shown = text.trim().to_owned();
    Step { command: Command::Shell(text.to_owned()), when: When::Always, text: shown }
}

fn steps(text: &str, context: Context<'_>) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for item in items(&lexer::lex(text)?)? {
        let command = recognise(&item.pipeline, context)?;
        let source = item.at.and_then(|(start, end)| text.get(start..end)).unwrap_or_default();
        let words = source.split_whitespace().filter(|word| *word != "\\");
        let text = words.collect::<Vec<_>>().join(" ");
        steps.push(Step { command, when: item.when, text });
    }
    Ok(steps)
}

fn items(lexemes: &[Lexeme]) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut current = Item::default();
    let mut simple = Simple::default();
    let mut redirect = None;
    for lexeme in lexemes {
        if redirect.is_some() && !matches!(lexeme, Lexeme::Word { .. }) {
            return Err("a redirection without a file".to_owned());
        }
        match lexeme {
            Lexeme::Word { text, quoted, at } => {
                let start = current.at.map_or(at.0, |(start, _)| start);
                current.at = Some((start, at.1));
                match redirect.take() {
                    Some(to) => redirected(&mut simple, to, text)?,
                    None => simple.words.push(Word { text: text.clone(), quoted: *quoted }),
                }
            }
            Lexeme::Redirect(Redirect::Merge) => {}
            Lexeme::Redirect(to) => redirect = Some(*to),
            Lexeme::Pipe => {
                current.pipeline.push(complete(std::mem::take(&mut simple))?);
            }
            Lexeme::End => {
                // A line may be empty, and may end after `&&`, `||` and `|`.
                if simple != Simple::default() {
                    finish(&mut items, &mut current, &mut simple)?;
                }
            }
            Lexeme::And | Lexeme::Or => {
                finish(&mut items, &mut current, &mut simple)?;
                let and = *lexeme == Lexeme::And;
                current.when = if and { When::AfterSuccess } else { When::AfterFailure };
            }
        }
    }
    if redirect.is_some() {
        return Err("a redirection without a file".to_owned());
    }
    if simple != Simple::default() || !current.pipeline.is_empty() || current.when != When::Always {
        finish(&mut items, &mut current, &mut simple)?;
    }
    Ok(items)
}

/// Ends the pipeline that is being collected.
fn finish(items: &mut Vec<Item>, current: &mut Item, simple: &mut Simple) -> Result<(), String> {
    current.pipeline.push(complete(std::mem::take(simple))?);
    items.push(std::mem::take(current));
    Ok(())
}

fn complete(simple: Simple) -> Result<Simple, String> {
    if simple.words.is_empty() {
        return Err("an operator without a command".to_owned());
    }
    Ok(simple)
}

/// Errors are never read by a script; the output of a command is, if it goes to a file.
fn redirected(simple: &mut Simple, to: Redirect, file: &str) -> Result<(), String> {
    let null = file == "/dev/null";
    match to {
        Redirect::Stdout | Redirect::Append if !null => simple.output = Some(file.to_owned()),
        Redirect::Stdout | Redirect::Append | Redirect::Merge => {}
        Redirect::Errors if null => {}
        Redirect::Errors => return Err(format!("errors that go to the file {file}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
