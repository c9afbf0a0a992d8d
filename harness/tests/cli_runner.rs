//! The runner with targets that fail on purpose: a panic, an environment that refuses, a stop.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use synproof_harness::cli::Exit;
use synproof_harness::config::CliOptions;
use synproof_harness::executor::InProcess;
use synproof_harness::runner::{
    ArtifactError, Context, Event, Jobs, Plan, PlanOptions, Summary, Verdict, discover, plan,
    run_plan,
};
use synproof_harness::target::{Clock, Launch, Setup, Target, TargetError, TargetInfo};

/// Panics for IPv6, refuses everything else.
struct Hostile;

impl Launch for Hostile {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        use synproof_harness::target::Capability;
        Ok(TargetInfo {
            name: "hostile".into(),
            version: "1".into(),
            clock: Clock::Virtual { tick_us: 1000 },
            capabilities: vec![Capability::Ipv4, Capability::Ipv6, Capability::Ipv4Mapped],
        })
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        assert!(!setup.ip_version.wire_is_v6(), "no such luck");
        Err(TargetError::Unavailable {
            what: "open /dev/net/tun".into(),
            why: "no".into(),
            fix: "ask".into(),
        })
    }
}

fn planned(scripts: usize) -> (tempfile::TempDir, Plan) {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..scripts {
        let text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";
        std::fs::write(dir.path().join(format!("{n:03}.pkt")), text).unwrap();
    }
    let found = discover(&[dir.path().to_path_buf()]).unwrap();
    let plan = plan(&found, &PlanOptions::default(), &Hostile.info().unwrap()).unwrap();
    (dir, plan)
}

fn run(
    plan: &Plan,
    jobs: usize,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(&Event<'_>) -> Result<(), ArtifactError>,
) -> Summary {
    let (info, cli) = (Hostile.info().unwrap(), CliOptions::default());
    let here = InProcess::new(&Hostile);
    let context = Context { executor: &here, info: &info, cli: &cli, artifacts: None, retries: 0 };
    run_plan(plan, &context, Jobs(NonZeroUsize::new(jobs).unwrap()), stop, tell).unwrap()
}

#[test]
fn a_panic_is_one_result_and_the_others_come() {
    let (_dir, plan) = planned(3);
    let mut seen = Vec::new();
    let summary = run(&plan, 2, &AtomicBool::new(false), &mut |event| {
        if let Event::Finished(result) = event {
            assert_eq!(result.verdict, Verdict::Error);
            seen.push((result.id.clone(), result.internal_bug));
            let said = if result.internal_bug { "no such luck" } else { "/dev/net/tun" };
            assert!(result.message.contains(said), "{}", result.message);
        }
        Ok(())
    });
    assert_eq!(seen.len(), 9);
    assert!(seen.is_sorted_by_key(|(id, _)| id.clone()));
    assert_eq!((summary.internal_bugs, summary.environment_errors), (3, 6));
    assert_eq!(Exit::of(&summary), Exit::InternalBug);
}

#[test]
fn a_stop_lets_running_scripts_finish_and_starts_no_other() {
    let (_dir, plan) = planned(20);
    let stop = AtomicBool::new(false);
    let mut started = 0;
    let summary = run(&plan, 1, &stop, &mut |event| {
        started += usize::from(matches!(event, Event::Started(_)));
        if matches!(event, Event::Planned { .. }) {
            stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    });
    assert_eq!(started, summary.finished(), "what was started has a result");
    assert!(summary.interrupted && summary.finished() < summary.planned);
    assert_eq!(Exit::of(&summary), Exit::Interrupted);
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run() {
    let (_dir, plan) = planned(20);
    let (info, cli) = (Hostile.info().unwrap(), CliOptions::default());
    let here = InProcess::new(&Hostile);
    let context = Context { executor: &here, info: &info, cli: &cli, artifacts: None, retries: 0 };
    let stop = AtomicBool::new(false);
    let jobs = Jobs(NonZeroUsize::MIN);
    let ended = run_plan(&plan, &context, jobs, &stop, &mut |event| match event {
        Event::Finished(_) => Err(ArtifactError {
            path: "full".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        }),
        Event::Planned { .. } | Event::Started(_) | Event::Summary(_) => Ok(()),
    });
    assert_eq!(ended.unwrap_err().path.to_str(), Some("full"));
}

#[test]
fn exit_codes_have_an_order() {
    let mut summary = Summary { planned: 3, ..Summary::default() };
    assert_eq!(Exit::of(&Summary::default()), Exit::NothingSelected);
    assert_eq!(Exit::of(&summary), Exit::Ok);
    let set = |summary: &mut Summary, verdict| {
        let at = Verdict::ALL.iter().position(|v| *v == verdict).unwrap();
        summary.counts[at] = 1;
    };
    set(&mut summary, Verdict::Xpass);
    assert_eq!(Exit::of(&summary), Exit::Stale);
    summary.environment_errors = 1;
    assert_eq!(Exit::of(&summary), Exit::Environment);
    summary.script_errors = 1;
    assert_eq!(Exit::of(&summary), Exit::Usage);
    set(&mut summary, Verdict::Fail);
    assert_eq!(Exit::of(&summary), Exit::Unexpected);
    summary.internal_bugs = 1;
    assert_eq!(Exit::of(&summary), Exit::InternalBug);
    summary.interrupted = true;
    assert_eq!(Exit::of(&summary).code(), 130);
}
