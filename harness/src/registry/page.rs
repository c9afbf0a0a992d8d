//! Coverage as one HTML page that needs nothing else.

use std::fmt::Write;

use super::cause::edge_name;
use super::coverage::{Coverage, Met, Proof, TargetCoverage};
use super::grid::{CALLS, Cell, Kind, Position, STATES, calls, cells, state_name};
use super::requirement::{Claim, Requirement};
use super::text::{Measure, filled, rfcs};
use crate::target::TcpState;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page. `link` stands before the name of a script and `.pkt`.
#[must_use]
pub fn page(coverage: &Coverage, measure: Measure<'_>, link: &str) -> String {
    let mut body = String::from("<h1>What is proved</h1>");
    for target in &coverage.targets {
        body += &format!("<section><h2>{} <small>", escape(&target.target));
        let _ = write!(body, "{}, {} scripts", escape(&target.version), target.scripts.len());
        body += "</small></h2>";
        body += &numbers(target, measure);
        body += &heat_map(target, link);
        body += &call_table(target, link);
        body += &edge_table(target, measure, link);
        body += "</section>";
    }
    body += &requirement_table(coverage, measure, link);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>synproof coverage</title>\
         <style>{STYLE}</style></head><body>{body}<script>{SCRIPT}</script></body></html>\n"
    )
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// The four numbers that matter.
fn numbers(target: &TargetCoverage, measure: Measure<'_>) -> String {
    let testable = measure.requirements.iter().filter(|row| row.status != "not-testable");
    let strong: Vec<_> = testable.filter(|row| row.is_strong()).collect();
    let proved = strong.iter().filter(|row| target.proof(row, measure.claims) != Proof::Nothing);
    let met = |met: &Met, all: &mut dyn Iterator<Item = String>| {
        all.filter(|name| met.contains_key(name)).count()
    };
    let figures = [
        ("MUST and SHOULD", proved.count(), strong.len()),
        (
            "state × segment × position",
            met(&target.cells, &mut cells().map(|cell| cell.to_string())),
            cells().count(),
        ),
        ("state × call", met(&target.calls, &mut calls()), calls().count()),
        (
            "edges",
            met(&target.edges, &mut measure.table.iter().map(edge_name)),
            measure.table.len(),
        ),
    ];
    let figure = |(name, part, whole): (&str, usize, usize)| {
        format!("<div class=\"figure\"><b>{part}<i> of {whole}</i></b>{name}</div>")
    };
    format!("<div class=\"figures\">{}</div>", figures.map(figure).concat())
}

/// Scripts as links, in a list that opens.
fn list(title: &str, scripts: &[String], link: &str) -> String {
    let each = scripts.iter().map(|script| {
        let script = escape(script);
        format!("<a href=\"{}{script}.pkt\">{script}</a>", escape(link))
    });
    format!("<details><summary>{title}</summary>{}</details>", each.collect::<String>())
}

fn heat_map(target: &TargetCoverage, link: &str) -> String {
    let mut out = String::from("<h3>State × segment</h3><table class=\"map\"><tr><th></th>");
    for kind in Kind::ALL {
        let _ = write!(out, "<th>{}</th>", kind.name());
    }
    out += "</tr>";
    for state in STATES {
        let _ = write!(out, "<tr><th>{}</th>", state_name(state));
        for kind in Kind::ALL {
            let (met, all) = filled(&target.cells, state, kind);
            let shade = met * 4 / all.max(1);
            let inside: String = Position::of(state, kind)
                .iter()
                .map(|&position| {
                    let cell = Cell { state, kind, position }.to_string();
                    let scripts = target.cells.get(&cell).map(Vec::as_slice).unwrap_or_default();
                    list(&format!("{} ({})", position.name(), scripts.len()), scripts, link)
                })
                .collect();
            let _ = write!(
                out,
                "<td class=\"s{shade}\"><details><summary>{met}/{all}</summary>{inside}</details></td>"
            );
        }
        out += "</tr>";
    }
    out + "</table>"
}

