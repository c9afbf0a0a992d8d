//! What the reports look like, from constructed results: every verdict, a failure with everything
//! a failure can have, and an error of a script.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use synproof_harness::engine::log::{Captured, Entry, RunLog, What};
use synproof_harness::engine::outcome::{Class, Failure, FieldCheck, Timing};
use synproof_harness::packet::{Ip, Packet, Tcp, Transport, flag};
use synproof_harness::report::{Human, Json, Junit, Paint, Report, Show, Tap};
use synproof_harness::runner::{CaseId, CaseResult, Event, Expectation, Summary, Verdict};
use synproof_harness::script::ast::Direction;
use synproof_harness::script::diagnostic::Diagnostic;
use synproof_harness::script::source::{SourceFile, Span};
use synproof_harness::target::{Clock, IpVersion, Returned, ScriptTime, TargetInfo, TcpState};

const SCRIPT: &str = "\
// An ACK that acknowledges nothing we sent is answered by a RST.
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <...>
+.01 < . 0:0(0) ack 5 win 1000
+0 > R 5:5(0)
";

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn span_of(text: &str) -> Span {
    let start = SCRIPT.find(text).unwrap();
    Span::new(u32::try_from(start).unwrap(), u32::try_from(start + text.len()).unwrap())
}

fn field(name: &str, expected: &str, actual: &str) -> FieldCheck {
    let ok = expected == actual;
    FieldCheck { name: name.into(), expected: expected.into(), actual: actual.into(), ok }
}

fn packet(at: i64, line: usize, direction: Direction, text: &str) -> Entry {
    let addr = Ipv4Addr::LOCALHOST.into();
    let tcp = Tcp { flags: flag::RST, ..Tcp::default() };
    let packet =
        Packet { outer: Vec::new(), ip: Ip::new(addr, addr), transport: Transport::Tcp(tcp) };
    let what = What::Packet { direction, packet: Box::new(packet), text: text.into() };
    Entry { at: ScriptTime(at), line: Some(line), what }
}

fn log() -> RunLog {
    let entry = |at, line, what| Entry { at: ScriptTime(at), line, what };
    let ret = |text: &str| What::Return { text: text.into(), result: Box::new(Returned::ok(0)) };
    let state =
        What::State { socket: "fd 3".into(), from: Some(TcpState::Close), to: TcpState::SynSent };
    let entries = vec![
        entry(0, Some(2), ret("socket(..., SOCK_STREAM, IPPROTO_TCP) = 3")),
        entry(3, Some(3), ret("connect(3, ..., ...) = -1 EINPROGRESS")),
        entry(3, None, state),
        packet(5, 4, Direction::Outbound, "S 0:0(0) win 65535 <mss 1460,sackOK>"),
        packet(10_005, 5, Direction::Inbound, ". 0:0(0) ack 5 win 1000"),
        packet(14_217, 6, Direction::Outbound, "R. 5:5(0) ack 1 win 0"),
    ];
    RunLog { entries, capture: Vec::<Captured>::new(), ..RunLog::default() }
}

fn failure() -> Failure {
    Failure {
        class: Class::Content,
        span: span_of("R 5:5"),
        event: span_of("+0 > R 5:5(0)"),
        message: "flags: expected R, got R.".into(),
        fields: vec![
            field("flags", "R", "R."),
            field("seq", "5", "5"),
            field("ack", "0", "1"),
            field("payload", "0 bytes", "0 bytes"),
        ],
        expected: Some("> R 5:5(0)".into()),
        actual: Some("R. 5:5(0) ack 1 win 0".into()),
        timing: Some(Timing {
            due_from: ScriptTime(10_005),
            due_to: ScriptTime(10_005),
            actual: ScriptTime(14_217),
            tolerance_us: 4000,
            origin: "--tolerance_usecs 4000 (default)".into(),
            harness_late_us: 17,
        }),
        sockets: vec![("fd 3".into(), TcpState::SynSent)],
        notes: vec!["packetdrill compares flags before the acknowledgment number".into()],
    }
}

fn result(name: &str, ip: IpVersion, verdict: Verdict) -> CaseResult {
    CaseResult {
        id: CaseId { script: format!("specs/scripts/syn_sent/{name}.pkt"), ip },
        target: "stack".into(),
        verdict,
        class: None,
        line: None,
        message: String::new(),
        expectation: None,
        failure: None,
        diagnostics: Vec::new(),
        warnings: Vec::new(),
        source: Some(SourceFile::new(format!("specs/scripts/syn_sent/{name}.pkt"), SCRIPT)),
        log: RunLog::default(),
        files: Vec::new(),
        reproduce: format!("synproof run --target stack --ip ipv4 syn_sent/{name}.pkt"),
        script_us: 14_217,
        wall_us: 12_345,
        attempts: 1,
        internal_bug: false,
    }
}

