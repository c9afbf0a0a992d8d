//! Coverage as tables for a terminal.

use std::fmt::Write;

use super::cause::edge_name;
use super::coverage::{Coverage, Met, Proof, TargetCoverage};
use super::grid::{CALLS, Cell, Kind, Position, STATES, calls, cells, state_name};
use super::requirement::{Claims, Requirement};
use crate::target::TcpState;
use crate::target::transition::Transition;

/// What coverage is measured against.
#[derive(Clone, Copy)]
pub struct Measure<'a> {
    /// The registry.
    pub requirements: &'a [Requirement],
    /// Who claims what.
    pub claims: &'a Claims,
    /// Every edge there is.
    pub table: &'a [Transition],
}

/// All tables of all targets.
#[must_use]
pub fn text(coverage: &Coverage, measure: Measure<'_>) -> String {
    let mut out = String::new();
    for target in &coverage.targets {
        let scripts = target.scripts.len();
        let _ = writeln!(out, "== {} {} ({scripts} scripts)", target.target, target.version);
        out += &requirement_table(target, measure);
        out += &cell_table(target);
        out += &call_table(target);
        out += &edge_list(target, measure.table);
    }
    out
}

fn requirement_table(target: &TargetCoverage, measure: Measure<'_>) -> String {
    let mut out = format!(
        "\n{:<10} {:>8} {:>9} {:>8} {:>10} {:>7}\n",
        "", "testable", "tested", "passes", "deviates", "fails"
    );
    let mut total = [0; 5];
    for rfc in rfcs(measure.requirements) {
        let rows = measure.requirements.iter().filter(|row| row.rfc() == rfc);
        let mut counts = [0; 5];
        for row in rows.filter(|row| row.status != "not-testable") {
            let proof = target.proof(row, measure.claims);
            let is = [true, proof != Proof::Nothing, proof == Proof::Passes]
                .into_iter()
                .chain([proof == Proof::Deviates, proof == Proof::Fails]);
            for (count, is) in counts.iter_mut().zip(is) {
                *count += usize::from(is);
            }
        }
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
        out += &requirement_line(rfc, counts);
    }
    out + &requirement_line("all", total)
}

fn requirement_line(name: &str, [testable, tested, passes, deviates, fails]: [usize; 5]) -> String {
    format!("{name:<10} {testable:>8} {tested:>9} {passes:>8} {deviates:>10} {fails:>7}\n")
}

/// The RFCs in the order of the registry.
#[must_use]
pub fn rfcs(requirements: &[Requirement]) -> Vec<&str> {
    let mut names: Vec<&str> = requirements.iter().map(Requirement::rfc).collect();
    names.dedup();
    names
}

/// How many of the positions of a state and segment were met, and how many there are.
#[must_use]
pub fn filled(met: &Met, state: TcpState, kind: Kind) -> (usize, usize) {
    let positions = Position::of(state, kind);
    let is_met =
        |&&position: &&Position| met.contains_key(&Cell { state, kind, position }.to_string());
    (positions.iter().filter(is_met).count(), positions.len())
}

fn cell_table(target: &TargetCoverage) -> String {
    let all = cells().count();
    let met = cells().filter(|cell| target.cells.contains_key(&cell.to_string())).count();
    let mut out = format!("\nstate × segment × position: {met} of {all} cells\n{:<14}", "");
    for kind in Kind::ALL {
        let _ = write!(out, " {:>8}", kind.name());
    }
    out.push('\n');
    for state in STATES {
        let _ = write!(out, "{:<14}", state_name(state));
        for kind in Kind::ALL {
            let (met, all) = filled(&target.cells, state, kind);
            let _ = write!(out, " {:>8}", format!("{met}/{all}"));
        }
        out.push('\n');
    }
    for cell in cells().filter(|cell| !target.cells.contains_key(&cell.to_string())) {
        let _ = writeln!(out, "  empty: {cell}");
    }
    out
}

fn call_table(target: &TargetCoverage) -> String {
    let all = calls().count();
    let met = calls().filter(|call| target.calls.contains_key(call)).count();
    let mut out = format!("\nstate × call: {met} of {all} cells\n{:<14}", "");
    for (group, _) in CALLS {
        let _ = write!(out, " {group:>10}");
    }
    out.push('\n');
    for state in STATES.into_iter().filter(|state| *state != TcpState::NewSynRecv) {
        let _ = write!(out, "{:<14}", state_name(state));
        for (group, _) in CALLS {
            let scripts = target.calls.get(&format!("{} {group}", state_name(state)));
            let _ = write!(out, " {:>10}", scripts.map_or(0, Vec::len));
        }
        out.push('\n');
    }
    out
}

fn edge_list(target: &TargetCoverage, table: &[Transition]) -> String {
    let missing: Vec<_> =
        table.iter().map(edge_name).filter(|edge| !target.edges.contains_key(edge)).collect();
    let met = table.len() - missing.len();
    let mut out = format!("\nedges: {met} of {}\n", table.len());
    for edge in missing {
        let _ = writeln!(out, "  never taken: {edge}");
    }
    out.push('\n');
    out
}
