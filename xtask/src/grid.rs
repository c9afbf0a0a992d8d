//! `cargo xtask grid`: the scripts of the table state × segment × position.
//!
//! `specs/grid/<state>.toml` holds how the state is reached, the numbers of the positions, and for
//! each segment and call what it must lead to; `specs/grid/segments.toml` the segments and positions,
//! `specs/grid/calls.toml` the calls.
//! Each cell becomes a script of its own, `specs/scripts/grid/<state>/rcv-<segment>-<position>.pkt` or
//! `call-<call>.pkt`, which is committed: people read scripts, not this file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::root::root;
use crate::shell::say;

const TABLES: &str = "specs/grid";
const SCRIPTS: &str = "specs/scripts/grid";
/// Longest time that the column of times makes room for.
const TIME_WIDTH: usize = 8;
/// Longest line of a comment.
const WIDTH: usize = 100;

/// The files that are no states.
const SEGMENTS: &str = "segments";
const CALLS: &str = "calls";

/// `segments.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Axes {
    segment: Vec<Segment>,
    position: Vec<Position>,
}

/// `calls.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallAxis {
    call: Vec<CallName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallName {
    name: String,
    /// The functions that answer it.
    linux: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Segment {
    name: String,
    title: String,
    text: String,
    /// The functions that see to what is special about it.
    linux: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    name: String,
    file: String,
    title: String,
}

/// `<state>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// As RFC 9293 has it.
    state: String,
    /// What `then` is asserted of; empty where there is nothing to ask.
    subject: String,
    /// The functions that take a segment in this state.
    receives: Vec<String>,
    /// Whether they are `tcp_validate_incoming` and what follows it, where each kind of segment has
    /// functions of its own.
    #[serde(default)]
    validates: bool,
    prelude: String,
    numbers: BTreeMap<String, Numbers>,
    case: Vec<Case>,
    /// None where no descriptor stands for the connection.
    calls: Option<Calls>,
}

/// What a program can do in the state.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    /// Instead of the state's, where that makes no descriptor.
    prelude: Option<String>,
    subject: String,
    case: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    name: String,
    title: String,
    lines: Vec<String>,
    #[serde(default)]
    then: String,
    says: String,
    #[serde(default)]
    covers: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    seq: u32,
    ack: u32,
}

/// Cells of one segment that lead to the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    segment: String,
    at: Vec<String>,
    #[serde(default)]
    answer: Vec<String>,
    #[serde(default)]
    then: String,
    says: String,
    #[serde(default)]
    covers: Vec<String>,
}

/// Path below the directory of scripts, and text.
type Files = BTreeMap<String, String>;

/// Writes the scripts, or with `check` says whether they are what would be written.
pub(crate) fn grid(check: bool) -> Result<bool> {
    let wanted = render_all(&root().join(TABLES))?;
    let there = files_below(&root().join(SCRIPTS))?;
    let stale: Vec<_> = there.keys().filter(|path| !wanted.contains_key(*path)).collect();
    let changed: Vec<_> =
        wanted.iter().filter(|(path, text)| there.get(*path) != Some(text)).collect();
    let same = stale.is_empty() && changed.is_empty();
    if !check {
        for path in &stale {
            fs::remove_file(root().join(SCRIPTS).join(path))?;
        }
        for (path, text) in &changed {
            let path = root().join(SCRIPTS).join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, text)
                .with_context(|| format!("failed to write {}", path.display()))?;
        }
    }
    let state = match (same, check) {
        (true, _) => "up to date",
        (false, true) => "out of date: run cargo xtask grid",
        (false, false) => "written",
    };
    say(&format!("grid: {SCRIPTS}, {} scripts, {state}", wanted.len()));
    Ok(same || !check)
}

/// The scripts of all tables of a directory.
fn render_all(tables: &Path) -> Result<Files> {
    let axes: Axes = read(&tables.join(SEGMENTS).with_extension("toml"))?;
    let calls: CallAxis = read(&tables.join(CALLS).with_extension("toml"))?;
    let mut files = Files::new();
    for entry in fs::read_dir(tables)? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let Some(name) = stem.filter(|name| ![SEGMENTS, CALLS].contains(&name.as_str())) else {
            continue;
        };
        if path.extension().is_some_and(|extension| extension == "toml") {
            let state: State = read(&path)?;
            render(&name, &state, &axes, &mut files).with_context(|| format!("{name}.toml"))?;
            render_calls(&name, &state, &calls, &mut files)
                .with_context(|| format!("{name}.toml"))?;
        }
    }
    Ok(files)
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text =
        fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{}", path.display()))
}