fn call_table(target: &TargetCoverage, link: &str) -> String {
    let mut out = String::from("<h3>State × call</h3><table class=\"map\"><tr><th></th>");
    for (group, _) in CALLS {
        let _ = write!(out, "<th>{group}</th>");
    }
    out += "</tr>";
    for state in STATES.into_iter().filter(|state| *state != TcpState::NewSynRecv) {
        let _ = write!(out, "<tr><th>{}</th>", state_name(state));
        for (group, _) in CALLS {
            let key = format!("{} {group}", state_name(state));
            let scripts = target.calls.get(&key).map(Vec::as_slice).unwrap_or_default();
            let shade = if scripts.is_empty() { 0 } else { 4 };
            let list = list(&scripts.len().to_string(), scripts, link);
            let _ = write!(out, "<td class=\"s{shade}\">{list}</td>");
        }
        out += "</tr>";
    }
    out + "</table>"
}

fn edge_table(target: &TargetCoverage, measure: Measure<'_>, link: &str) -> String {
    let mut out = String::from(
        "<h3>Edges</h3><details><summary>all</summary><table><tr><th>edge</th><th>RFC 9293</th>\
         <th>Linux</th><th>scripts</th></tr>",
    );
    for edge in measure.table {
        let name = edge_name(edge);
        let scripts = target.edges.get(&name).map(Vec::as_slice).unwrap_or_default();
        let class = if scripts.is_empty() { "none" } else { "" };
        let list = list(&scripts.len().to_string(), scripts, link);
        let _ = write!(
            out,
            "<tr class=\"{class}\"><td>{}</td><td>{}</td><td>{}</td><td>{list}</td></tr>",
            escape(&name),
            edge.rfc,
            escape(edge.linux)
        );
    }
    out + "</table></details>"
}

fn requirement_table(coverage: &Coverage, measure: Measure<'_>, link: &str) -> String {
    let mut out = String::from(
        "<section><h2>Requirements</h2><p><input id=\"find\" placeholder=\"find an id, a word, todo, \
         deviates …\" size=\"40\"></p>",
    );
    for rfc in rfcs(measure.requirements) {
        let _ =
            write!(out, "<h3>{}</h3><table class=\"rows\"><tr><th>id</th><th></th>", escape(rfc));
        out += "<th>requirement</th><th>Linux</th><th>status</th>";
        for target in &coverage.targets {
            let _ = write!(out, "<th>{}</th>", escape(&target.target));
        }
        out += "<th>scripts</th></tr>";
        for row in measure.requirements.iter().filter(|row| row.rfc() == rfc) {
            out += &requirement_row(row, coverage, measure, link);
        }
        out += "</table>";
    }
    out + "</section>"
}

fn requirement_row(
    row: &Requirement,
    coverage: &Coverage,
    measure: Measure<'_>,
    link: &str,
) -> String {
    let id = row.id.split_once(':').map_or(row.id.as_str(), |(_, id)| id);
    let number: String = row.rfc().chars().filter(char::is_ascii_digit).collect();
    let section = row.section.split(';').next().unwrap_or(&row.section);
    let href = format!("https://www.rfc-editor.org/rfc/rfc{number}#section-{section}");
    let id = if number.is_empty() {
        escape(id)
    } else {
        format!("<a href=\"{href}\">{}</a>", escape(id))
    };
    let more =
        row.note.iter().chain(&row.reason).map(|text| format!("<br><i>{}</i>", escape(text)));
    let mut out = format!(
        "<tr class=\"{}\"><td>{id}</td><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td>",
        row.status,
        escape(&row.level),
        escape(&row.summary),
        more.collect::<String>(),
        row.linux.as_deref().unwrap_or(""),
        row.status,
    );
    for target in &coverage.targets {
        let proof = target.proof(row, measure.claims).name();
        let _ = write!(out, "<td class=\"{proof}\">{proof}</td>");
    }
    let claims = measure.claims.get(&row.id).map(Vec::as_slice).unwrap_or_default();
    let mark = |claim: Claim| if claim == Claim::Covers { "" } else { "≠ " };
    let scripts = claims.iter().map(|(claim, script)| {
        let script = escape(script);
        format!("<a href=\"{}{script}.pkt\">{}{script}</a>", escape(link), mark(*claim))
    });
    let list = match claims.len() {
        0 => String::new(),
        count => {
            format!("<details><summary>{count}</summary>{}</details>", scripts.collect::<String>())
        }
    };
    out + &format!("<td>{list}</td></tr>")
}
