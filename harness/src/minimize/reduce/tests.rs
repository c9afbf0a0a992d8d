use super::*;
use crate::explore::cases::Cases as _;
use crate::explore::{Swarm, Systematic};
use crate::packet::flag;
use crate::scenario::{Action, Call};

fn is_fin(step: &Step) -> bool {
    matches!(&step.action, Action::Segment(segment) if segment.flags & flag::FIN != 0)
}

fn is_close(step: &Step) -> bool {
    matches!(&step.action, Action::Call(Call::Close { .. }))
}

/// Whatever else is in a scenario, what it is about is left, and nothing else.
#[test]
fn only_what_is_needed_is_left() {
    let mut reduced = 0;
    for number in 0..300 {
        let scenario = Swarm::new(1).case(number).unwrap().scenario;
        let mut still = |candidate: &Scenario| {
            let close = candidate.steps.iter().position(is_close);
            let fin = candidate.steps.iter().rposition(is_fin);
            close.is_some_and(|close| fin.is_some_and(|fin| close < fin))
        };
        if !still(&scenario) {
            continue;
        }
        let small = reduce(&scenario, &mut still);
        assert_eq!(small.steps.len(), 2, "{small:?}");
        assert!(small.steps.iter().all(|step| step.after_us == 0));
        assert!(small.sysctls.is_empty() && small.family == Family::V4);
        let Action::Segment(fin) = &small.steps[1].action else { panic!("{small:?}") };
        // A segment without ACK is no simpler than one with it.
        let flags = fin.flags & !flag::ACK;
        assert_eq!((flags, fin.payload, fin.options.len()), (flag::FIN, 0, 0), "{fin:?}");
        reduced += 1;
    }
    assert!(reduced > 20);
}

/// Every candidate is simpler by one measure, so reducing ends, also where everything still shows it.
#[test]
fn it_ends_wherever_it_starts() {
    let cases = Systematic::new(2);
    for number in (0..cases.count().unwrap()).step_by(997) {
        let scenario = cases.case(number).unwrap().scenario;
        let mut tries = 0;
        let small = reduce(&scenario, &mut |_| {
            tries += 1;
            true
        });
        assert!(small.steps.is_empty() && tries < 10, "{tries}");
        // Nothing can be taken away, everything can be made simpler.
        let count = scenario.steps.len();
        let mut tries = 0;
        reduce(&scenario, &mut |candidate: &Scenario| {
            tries += 1;
            candidate.steps.len() == count
        });
        assert!(tries < 5_000, "{tries}");
    }
}
