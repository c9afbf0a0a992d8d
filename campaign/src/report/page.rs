//! The page: everything in one file, no script, nothing loaded from elsewhere.

use std::fmt::Write;

use super::heat::heat;
use super::plot::{Line, Scale, plot};
use crate::state::{Point, State};
use crate::status::span;
use crate::store::Finding;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}figure{margin:1rem 0}figcaption{font-weight:600}\
svg{width:100%;height:auto;font-size:11px}.grid{stroke:#ddd}.legend span{margin-right:1rem;white-space:nowrap}\
.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}table{border-collapse:collapse}\
td,th{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #eee}th:first-child,td:first-child{text-align:left}\
.heat td{text-align:center;font-size:12px;min-width:2.2rem;border:1px solid #fff}.never{background:#fbe3e0;color:#a00}\
.turned{height:9rem;vertical-align:bottom}.turned span{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:400;font-size:12px}\
.scroll{overflow-x:auto}pre{background:#f6f6f6;padding:.7rem;overflow-x:auto;font-size:13px}.bad{color:#a00}.good{color:#060}";

/// The whole page. `scripts` are those of the findings, where there are any.
#[must_use]
pub fn page(state: &State, findings: &[Finding], scripts: &[Option<String>]) -> String {
    let mut html = format!(
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>\
         <title>synproof fuzz report</title><style>{STYLE}</style><h1>Fuzzing report</h1>"
    );
    summary(&mut html, state, findings);
    found(&mut html, findings, scripts);
    targets(&mut html, state);
    html.push_str("<h2>Over time</h2>");
    html.push_str(&plot(
        "Features reached (code edges, counts, protocol states)",
        "features",
        Scale::Linear,
        &lines(state, features),
    ));
    html.push_str(&plot(
        "Executions per second and worker",
        "/s",
        Scale::Logarithmic,
        &lines(state, |point| point.rate),
    ));
    let marks = state.marks();
    html.push_str(
        "<h2>State machine</h2><p>How often scenarios walked each edge of the TCP state table: the state \
         before, and what happened. Red cells are edges of the table that no scenario walked.</p>",
    );
    html.push_str(&heat(&marks, &["edge"]));
    html.push_str(
        "<h2>What became of segments</h2><p>By the state that a segment found: queued, used, dropped \
         (Linux's drop reasons) or answered with a reset.</p>",
    );
    html.push_str(&heat(&marks, &["done", "drop", "reset"]));
    html.push_str("</html>\n");
    html
}

fn summary(html: &mut String, state: &State, findings: &[Finding]) {
    let (edges, all) = state.edges();
    let real = findings.iter().filter(|finding| !finding.planted).count();
    let (word, class) =
        if real == 0 { ("Nothing was found", "good") } else { ("Bugs were found", "bad") };
    let _ = write!(
        html,
        "<p><strong class='{class}'>{word}.</strong> {} executions in {}, over {} starts. Scenarios walked \
         {edges} of the {all} edges of the TCP state table, and segments were dropped or reset for {} \
         different reasons.</p>",
        grouped(state.executions()),
        span(state.seconds),
        state.starts,
        state.reasons(),
    );
    for name in state.blind(findings) {
        let _ = write!(
            html,
            "<p class='bad'>The bug planted in {} was not found: do not trust this report.</p>",
            escaped(name)
        );
    }
    if let Some(trouble) = &state.trouble {
        let _ = write!(html, "<p class='bad'>Not resolved: {}</p>", escaped(trouble));
    }
}

fn found(html: &mut String, findings: &[Finding], scripts: &[Option<String>]) {
    let _ = write!(html, "<h2>Findings</h2>");
    if findings.is_empty() {
        html.push_str("<p>None.</p>");
    }
    let mut all: Vec<_> = findings.iter().zip(scripts).collect();
    all.sort_by_key(|(finding, _)| finding.planted);
    for (finding, script) in all {
        let class = match finding.class.as_str() {
            "" => String::new(),
            class => format!("{}, ", escaped(class)),
        };
        let planted = if finding.planted { " — planted, to see that bugs are found" } else { "" };
        let _ = write!(
            html,
            "<details><summary><code>{}</code> {} <small>({class}after {}{planted})</small></summary><pre>{}</pre>",
            escaped(&finding.id()),
            escaped(&finding.property),
            span_of(finding.at),
            escaped(&finding.detail),
        );
        if let Some(script) = script {
            let _ = write!(html, "<p>As a script:</p><pre>{}</pre>", escaped(script));
        }
        html.push_str("</details>");
    }
}

fn targets(html: &mut String, state: &State) {
    html.push_str(
        "<h2>Targets</h2><p>Each program in turn; those that still find something new get more time. Edges of \
         code, features (what an input did that no other did) and corpus are libFuzzer's counts; the last \
         column says when something new was found last.</p><table><tr><th>target<th>executions<th>time<th>mean /s<th>code edges<th>features<th>corpus<th>crashes<th>new at</tr>",
    );
    for (name, target) in &state.targets {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = target.executions as f64 / target.account.seconds.max(1.0);
        let _ = write!(
            html,
            "<tr><td>{}<td>{}<td>{}<td>{rate:.0}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            escaped(name),
            grouped(target.executions),
            span(target.account.seconds),
            target.cov,
            target.features,
            target.corpus,
            target.crashes,
            span(target.new_at),
        );
    }
    html.push_str("</table>");
    for (name, why) in &state.unavailable {
        let _ = write!(html, "<p>{} was skipped: {}</p>", escaped(name), escaped(why));
    }
}

fn lines<'a>(state: &'a State, value: impl Fn(&Point) -> f64) -> Vec<Line<'a>> {
    let line = |(name, target): (&'a String, &crate::state::Target)| Line {
        name,
        points: target.history.iter().map(|point| (point.at, value(point))).collect(),
    };
    state.targets.iter().map(line).collect()
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn span_of(seconds: u64) -> String {
    span(seconds as f64)
}

#[expect(clippy::cast_precision_loss, reason = "a plot")]
fn features(point: &Point) -> f64 {
    point.features as f64
}

/// `1 234 567`, with spaces that do not break.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_whole_and_says_what_was_found() {
        let mut state = State::default();
        let target = state.targets.entry("segment_storm".into()).or_default();
        target.remember(Point { at: 1.0, features: 5, rate: 2.0 });
        let finding = Finding {
            target: "segment_storm".into(),
            property: "a < b".into(),
            class: "TCP_CLOSE".into(),
            detail: "<x>".into(),
            planted: false,
            at: 1,
        };
        let html = page(&state, &[finding], &[Some("0 socket(...) = 3".into())]);
        for part in
            ["Bugs were found", "a &lt; b", "&lt;x&gt;", "socket(...)", "polyline", "</html>"]
        {
            assert!(html.contains(part), "{part}");
        }
        assert!(html.contains("(TCP_CLOSE, after 0:01)"), "what it is, and when it was found");
        assert_eq!(grouped(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(grouped(12), "12");
        assert!(!html.contains("http"), "nothing is loaded from elsewhere");
    }
}
