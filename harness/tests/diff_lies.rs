//! Comparison can fail: a target that lies is told from the same target that does not, in every
//! script that the lie shows in, and by the class of what it lies about.
#![cfg(feature = "target-stack")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use rstest::rstest;
use synproof_harness::config::CliOptions;
use synproof_harness::diff::{Class, Rules, Verdict};
use synproof_harness::executor::{Executor as _, InProcess};
use synproof_harness::runner::{
    ArtifactError, DiffContext, DiffEvent, Filter, Jobs, Plan, PlanOptions, Side,
    discover_embedded, plan, run_differential,
};
use synproof_harness::target::wrap::{Fault, Faulty};
use synproof_harness::target::{IpVersion, Launch, registry::launcher};

/// The class of the first difference between a side of each launcher, over one script.
fn difference(left: &dyn Launch, right: &dyn Launch, plan: Plan) -> Option<Class> {
    let cli = CliOptions::default();
    let side = |launch| {
        let executor = Box::new(InProcess::new(launch));
        let info = executor.info().unwrap();
        Side { executor, info, plan: plan.clone() }
    };
    let sides = vec![side(left), side(right)];
    let rules = vec![Rules::between(&sides[0].info, &sides[1].info).unwrap()];
    let (recorded, divergences) = (Vec::new(), Vec::new());
    let context = DiffContext {
        sides,
        rules,
        recorded,
        divergences,
        cli: &cli,
        artifacts: None,
        judge: false,
    };
    let mut class = None;
    let stop = AtomicBool::new(false);
    let told =
        run_differential::<ArtifactError>(&context, Jobs(NonZeroUsize::MIN), &stop, &mut |event| {
            if let DiffEvent::Finished(result) = event
                && let Verdict::Differ(divergence) = &result.pairs[0].comparison.verdict
            {
                class = Some(divergence.class.clone());
            }
            Ok(())
        });
    told.unwrap();
    class
}

/// Some scripts of the embedded suite over IPv4, each as a plan of its own.
fn scripts(launch: &dyn Launch) -> Vec<Plan> {
    let filters = ["scripts/close/", "scripts/open/"].map(Filter::new).to_vec();
    let ips = Some(vec![IpVersion::Ipv4]);
    let options = PlanOptions { filters, ips, ..PlanOptions::default() };
    let all = plan(&discover_embedded(), &options, &launch.info().unwrap()).unwrap();
    assert!(all.cases.len() > 40, "{}", all.cases.len());
    all.cases.into_iter().map(|case| Plan { cases: vec![case], ..Plan::default() }).collect()
}

#[test]
fn a_target_agrees_with_itself() {
    let stack = launcher("stack").unwrap();
    for plan in scripts(stack.as_ref()) {
        let name = plan.cases[0].id.name().to_owned();
        assert_eq!(difference(stack.as_ref(), stack.as_ref(), plan), None, "{name}");
    }
}

/// A lie shows as one of these rules, and in this field or as this kind of packet. A wrong number of
/// socket() shows in what is asked of it, and a wrong state wherever a state is asked for.
#[rstest]
#[case(Fault::AckOffByOne, &["packet"], &["ack"])]
#[case(Fault::SeqOffByOne, &["packet"], &["seq"])]
#[case(Fault::RstSwallowed, &["left-only"], &["rst"])]
#[case(Fault::FinSwallowed, &["left-only"], &["fin"])]
#[case(Fault::OptionDropped, &["packet"], &["options"])]
#[case(Fault::WrongTsEcr, &["packet"], &["tsecr"])]
#[case(Fault::Duplicated, &["right-only"], &["syn", "syn-ack", "ack", "rst", "fin", "data"])]
#[case(Fault::PayloadShort, &["packet"], &["len"])]
#[case(Fault::PshFlipped, &["packet"], &["flags"])]
#[case(Fault::UrgentPointer, &["packet"], &["urg"])]
#[case(Fault::Late50ms, &["timing"], &["syn", "syn-ack", "ack", "rst", "fin", "data"])]
#[case(Fault::WrongReturn, &["result", "readiness"], &[])]
#[case(Fault::WrongState, &["state", "tcp-info", "assertion"], &[])]
fn every_lie_is_a_difference_of_its_own_class(
    #[case] fault: Fault,
    #[case] rules: &[&str],
    #[case] fields: &[&str],
) {
    let honest = launcher("stack").unwrap();
    let (mut missed, mut others, mut found) = (Vec::new(), Vec::new(), 0);
    for plan in scripts(honest.as_ref()) {
        let name = plan.cases[0].id.name().to_owned();
        let liar = Faulty::new(honest.as_ref(), fault);
        let class = difference(honest.as_ref(), &liar, plan);
        let as_told = |class: &Class| {
            rules.contains(&class.rule.as_str())
                && (fields.is_empty() || fields.contains(&class.field.as_str()))
        };
        match class {
            _ if liar.struck() == 0 => {}
            None => missed.push(name),
            Some(class) if as_told(&class) => found += 1,
            Some(class) => others.push(format!("{name}: {class}")),
        }
    }
    assert_eq!(missed, Vec::<String>::new(), "{} went unnoticed", fault.name());
    assert!(found > others.len() * 9, "{found} as told, else {others:#?}");
}
