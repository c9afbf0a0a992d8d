use std::collections::BTreeSet;

use super::cause::{Cause, edges_between};
use super::coverage::{Coverage, Proof, TargetCoverage};
use super::explain::{CodeSite, explain};
use super::grid::{Cell, Kind, Position, cells};
use super::observe::observe;
use super::page::page;
use super::requirement::{Claim, Claims, Requirement, claims, claims_of, requirements};
use super::text::{Measure, text};
use crate::config::CliOptions;
use crate::engine::log::Entry;
use crate::executor::{Executor, InProcess};
use crate::packet::flag;
use crate::runner::{Context, PlanOptions, discover_embedded, plan, run_case};
use crate::target::TcpState;
use crate::target::stack::StackLaunch;
use crate::target::transition::transitions;

/// The log of a script of the suite on the stack, with IPv4.
fn log_of(name: &str) -> Vec<Entry> {
    let launch = StackLaunch::default();
    let executor = InProcess::new(&launch);
    let info = executor.info().unwrap();
    let cli = CliOptions::default();
    let found: Vec<_> = discover_embedded()
        .into_iter()
        .filter(|f| f.path.ends_with(&format!("{name}.pkt")))
        .collect();
    let plan = plan(&found, &PlanOptions::default(), &info).unwrap();
    let context =
        Context { executor: &executor, info: &info, cli: &cli, artifacts: None, retries: 0 };
    let result = run_case(&plan.cases[0], &context, executor.worker().as_mut()).unwrap();
    assert_eq!(result.verdict.name(), "pass", "{}", result.message);
    result.log.entries
}

fn cells_of(name: &str) -> BTreeSet<String> {
    observe(&log_of(name), &transitions()).cells
}

#[test]
fn every_file_of_the_registry_parses_and_no_id_is_there_twice() {
    let all = requirements();
    let ids: BTreeSet<_> = all.iter().map(|row| &row.id).collect();
    assert!(all.len() > 600, "{} requirements", all.len());
    assert_eq!(ids.len(), all.len());
    for id in ["RFC9293:MUST-12", "RFC5961:3.2#1", "RFC9768:3.1.1#1"] {
        assert!(all.iter().any(|row| row.id == id), "{id}");
    }
}

#[test]
fn scripts_claim_on_one_line_or_more() {
    let text = "// A.\n//! covers: A:1, B:2\n//!deviates: C:3\n//! ip: ipv4\n";
    let wanted = [(Claim::Covers, "A:1"), (Claim::Covers, "B:2"), (Claim::Deviates, "C:3")];
    assert_eq!(claims_of(text).collect::<Vec<_>>(), wanted);
    assert!(claims().contains_key("RFC9293:MUST-12"));
}

/// The name of a script of the grid says which cell it fills: the log must say the same.
#[test]
fn the_grid_fills_the_cells_that_its_names_say() {
    for (script, cell) in [
        ("grid/closed/rcv-fin-ack", "CLOSE fin-ack any"),
        ("grid/listen/rcv-urg", "LISTEN urg any"),
        ("grid/syn_sent/rcv-synack-ack-ahead", "SYN_SENT synack ack-ahead"),
        ("grid/syn_recv/rcv-ack-ack-old", "SYN_RECV ack ack-old"),
        ("grid/new_syn_recv/rcv-rst-in-window", "NEW_SYN_RECV rst in-window"),
        ("grid/established/rcv-syn-before-window", "ESTABLISHED syn before-window"),
        ("grid/established/rcv-data-ack-too-old", "ESTABLISHED data ack-too-old"),
        ("grid/established/rcv-fin-ack-right-edge", "ESTABLISHED fin-ack right-edge"),
        ("grid/close_wait/rcv-no-flags-beyond-window", "CLOSE_WAIT no-flags beyond-window"),
        ("grid/time_wait/rcv-rst-ack-left-edge", "TIME_WAIT rst-ack left-edge"),
        ("grid/closing/rcv-urg-ack-old", "CLOSING urg ack-old"),
    ] {
        assert!(cells_of(script).contains(cell), "{script}: {:?}", cells_of(script));
    }
}

#[test]
fn edges_are_told_by_what_the_script_did() {
    let edges = observe(&log_of("close/active"), &transitions()).edges;
    for edge in [
        "CLOSE PassiveOpen LISTEN",
        "LISTEN RecvSyn NEW_SYN_RECV",
        "NEW_SYN_RECV RecvAckOfSyn SYN_RECV",
        "SYN_RECV RecvAckOfSyn ESTABLISHED",
        "ESTABLISHED CloseCall FIN_WAIT1",
        "FIN_WAIT1 RecvAckOfFin FIN_WAIT2",
        "FIN_WAIT2 RecvFin TIME_WAIT",
    ] {
        assert!(edges.contains(edge), "{edge} is not in {edges:?}");
    }
    assert!(!edges.iter().any(|edge| edge.contains("Rst")), "{edges:?}");
    // A timer that ends the waiting, and one that gives up with a reset.
    let ends = |name: &str| observe(&log_of(name), &transitions()).edges;
    assert!(ends("close/linger2-timeout").contains("FIN_WAIT2 WaitTimeout CLOSE"));
    assert!(ends("state/fin_wait2/timeout-keepalive").contains("FIN_WAIT2 GiveUp CLOSE"));
}

