//! State × event as a table whose cells are the darker the more often an edge was walked.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::state::Mark;

/// A table of the marks of these kinds: states downwards, what happened across. A cell that could
/// be reached and was not says so; one that cannot is empty.
pub(super) fn heat(marks: &[Mark], kinds: &[&str]) -> String {
    let of: Vec<&Mark> = marks.iter().filter(|mark| kinds.contains(&mark.kind.as_str())).collect();
    let states: BTreeSet<&str> = of.iter().map(|mark| mark.state.as_str()).collect();
    let whats: BTreeSet<&str> = of.iter().map(|mark| mark.what.as_str()).collect();
    let mut table = String::from("<div class='scroll'><table class='heat'><tr><th></th>");
    for what in &whats {
        let _ = write!(table, "<th class='turned'><span>{what}</span></th>");
    }
    table.push_str("</tr>");
    for state in &states {
        let _ = write!(table, "<tr><th>{}</th>", state.trim_start_matches("TCP_"));
        for what in &whats {
            let mark = of.iter().find(|mark| mark.state == *state && mark.what == *what);
            table.push_str(&match mark {
                None => "<td></td>".to_owned(),
                Some(mark) if mark.count == 0 => {
                    "<td class='never' title='never'>0</td>".to_owned()
                }
                Some(mark) => cell(mark.count),
            });
        }
        table.push_str("</tr>");
    }
    table.push_str("</table></div>");
    table
}

fn cell(count: u64) -> String {
    let depth = (count.ilog10() * 12 + 12).min(84);
    let ink = if depth > 48 { "#fff" } else { "#000" };
    format!(
        "<td title='{count}' style='background:hsl(205 70% {}%);color:{ink}'>{}</td>",
        96 - depth,
        short(count)
    )
}

/// `950`, `12k`, `3M`.
fn short(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_reached_is_seen() {
        let mark = |what: &str, count| Mark {
            kind: "edge".into(),
            state: "TCP_CLOSE".into(),
            what: what.into(),
            count,
        };
        let table = heat(&[mark("ActiveOpen", 12_345), mark("PassiveOpen", 0)], &["edge"]);
        assert!(table.contains("title='12345'") && table.contains(">12k<"), "{table}");
        assert!(table.contains("class='never'"), "{table}");
    }
}
