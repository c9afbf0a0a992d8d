//! What a requirement, a state, an edge or a recorded divergence is, and what is known of it.

use std::fmt::Write;

use super::cause::edge_name;
use super::coverage::{Coverage, Met};
use super::grid::{CALLS, STATES, state_name};
use super::requirement::{Claim, Requirement};
use super::text::Measure;
use crate::runner::divergences;
use crate::target::TcpState;
use crate::target::transition::Transition;

/// A line of code that names a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSite {
    /// `stack/src/input/data.rs:12`
    pub place: String,
    /// The line.
    pub text: String,
}

/// Everything there is to say about `word`; none if it names nothing. `code` finds what names a
/// requirement.
#[must_use]
pub fn explain(
    word: &str,
    measure: Measure<'_>,
    coverage: Option<&Coverage>,
    code: &dyn Fn(&str) -> Vec<CodeSite>,
) -> Option<String> {
    let known = measure.requirements.iter().find(|row| row.id.eq_ignore_ascii_case(word));
    if let Some(row) = known {
        return Some(of_requirement(row, measure, coverage, &code(&row.id)));
    }
    if let Some(state) = state_of(word) {
        return Some(of_state(state, measure.table, coverage));
    }
    let edges: Vec<_> = measure.table.iter().filter(|edge| is_edge(edge, word)).collect();
    if !edges.is_empty() {
        return Some(edges.into_iter().map(|edge| of_edge(edge, measure, coverage)).collect());
    }
    of_divergence(word)
}

/// `FIN-WAIT-1`, `fin_wait1` and `TCP_FIN_WAIT1` are one state; `SYN-RECEIVED` and `CLOSED` are the
/// RFC's names of two.
fn state_of(word: &str) -> Option<TcpState> {
    let plain = |text: &str| -> String {
        let upper = text.to_ascii_uppercase();
        upper.trim_start_matches("TCP_").chars().filter(char::is_ascii_alphanumeric).collect()
    };
    let wanted = match plain(word).as_str() {
        "SYNRECEIVED" => "SYNRECV".to_owned(),
        "CLOSED" => "CLOSE".to_owned(),
        other => other.to_owned(),
    };
    STATES.into_iter().find(|state| plain(state_name(*state)) == wanted)
}

/// `LISTEN RecvSyn NEW_SYN_RECV`, or the two states with an arrow between them.
fn is_edge(edge: &Transition, word: &str) -> bool {
    let ends = word.split_once("->").map(|(from, to)| (from.trim_end_matches('-'), to));
    let is_ends = |(from, to): (&str, &str)| {
        state_of(from.trim()) == Some(edge.from) && state_of(to.trim()) == Some(edge.to)
    };
    edge_name(edge).eq_ignore_ascii_case(word) || ends.is_some_and(is_ends)
}

fn of_requirement(
    row: &Requirement,
    measure: Measure<'_>,
    coverage: Option<&Coverage>,
    code: &[CodeSite],
) -> String {
    let mut out =
        format!("{}  {}, section {}\n  {}\n", row.id, row.level, row.section, row.summary);
    let linux = row.linux.as_deref().unwrap_or("not looked at");
    let note = row.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    let _ = writeln!(out, "  Linux: {linux}{note}");
    let reason = row.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let _ = writeln!(out, "  status: {}{reason}", row.status);
    for (claim, script) in measure.claims.get(&row.id).into_iter().flatten() {
        let verb = if *claim == Claim::Covers { "proved by" } else { "shown to deviate by" };
        let _ = writeln!(out, "  {verb} specs/scripts/{script}.pkt{}", verdicts(script, coverage));
    }
    for CodeSite { place, text } in code {
        let _ = writeln!(out, "  code {place}: {text}");
    }
    for target in coverage.into_iter().flat_map(|coverage| &coverage.targets) {
        let proof = target.proof(row, measure.claims).name();
        let _ = writeln!(out, "  on {} {}: {proof}", target.target, target.version);
    }
    out
}

