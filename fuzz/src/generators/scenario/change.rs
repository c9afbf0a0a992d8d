//! One scenario to another: steps come, go, move and repeat, and single fields change.

use synproof_harness::scenario::{Action, Call, Scenario, Segment, Seq, Slot, Step};

use super::{FAMILIES, Profile, opening, pieces, scenario};
use crate::Seeded;
use crate::oracles::scenario::{read, write};

/// Most steps.
const MOST: usize = 24;

/// Changes stored scenarios for [`Profile::Storm`].
#[must_use]
pub fn storm(bytes: &[u8], max: usize, seed: u64) -> Vec<u8> {
    stored(Profile::Storm, bytes, max, seed)
}

/// Changes stored scenarios for [`Profile::Api`].
#[must_use]
pub fn api(bytes: &[u8], max: usize, seed: u64) -> Vec<u8> {
    stored(Profile::Api, bytes, max, seed)
}

/// What is no scenario becomes a new one.
fn stored(profile: Profile, bytes: &[u8], max: usize, seed: u64) -> Vec<u8> {
    let mut seeded = Seeded::new(seed);
    let mut changed = match read(bytes).filter(|scenario| !scenario.steps.is_empty()) {
        Some(scenario) => scenario,
        None => scenario(profile, &mut seeded),
    };
    for _ in 0..1 + seeded.below(4) {
        change(profile, &mut changed, &mut seeded);
    }
    loop {
        let bytes = write(changed.clone());
        if bytes.len() <= max || changed.steps.len() <= 1 {
            return bytes;
        }
        changed.steps.truncate(changed.steps.len() / 2);
    }
}

/// Makes one change.
pub fn change(profile: Profile, scenario: &mut Scenario, seeded: &mut Seeded) {
    let len = scenario.steps.len();
    let at = seeded.below(len);
    match seeded.below(20) {
        0..6 if len < MOST => {
            let place = if seeded.one_in(2) { len } else { at };
            scenario.steps.insert(place, pieces::step(profile, seeded));
        }
        6 if len > 1 => {
            scenario.steps.remove(at);
        }
        7 if len < MOST => {
            if let Some(step) = scenario.steps.get(at).cloned() {
                let place = if seeded.one_in(2) { len } else { at };
                scenario.steps.insert(place, step);
            }
        }
        15 => flood(scenario, at, seeded),
        8 if len > 1 => scenario.steps.swap(at, seeded.below(len)),
        9 => scenario.family = *seeded.pick(&FAMILIES).unwrap_or(&scenario.family),
        10 => change_sysctls(scenario, seeded),
        11 => reopen(scenario, seeded),
        12 => scenario.steps.truncate(1 + at),
        13 | 14 => {
            if let Some(step) = scenario.steps.get_mut(at) {
                step.after_us = if seeded.one_in(3) { 0 } else { pieces::time(seeded) };
            }
        }
        _ => {
            if let Some(step) = scenario.steps.get_mut(at) {
                change_step(profile, step, seeded);
            }
        }
    }
}

/// The same step many times, at once; data in order, or with a gap before each.
fn flood(scenario: &mut Scenario, at: usize, seeded: &mut Seeded) {
    let Some(step) = scenario.steps.get(at).cloned() else { return };
    let room = MOST.saturating_sub(scenario.steps.len());
    let count = seeded.below(25).min(room);
    let scatter = seeded.one_in(2);
    let copy = |number: i32| {
        let mut again = Step { after_us: 0, ..step.clone() };
        if let Action::Segment(segment) = &mut again.action
            && scatter
        {
            segment.seq = Seq::Next(number * (i32::from(segment.payload) + 1));
        }
        again
    };
    scenario.steps.splice(at + 1..at + 1, (1..).take(count).map(copy));
}

fn change_sysctls(scenario: &mut Scenario, seeded: &mut Seeded) {
    if scenario.sysctls.len() < 4
        && let Some(sysctl) = pieces::sysctl(seeded)
    {
        scenario.sysctls.push(sysctl);
    } else {
        scenario.sysctls.clear();
    }
}

/// Another way to another state, in front of what followed the old one.
fn reopen(scenario: &mut Scenario, seeded: &mut Seeded) {
    let is_opening = |step: &Step| match &step.action {
        Action::Call(call) => !matches!(call, Call::Write { .. } | Call::Read { .. }),
        Action::Segment(_) => true,
        Action::Icmp(_) | Action::Link(_) | Action::Wait | Action::Verbatim(_) => false,
    };
    let most = seeded.below(6);
    let skip = scenario.steps.iter().take(most).take_while(|step| is_opening(step)).count();
    let rest = scenario.steps.split_off(skip);
    scenario.steps = opening::opening(seeded);
    scenario.steps.extend(rest);
    scenario.steps.truncate(MOST);
}

fn change_step(profile: Profile, step: &mut Step, seeded: &mut Seeded) {
    match &mut step.action {
        Action::Segment(segment) => change_segment(segment, seeded),
        Action::Call(call) if seeded.one_in(2) => change_call(call, seeded),
        Action::Call(call) => *call = pieces::call(seeded),
        Action::Icmp(error) => *error = pieces::icmp(seeded),
        Action::Link(event) => *event = pieces::link(seeded),
        Action::Wait | Action::Verbatim(_) => *step = pieces::step(profile, seeded),
    }
}

fn change_segment(segment: &mut Segment, seeded: &mut Seeded) {
    match seeded.below(12) {
        0 | 1 => segment.flags = pieces::flags(seeded),
        2 => segment.flags ^= 1 << seeded.below(9),
        3 | 4 => segment.seq = pieces::seq(seeded),
        5 | 6 => segment.ack = Some(pieces::ack(seeded)),
        7 => segment.window = pieces::window(seeded),
        8 => segment.payload = pieces::payload(seeded),
        9 => segment.options = pieces::options(segment.flags, seeded),
        10 => segment.urgent = pieces::payload(seeded),
        _ if seeded.one_in(2) => segment.tos = seeded.bits().to_le_bytes()[0] & 3,
        _ if segment.malform.is_empty() => segment.malform = vec![pieces::malform(seeded)],
        _ => segment.malform.clear(),
    }
}

/// The same call with another number in it.
fn change_call(call: &mut Call, seeded: &mut Seeded) {
    let other = pieces::int(seeded);
    match call {
        Call::Write { len, .. }
        | Call::Read { len, .. }
        | Call::Send { len, .. }
        | Call::Recv { len, .. }
        | Call::SendTo { len, .. } => *len = u32::from(pieces::payload(seeded)),
        Call::SetOption { value, .. } => *value = other,
        Call::Listen { backlog, .. } => *backlog = other,
        Call::Linger { on, seconds, .. } => {
            *on = !*on;
            *seconds = u16::try_from(other).unwrap_or(0);
        }
        Call::Accept { child, .. } => *child = Slot(1 + u8::try_from(seeded.below(3)).unwrap_or(0)),
        Call::Socket { .. }
        | Call::NonBlocking { .. }
        | Call::Bind { .. }
        | Call::Connect { .. }
        | Call::Disconnect { .. }
        | Call::Shutdown { .. }
        | Call::Close { .. }
        | Call::GetOption { .. } => *call = pieces::call(seeded),
    }
}
