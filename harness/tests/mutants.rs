//! A test of exploration: rules of the stack are broken one by one, and each is found and made small.
#![cfg(feature = "mutants")]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use synproof_harness::explore::sides::Crew;
use synproof_harness::explore::{Campaign, Progress, Sides, Systematic};
use synproof_harness::minimize::{minimize, story};
use synproof_harness::script::ast::{Direction, EventKind};
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{self, Defines};
use synproof_stack::Mutant;

/// As many as a script may have that people read at a glance.
const EVENTS: usize = 8;

/// The rules that are broken: some of each kind of segment, call and timer. What all of them do to
/// the scripts is the business of `cargo xtask mutants`; this is about exploration.
const BROKEN: [Mutant; 10] = [
    Mutant::NoChallengeAck,
    Mutant::RstInWindow,
    Mutant::SynResets,
    Mutant::FinNotAcked,
    Mutant::PawsWindow,
    Mutant::TimeWait30s,
    Mutant::ListenAckMute,
    Mutant::UnreadCloseFin,
    Mutant::OrphanTakesData,
    Mutant::NoBackoff,
];

/// What the script does to the target: everything but what it expects, and the time it lets pass.
fn stimuli(text: &str) -> usize {
    let (script, found) = script::parse(&SourceFile::new("<small>", text), &Defines::new());
    assert!(found.is_empty(), "{text}\n{found:?}");
    let does = |kind: &EventKind| match kind {
        EventKind::Packet(packet) => packet.direction.node == Direction::Inbound,
        EventKind::Syscall(_) => true,
        // Scenarios call no command but `true`, which marks a time.
        EventKind::Command(_) | EventKind::State(_) | EventKind::Code(_) => false,
    };
    script.events.iter().filter(|event| does(&event.kind)).count()
}

#[test]
fn what_is_broken_is_found_and_made_small() {
    let mut told = Vec::new();
    for mutant in BROKEN {
        let started = Instant::now();
        let name = format!("stack:{}", mutant.name());
        let sides =
            Sides::open(&[name.clone(), "stack".into()], "synproof", 1, Duration::from_secs(60));
        let sides = sides.unwrap();
        let cases = Systematic::new(1);
        let jobs = NonZeroUsize::new(2).unwrap();
        let campaign = Campaign { cases: &cases, sides: &sides, jobs, dir: None, budget: None };
        let stop = AtomicBool::new(false);
        let mut tell = |progress: Progress| stop.store(progress.classes > 0, Ordering::Relaxed);
        let report = campaign.run(&stop, &mut tell).unwrap();
        let found = report.differences.first();
        let found = found.unwrap_or_else(|| panic!("{} is not found", mutant.name()));
        let after = started.elapsed();
        let executors = sides.executors();
        let mut crew = Crew::new(&sides, &executors);
        let small = minimize(&found.scenario, &sides, &mut crew, 5_000).unwrap();
        let script = story::script(&small, mutant.rule(), [&name, "stack"]);
        let events = stimuli(&script);
        told.push(format!(
            "{:18} {:5} cases, {:5.2} s; {events} events after {} tries, {:5.2} s",
            mutant.name(),
            report.progress.now,
            after.as_secs_f64(),
            small.tried,
            (started.elapsed() - after).as_secs_f64(),
        ));
        assert!(events <= EVENTS, "{events} events\n{script}\n{:#?}", small.scenario);
    }
    println!("{}", told.join("\n"));
}