/// `  (stack pass, linux xfail)`
fn verdicts(script: &str, coverage: Option<&Coverage>) -> String {
    let targets = coverage.into_iter().flat_map(|coverage| &coverage.targets);
    let each: Vec<_> =
        targets.filter_map(|t| Some(format!("{} {}", t.target, t.scripts.get(script)?))).collect();
    if each.is_empty() { String::new() } else { format!("  ({})", each.join(", ")) }
}

fn of_state(state: TcpState, table: &[Transition], coverage: Option<&Coverage>) -> String {
    let name = state_name(state);
    let mut out = format!("{name}\n");
    let line = |edge: &Transition| {
        format!("{:<44} RFC 9293, {:<9} Linux: {}\n", edge_name(edge), edge.rfc, edge.linux)
    };
    for edge in table.iter().filter(|edge| edge.to == state) {
        out += &format!("  in   {}", line(edge));
    }
    for edge in table.iter().filter(|edge| edge.from == state) {
        out += &format!("  out  {}", line(edge));
    }
    for target in coverage.into_iter().flat_map(|coverage| &coverage.targets) {
        let of_state =
            |met: &Met| met.keys().filter(|key| key.split(' ').next() == Some(name)).count();
        let (cells, calls) = (of_state(&target.cells), of_state(&target.calls));
        let groups = CALLS.len();
        let _ = writeln!(out, "  on {}: {cells} cells, {calls} of {groups} calls", target.target);
    }
    let directory = if state == TcpState::Close { "CLOSED" } else { name }.to_ascii_lowercase();
    out + &format!("  scripts: specs/scripts/state/{directory}, specs/scripts/grid/{directory}\n")
}

fn of_edge(edge: &Transition, measure: Measure<'_>, coverage: Option<&Coverage>) -> String {
    let name = edge_name(edge);
    let mut out = format!("{name}\n  RFC 9293, {}   Linux: {}\n", edge.rfc, edge.linux);
    let section = measure.requirements.iter();
    for row in section.filter(|row| row.rfc() == "RFC9293" && row.section == edge.rfc).take(40) {
        let names = [state_words(edge.from), state_words(edge.to)];
        if names.iter().all(|name| row.summary.contains(name.as_str())) {
            let _ = writeln!(out, "  {}: {}", row.id, row.summary);
        }
    }
    for target in coverage.into_iter().flat_map(|coverage| &coverage.targets) {
        match target.edges.get(&name) {
            None => {
                let _ = writeln!(out, "  on {}: never taken", target.target);
            }
            Some(scripts) => {
                let first: Vec<_> = scripts.iter().take(8).map(String::as_str).collect();
                let (count, first) = (scripts.len(), first.join(", "));
                let _ = writeln!(out, "  on {}: {count} scripts: {first}", target.target);
            }
        }
    }
    out
}

/// `FIN-WAIT-1`, as summaries have it.
fn state_words(state: TcpState) -> String {
    match state {
        TcpState::Close => "CLOSED".into(),
        TcpState::SynRecv | TcpState::NewSynRecv => "SYN-RECEIVED".into(),
        TcpState::FinWait1 => "FIN-WAIT-1".into(),
        TcpState::FinWait2 => "FIN-WAIT-2".into(),
        TcpState::Established
        | TcpState::SynSent
        | TcpState::TimeWait
        | TcpState::CloseWait
        | TcpState::LastAck
        | TcpState::Listen
        | TcpState::Closing => state_name(state).replace('_', "-"),
    }
}

fn of_divergence(word: &str) -> Option<String> {
    let entries = divergences().ok()?;
    let mut of_id = entries
        .iter()
        .filter(|entry| entry.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(word)));
    let first = of_id.next()?;
    let mut out = format!("{word}: {}\n", first.reason);
    for entry in std::iter::once(first).chain(of_id) {
        let _ = writeln!(out, "  specs/scripts/{} on {}", entry.script, entry.targets.join(", "));
    }
    Some(out)
}
