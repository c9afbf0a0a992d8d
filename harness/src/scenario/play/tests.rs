#![expect(clippy::wildcard_enum_match_arm, reason = "each test looks for one kind of entry")]

use super::*;
use crate::config::builtin;
use crate::engine::outcome::Outcome;
use crate::packet::flag;
use crate::scenario::{Call, Slot};
use crate::target::IpVersion;
use crate::target::stack::StackLaunch;

fn passive() -> Vec<Step> {
    let (listener, child) = (Slot(0), Slot(1));
    let syn = Segment {
        conn: 1,
        seq: Seq::At(77),
        options: vec![Opt::Mss(1000), Opt::Nop, Opt::Wscale(2)],
        ..Segment::new(flag::SYN)
    };
    let calls = [
        Call::Socket { slot: listener },
        Call::Bind { slot: listener },
        Call::Listen { slot: listener, backlog: 5 },
    ];
    let mut steps: Vec<Step> = calls.into_iter().map(Step::now).collect();
    steps.push(Step::now(syn));
    steps.push(Step::after(10_000, Segment { conn: 1, ..Segment::new(flag::ACK) }));
    steps.push(Step::now(Call::Accept { slot: listener, child }));
    steps
}

fn data(seq: Seq) -> Segment {
    Segment { conn: 1, seq, payload: 10, ..Segment::new(flag::ACK | flag::PSH) }
}

fn played(steps: Vec<Step>) -> Played {
    let config = builtin(IpVersion::Ipv4, 1);
    let played = play(&Scenario::of(steps), &config, &StackLaunch, Sampling::NONE).unwrap();
    assert!(matches!(played.run.outcome, Outcome::Pass { .. }), "{:?}", played.run.outcome);
    played
}

fn texts(played: &Played) -> Vec<String> {
    let packets = played.run.log.entries.iter().filter_map(|entry| match &entry.what {
        What::Packet { direction: Direction::Outbound, text, .. } => Some(format!("> {text}")),
        What::Packet { text, .. } => Some(format!("< {text}")),
        _ => None,
    });
    packets.collect()
}

#[test]
fn numbers_are_found_while_it_runs() {
    let mut steps = passive();
    steps.push(Step::now(Call::Write { slot: Slot(1), len: 100 }));
    steps.push(Step::now(data(Seq::Next(0))));
    let ack = Segment { conn: 1, ack: Some(Ack::SndUna(50)), ..Segment::new(flag::ACK) };
    steps.push(Step::after(50_000, ack));
    let beyond = Segment { conn: 1, seq: Seq::RightEdge(1), ..Segment::new(flag::ACK) };
    steps.push(Step::now(beyond));
    let played = played(steps);
    let text = played.text();
    let last: Vec<&str> = text.lines().rev().take(4).collect();
    assert_eq!(
        last,
        [
            "+0 < 40001 > 8080 . 64524:64524(0) ack 101 win 65535",
            "+0.05 < 40001 > 8080 . 11:11(0) ack 151 win 65535",
            "+0 < 40001 > 8080 P. 1:11(10) ack 101 win 65535",
            "+0 write(4, ..., 100) = *",
        ]
    );
    // Its script does the same.
    let (script, _) = script::parse(&SourceFile::new(NAME, text), &Defines::new());
    let config = builtin(IpVersion::Ipv4, 1);
    let again = crate::engine::observe(&script, &config, &StackLaunch, Sampling::NONE);
    assert_eq!(again.log, played.run.log);
}

fn link(fate: Fate) -> Step {
    Step::after(5, LinkEvent { outbound: false, fate })
}

#[rstest::rstest]
#[case::lost(Fate::Lose, "11:21 wait")]
#[case::twice(Fate::Duplicate, "1:11 1:11 11:21")]
#[case::overtaken(Fate::Overtaken, "11:21 1:11")]
fn the_link_does_its_part(#[case] fate: Fate, #[case] expected: &str) {
    let mut steps = passive();
    steps.push(link(fate));
    steps.push(Step::after(7, data(Seq::At(1))));
    steps.push(Step::after(9, data(Seq::At(11))));
    let all: u64 = steps.iter().map(|step| step.after_us).sum();
    let before = passive().len();
    let played = played(steps);
    let seen: Vec<String> = played.scenario.steps[before..]
        .iter()
        .map(|step| match &step.action {
            Action::Segment(Segment { seq: Seq::At(seq), .. }) => format!("{seq}:{}", seq + 10),
            Action::Wait => "wait".to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(seen.join(" "), expected.trim_end_matches(" wait"));
    assert_eq!(played.scenario.steps.iter().map(|step| step.after_us).sum::<u64>(), all);
}

#[test]
fn what_is_no_script_is_refused() {
    let mut steps = passive();
    steps.push(Step::now(Segment { options: vec![Opt::Nop], ..data(Seq::At(1)) }));
    let config = builtin(IpVersion::Ipv4, 1);
    let refused = play(&Scenario::of(steps), &config, &StackLaunch, Sampling::NONE).unwrap_err();
    assert_eq!(refused[0].code, "parse::options-padding");
    assert_eq!(texts(&played(passive())).len(), 3);
}

#[test]
fn numbers_become_relations_and_numbers_again() {
    let mut steps = passive();
    steps.push(Step::now(Call::Write { slot: Slot(1), len: 100 }));
    steps.push(Step::now(data(Seq::Next(0))));
    steps.push(Step::now(data(Seq::RcvNxt(30))));
    let ack = Segment { conn: 1, ack: Some(Ack::SndUna(50)), ..Segment::new(flag::ACK) };
    steps.push(Step::after(50_000, ack));
    steps.push(Step::now(Segment { conn: 1, seq: Seq::RightEdge(1), ..Segment::new(flag::ACK) }));
    let numbers = played(steps).scenario;
    let config = builtin(IpVersion::Ipv4, 1);
    let relations = relative(&numbers, &config, &StackLaunch).unwrap();
    let absolute = relations.steps.iter().filter(|step| match &step.action {
        Action::Segment(s) => matches!(s.seq, Seq::At(_)) || matches!(s.ack, Some(Ack::At(_))),
        _ => false,
    });
    assert_eq!(absolute.count(), 1, "the SYN: {relations:?}");
    assert_eq!(played(relations.steps).scenario, numbers);
}