/// What is there now.
fn files_below(directory: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in walkdir::WalkDir::new(directory).into_iter().filter_map(Result::ok) {
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(directory)?.to_string_lossy().into_owned();
            files.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

/// One script for each cell of a state. A cell that is there twice, or not at all, is an error.
fn render(name: &str, state: &State, axes: &Axes, files: &mut Files) -> Result<()> {
    for case in &state.case {
        let segment = axes.segment.iter().find(|segment| segment.name == case.segment);
        let segment = segment.with_context(|| format!("no segment {}", case.segment))?;
        for at in &case.at {
            let position = axes.position.iter().find(|position| position.name == *at);
            let position = position.with_context(|| format!("no position {at}"))?;
            let numbers = state.numbers.get(at).with_context(|| format!("no numbers for {at}"))?;
            let path = format!("{name}/rcv-{}{}.pkt", segment.name, position.file);
            let text = script(name, state, case, (segment, position, *numbers));
            ensure!(files.insert(path.clone(), text).is_none(), "{path} twice");
        }
    }
    for segment in &axes.segment {
        let acks = segment.text.contains("{ack}");
        for at in state.numbers.keys() {
            let by_ack =
                !["only", "before", "left", "inside", "right", "beyond"].contains(&at.as_str());
            let wanted =
                if by_ack { acks } else { at != "only" || !(acks && state.numbers.len() > 1) };
            let there = state.case.iter().any(|c| c.segment == segment.name && c.at.contains(at));
            if wanted && !there {
                bail!("no case for {} at {at}", segment.name);
            }
        }
    }
    Ok(())
}

fn script(name: &str, state: &State, case: &Case, at: (&Segment, &Position, Numbers)) -> String {
    let (segment, position, numbers) = at;
    let packet = segment
        .text
        .replace("{seq}", &numbers.seq.to_string())
        .replace("{end}", &numbers.seq.wrapping_add(1).to_string())
        .replace("{ack}", &numbers.ack.to_string());
    let first = if state.prelude.trim().is_empty() { "0" } else { "+0" };
    let mut lines = vec![format!("{first} < {packet}")];
    lines.extend(case.answer.iter().cloned());
    let what = format!("{}{}", segment.title, position.title);
    let title = format!("{what} in {}: {}.", state.state, case.says);
    let then = (state.subject.as_str(), case.then.as_str());
    let own = segment.linux.iter().filter(|_| state.validates);
    let linux: Vec<_> = state.receives.iter().chain(own).map(String::as_str).collect();
    text_of(name, (&title, &case.covers, &linux), &state.prelude, &lines, then)
}

/// One script for each call.
fn render_calls(name: &str, state: &State, axis: &CallAxis, files: &mut Files) -> Result<()> {
    let Some(calls) = &state.calls else { return Ok(()) };
    let prelude = calls.prelude.as_ref().unwrap_or(&state.prelude);
    for call in &calls.case {
        let title = format!("{} in {} {}.", call.title, state.state, call.says);
        let then = (calls.subject.as_str(), call.then.as_str());
        let listed = axis.call.iter().find(|listed| listed.name == call.name);
        let listed = listed.with_context(|| format!("no call {} in {CALLS}.toml", call.name))?;
        let linux: Vec<_> = listed.linux.iter().map(String::as_str).collect();
        let text = text_of(name, (&title, &call.covers, &linux), prelude, &call.lines, then);
        let path = format!("{name}/call-{}.pkt", call.name);
        ensure!(files.insert(path.clone(), text).is_none(), "{path} twice");
    }
    Ok(())
}

/// The text of a script; its head is what it shows, the requirements that it proves, and the functions
/// of Linux that it is about; `then` is a subject and its state at the end, both maybe empty.
fn text_of(
    name: &str,
    (title, covers, linux): (&str, &[String], &[&str]),
    prelude: &str,
    lines: &[String],
    then: (&str, &str),
) -> String {
    let mut text = wrapped(title, "// ");
    text += &format!("// Generated from {TABLES}/{name}.toml.\n");
    if !covers.is_empty() {
        text += &wrapped(&format!("covers: {}", covers.join(", ")), "//! ");
    }
    text += &wrapped(&format!("linux: {}", linux.join(", ")), "//! ");
    let mut events: Vec<String> = prelude.trim().lines().map(str::to_owned).collect();
    events.extend(lines.iter().cloned());
    if let (subject, state) = then
        && !subject.is_empty()
        && !state.is_empty()
    {
        events.push(format!("+0 {subject} = {state}"));
    }
    text.push('\n');
    text + &aligned(&events)
}

/// A comment, its lines no longer than [`WIDTH`].
fn wrapped(text: &str, mark: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if mark.len() + line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{mark}{line}\n")).collect()
}

/// Events with their times in one column, as `synproof fmt` has them.
fn aligned(events: &[String]) -> String {
    let split = |event: &String| -> (String, String) {
        let (time, rest) = event.split_once(' ').unwrap_or((event, ""));
        (time.to_owned(), rest.trim_start().to_owned())
    };
    let events: Vec<_> = events.iter().map(split).collect();
    let widths = events.iter().map(|(time, _)| time.len()).filter(|width| *width <= TIME_WIDTH);
    let width = widths.max().unwrap_or(0);
    events.iter().map(|(time, rest)| format!("{time:width$} {rest}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Axes, Files, State, render};

    const AXES: &str = r#"
        [[segment]]
        name = "rst"
        title = "RST"
        text = "R {seq}:{seq}(0) win 0"
        linux = ["tcp_reset"]
        [[position]]
        name = "left"
        file = "-left-edge"
        title = " at the left edge"
        [[position]]
        name = "right"
        file = "-right-edge"
        title = " at the right edge"
    "#;
    const STATE: &str = r#"
        state = "CLOSING"
        subject = "tcp_state(4)"
        receives = ["tcp_rcv_state_process"]
        validates = true
        prelude = """
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+.1 listen(3, 1) = 0
"""
        [numbers]
        left = { seq = 1, ack = 2 }
        right = { seq = 9, ack = 2 }
        [[case]]
        segment = "rst"
        at = ["left"]
        then = "TCP_CLOSE"
        says = "gone"
        covers = ["RFC5961:3.2#2"]
    "#;
    const RIGHT: &str = r#"
        [[case]]
        segment = "rst"
        at = ["right"]
        answer = ["+0~+.01 > . 1:1(0) ack 1"]
        says = "challenged"
    "#;

    fn rendered(state: &str) -> Result<Files, String> {
        let axes: Axes = toml::from_str(AXES).unwrap();
        let state: State = toml::from_str(state).unwrap();
        let mut files = Files::new();
        render("closing", &state, &axes, &mut files).map_err(|error| error.to_string())?;
        Ok(files)
    }

    #[test]
    fn a_cell_is_a_script() {
        let files = rendered(&format!("{STATE}{RIGHT}")).unwrap();
        assert_eq!(
            files.get("closing/rcv-rst-left-edge.pkt").map(String::as_str),
            Some(
                "// RST at the left edge in CLOSING: gone.\n\
                 // Generated from specs/grid/closing.toml.\n\
                 //! covers: RFC5961:3.2#2\n\
                 //! linux: tcp_rcv_state_process, tcp_reset\n\n\
                 0   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                 +.1 listen(3, 1) = 0\n\
                 +0  < R 1:1(0) win 0\n\
                 +0  tcp_state(4) = TCP_CLOSE\n"
            )
        );
        assert_eq!(files.len(), 2);
    }

    #[test]
    fn an_empty_cell_and_a_double_one_are_errors() {
        assert_eq!(rendered(STATE), Err("no case for rst at right".into()));
        let twice = format!("{STATE}{RIGHT}{RIGHT}");
        assert_eq!(rendered(&twice), Err("closing/rcv-rst-right-edge.pkt twice".into()));
    }
}
