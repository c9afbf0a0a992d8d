//! Scenarios to scripts and back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use synproof_harness::packet::{Malform, flag};
use synproof_harness::scenario::{
    Ack, Action, Call, Family, How, IcmpError, IcmpKind, Opt, Scenario, Segment, Seq, Slot,
    SockOption, Stamp, Step, from_script, script_text,
};
use synproof_harness::script::ast::Script;
use synproof_harness::script::diagnostic::Severity;
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{self, Defines};

fn scripts(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|e| e == "pkt") {
            found.push(path);
        }
    }
}

fn parsed(name: &str, text: &str) -> Script {
    let (script, diagnostics) = script::parse(&SourceFile::new(name, text), &Defines::new());
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}\n{text}");
    script
}

/// Every script is a scenario whose script is that scenario again, and nothing but the results of
/// calls is lost on the way.
#[test]
fn every_script_of_ours_comes_back() {
    let mut paths = Vec::new();
    scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs"), &mut paths);
    assert!(paths.len() > 500);
    let (mut verbatim, mut all) = (0, 0);
    for path in paths {
        let name = path.display().to_string();
        let source = script::read(&path).unwrap();
        let (script, _) = script::parse(&source, &Defines::new());
        let scenario = from_script(&script);
        let text = script_text(&scenario);
        let again = parsed(&name, &text);
        assert_eq!(again.events.len(), script.events.len(), "{name}");
        assert_eq!(from_script(&again), scenario, "{name}\n{text}");
        for step in &scenario.steps {
            all += 1;
            if let Action::Verbatim(text) = &step.action
                && !text.contains(" > ")
                && !text.contains("tcp_state(")
                && !text.contains("%{")
            {
                verbatim += 1;
            }
        }
    }
    // What is done to the target can mostly be changed, not only repeated.
    assert!(verbatim * 7 < all, "{verbatim} of {all} steps are verbatim");
}

fn everything() -> Vec<Action> {
    let slot = Slot(1);
    let calls = [
        Call::Socket { slot },
        Call::NonBlocking { slot },
        Call::Bind { slot },
        Call::Listen { slot, backlog: 7 },
        Call::Accept { slot, child: Slot(2) },
        Call::Connect { slot },
        Call::Disconnect { slot },
        Call::Read { slot, len: 10 },
        Call::Write { slot, len: 100_000 },
        Call::Recv { slot, len: 10, flags: 0x42 },
        Call::Send { slot, len: 10, flags: 0x0100_8041 },
        Call::Send { slot, len: 10, flags: 0 },
        Call::SendTo { slot, len: 10, flags: 0x2000_0000 },
        Call::Shutdown { slot, how: How::Read },
        Call::Shutdown { slot, how: How::Write },
        Call::Shutdown { slot, how: How::Both },
        Call::Close { slot },
        Call::Linger { slot, on: true, seconds: 0 },
    ];
    let options = SockOption::ALL.iter().flat_map(|&option| {
        [Call::SetOption { slot, option, value: -1 }, Call::GetOption { slot, option }]
    });
    let mut segment = Segment {
        conn: 3,
        flags: flag::ACK | flag::PSH | flag::URG | flag::AE | flag::ECE,
        seq: Seq::At(u32::MAX),
        ack: Some(Ack::At(7)),
        window: 9,
        urgent: 5,
        payload: 100,
        options: vec![
            Opt::Ts { val: Stamp::At(1), ecr: Stamp::At(2) },
            Opt::Nop,
            Opt::Raw(vec![8, 10, 0]),
            Opt::Sack(vec![(Ack::At(1), Ack::At(2))]),
            Opt::Nop,
            Opt::Nop,
            Opt::Eol,
            Opt::Eol,
        ],
        tos: 3,
        malform: vec![
            Malform::Checksum(1),
            Malform::DataOffset(4),
            Malform::IpLength(-3),
            Malform::Cut(2),
        ],
    };
    let mut segments = vec![segment.clone()];
    segment = Segment::new(flag::SYN);
    segment.seq = Seq::At(77);
    segment.options = vec![Opt::Mss(1000), Opt::SackOk, Opt::Wscale(7), Opt::FastOpen(vec![1; 5])];
    segments.push(segment);
    let bare = Segment { seq: Seq::At(0), ..Segment::new(0) };
    segments.extend([0x40, 1, 2].map(|tos| Segment { tos, ..bare.clone() }));
    let kinds = [
        IcmpKind::NetUnreachable,
        IcmpKind::HostUnreachable,
        IcmpKind::PortUnreachable,
        IcmpKind::Prohibited,
        IcmpKind::TooBig(1400),
        IcmpKind::TimeExceeded,
        IcmpKind::ParameterProblem,
    ];
    let errors = kinds.map(|kind| IcmpError { kind, seq: Ack::At(1), payload: 10 });
    let calls = calls.into_iter().chain(options).map(Action::Call);
    let segments = segments.into_iter().map(Action::Segment);
    calls.chain(segments).chain(errors.map(Action::Icmp)).chain([Action::Wait]).collect()
}

#[rstest::rstest]
fn whatever_a_scenario_holds_comes_back(
    #[values(Family::V4, Family::V6, Family::Mapped)] family: Family,
) {
    let steps: Vec<Step> = everything()
        .into_iter()
        .enumerate()
        .map(|(n, action)| Step::after(if n == 0 { 0 } else { 1_500_001 * n as u64 }, action))
        .collect();
    let scenario = Scenario { family, ..Scenario::of(steps) };
    let text = script_text(&scenario);
    let again = from_script(&parsed("everything", &text));
    for (a, b) in again.steps.iter().zip(&scenario.steps) {
        assert_eq!(a, b);
    }
    assert_eq!(again, scenario);
}

#[test]
fn a_scenario_is_data() {
    let scenario = Scenario::of(everything().into_iter().map(Step::now).collect());
    let json = serde_json::to_string(&scenario).unwrap();
    assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
}