#[test]
fn a_change_that_no_edge_explains_is_none() {
    let table = transitions();
    let rst = Cause::Segment(flag::RST);
    let (from, to) = (TcpState::Established, TcpState::Close);
    assert_eq!(edges_between(&table, from, to, &rst)[0].event, "RecvRst");
    assert_eq!(edges_between(&table, from, to, &Cause::Time)[0].event, "GiveUp");
    assert!(edges_between(&table, TcpState::Listen, TcpState::LastAck, &rst).is_empty());
}

#[test]
fn calls_are_told_by_the_state_of_their_socket() {
    let calls = observe(&log_of("grid/close_wait/call-recv"), &transitions()).calls;
    for call in ["CLOSE bind", "CLOSE listen", "LISTEN accept", "ESTABLISHED send"] {
        assert!(calls.contains(call), "{call} is not in {calls:?}");
    }
    assert!(calls.contains("CLOSE_WAIT receive"), "{calls:?}");
}

#[test]
fn cells_have_names_of_their_own() {
    let names: BTreeSet<_> = cells().map(|cell| cell.to_string()).collect();
    assert_eq!(names.len(), cells().count());
    let cell = Cell { state: TcpState::FinWait1, kind: Kind::FinAck, position: Position::TooOld };
    assert!(names.contains(&cell.to_string()));
}

fn row(id: &str, status: &str) -> Requirement {
    toml::from_str(&format!(
        "id = '{id}'\nlevel = 'MUST'\nsection = '3.1'\nsummary = 'A <b> thing.'\nstatus = '{status}'"
    ))
    .unwrap()
}

fn example() -> (Vec<Requirement>, Claims, Coverage) {
    let rows = vec![row("RFC1:MUST-1", "tested"), row("RFC1:MUST-2", "todo")];
    let mut claims = Claims::new();
    claims.insert(
        "RFC1:MUST-1".into(),
        vec![(Claim::Covers, "a".into()), (Claim::Covers, "b".into())],
    );
    let mut target = TargetCoverage { target: "stack".into(), ..TargetCoverage::default() };
    target.scripts.insert("a".into(), "pass".into());
    target.cells.insert("ESTABLISHED syn left-edge".into(), vec!["a".into()]);
    target.edges.insert("CLOSE PassiveOpen LISTEN".into(), vec!["a".into()]);
    (rows, claims, Coverage { targets: vec![target] })
}

#[test]
fn the_worst_script_decides_about_a_requirement() {
    let (rows, claims, mut coverage) = example();
    let target = &mut coverage.targets[0];
    assert_eq!(target.proof(&rows[0], &claims), Proof::Passes);
    assert_eq!(target.proof(&rows[1], &claims), Proof::Nothing);
    target.scripts.insert("b".into(), "skip".into());
    assert_eq!(target.proof(&rows[0], &claims), Proof::Passes);
    target.scripts.insert("b".into(), "xfail".into());
    assert_eq!(target.proof(&rows[0], &claims), Proof::Fails);
}

#[test]
fn tables_and_page_say_what_is_there_and_what_is_missing() {
    let (rows, claims, coverage) = example();
    let table = transitions();
    let measure = Measure { requirements: &rows, claims: &claims, table: &table };
    let text = text(&coverage, measure);
    assert!(text.contains("RFC1              2         1        1"), "{text}");
    assert!(text.contains("empty: ESTABLISHED syn before-window"));
    assert!(!text.contains("empty: ESTABLISHED syn left-edge"));
    assert!(text.contains(&format!("edges: 1 of {}", table.len())));
    let page = page(&coverage, measure, "x/");
    assert!(page.contains("<a href=\"x/a.pkt\">a</a>"));
    assert!(page.contains("A &lt;b&gt; thing."));
    assert!(!page.contains("A <b> thing."));
}

#[test]
fn explain_knows_requirements_states_edges_and_divergences() {
    let (rows, claims, coverage) = example();
    let table = transitions();
    let measure = Measure { requirements: &rows, claims: &claims, table: &table };
    let code = |id: &str| vec![CodeSite { place: "x.rs:1".into(), text: format!("[{id}] x") }];
    let say = |word: &str| explain(word, measure, Some(&coverage), &code);
    let of_row = say("rfc1:must-1").unwrap();
    assert!(of_row.contains("proved by specs/scripts/a.pkt  (stack pass)"), "{of_row}");
    assert!(of_row.contains("code x.rs:1: [RFC1:MUST-1] x"), "{of_row}");
    for state in ["FIN-WAIT-1", "fin_wait1", "TCP_FIN_WAIT1"] {
        assert!(say(state).unwrap().starts_with("FIN_WAIT1\n"));
    }
    let of_edge = say("CLOSED -> LISTEN").unwrap();
    assert!(of_edge.contains("on stack: 1 scripts: a"), "{of_edge}");
    assert!(say("D-0001").unwrap().contains("window scale"));
    assert_eq!(say("D-9999"), None);
}