fn results() -> Vec<CaseResult> {
    let expected = |id: Option<&str>| Expectation {
        id: id.map(Into::into),
        reason: "Linux answers with a challenge ACK".into(),
        class: None,
    };
    let mut fail = result("rcv-ack-unacceptable", IpVersion::Ipv4, Verdict::Fail);
    fail.class = Some(Class::Content);
    fail.line = Some(6);
    fail.message = failure().message;
    fail.failure = Some(Box::new(failure()));
    fail.log = log();
    fail.files = vec![PathBuf::from("out/syn_sent/rcv-ack-unacceptable.ipv4.stack.json")];
    let mut skip = result("rcv-accecn", IpVersion::Ipv6, Verdict::Skip);
    skip.message = "needs ACC_ECN".into();
    let mut xfail = result("rcv-rst-in-window", IpVersion::Ipv4, Verdict::Xfail);
    xfail.class = Some(Class::Content);
    xfail.expectation = Some(expected(Some("D-0007")));
    let mut xpass = result("rcv-#syn", IpVersion::Ipv4Mapped, Verdict::Xpass);
    xpass.expectation = Some(expected(None));
    xpass.message = "passes, but is expected to fail: Linux answers with a challenge ACK".into();
    let mut error = result("wrong-option", IpVersion::Ipv4, Verdict::Error);
    error.class = Some(Class::Script);
    error.line = Some(3);
    error.message = "unknown symbol `EINPROGRES`".into();
    let span = span_of("EINPROGRESS");
    error.diagnostics =
        vec![Diagnostic::error("check::unknown-symbol", span, error.message.clone())];
    let mut warned = result("win-shrinks", IpVersion::Ipv4, Verdict::Pass);
    warned.warnings = vec![Failure { class: Class::Late, timing: None, ..failure() }];
    warned.attempts = 2;
    vec![
        result("rcv-synack-completes", IpVersion::Ipv4, Verdict::Pass),
        fail,
        skip,
        xfail,
        xpass,
        error,
        warned,
    ]
}

fn render(make: impl FnOnce(Sink) -> Box<dyn Report>) -> String {
    let sink = Sink::default();
    let mut report = make(sink.clone());
    let target = TargetInfo {
        name: "stack".into(),
        version: "0.1.0".into(),
        clock: Clock::Virtual { tick_us: 1000 },
        capabilities: Vec::new(),
    };
    let results = results();
    let mut summary = Summary {
        target: "stack".into(),
        version: "0.1.0".into(),
        planned: results.len(),
        seed: 0x1234,
        wall_us: 2_345_678,
        ..Summary::default()
    };
    let cases = results.len();
    let widest = results.iter().map(|r| r.id.name().len()).max().unwrap();
    report.on(&Event::Planned { cases, target: &target, seed: 0x1234, widest }).unwrap();
    for result in &results {
        report.on(&Event::Started(&result.id)).unwrap();
        report.on(&Event::Finished(result)).unwrap();
        summary.add(result);
    }
    report.on(&Event::Summary(&summary)).unwrap();
    drop(report);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

const PLAIN: Show = Show { paint: Paint::OFF, wall: true, verbose: false };

#[test]
fn human() {
    insta::assert_snapshot!(render(|sink| Box::new(Human::new(sink, PLAIN))));
}

#[test]
fn human_verbose_without_wall() {
    let show = Show { wall: false, verbose: true, ..PLAIN };
    let text = render(|sink| Box::new(Human::new(sink, show)));
    assert!(text.contains("14217") || text.contains("0.014217"), "the log is shown");
    assert!(!text.contains("0.012s") && !text.contains("2.3 s"), "no wall time");
}

#[test]
fn human_in_colour_says_the_same() {
    let show = Show { paint: Paint::new(true), ..PLAIN };
    let coloured = render(|sink| Box::new(Human::new(sink, show)));
    assert!(coloured.contains("\x1b[1;31m"));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        stripped += before;
        rest = after.split_once('m').unwrap().1;
    }
    stripped += rest;
    // The source snippets come from another renderer, which aligns differently in colour.
    let lines = |text: &str| text.lines().filter(|l| l.starts_with("  = ")).count();
    assert_eq!(lines(&stripped), lines(&render(|sink| Box::new(Human::new(sink, PLAIN)))));
}

#[test]
fn json() {
    insta::assert_snapshot!(render(|sink| Box::new(Json::new(sink, PLAIN))));
}

#[test]
fn json_without_wall_has_no_wall() {
    let show = Show { wall: false, ..PLAIN };
    assert!(!render(|sink| Box::new(Json::new(sink, show))).contains("wall"));
}

#[test]
fn junit() {
    insta::assert_snapshot!(render(|sink| Box::new(Junit::new(sink, PLAIN))));
}

#[test]
fn tap() {
    insta::assert_snapshot!(render(|sink| Box::new(Tap::new(sink))));
}
