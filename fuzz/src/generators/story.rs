//! A seed to a story, and a story to another: parts of a second one take the place of its own, and
//! single datagrams get other fates.

use synproof_rig::story::{Fate, Plan, Story};

use crate::Seeded;
use crate::oracles::two_peers::{MOST_FATES, bounded};

/// A story in its stored form.
#[must_use]
pub fn generate(seeded: &mut Seeded) -> Vec<u8> {
    write(&fresh(seeded))
}

fn fresh(seeded: &mut Seeded) -> Story {
    bounded(Story::of(seeded.bits() >> 2))
}

fn write(story: &Story) -> Vec<u8> {
    serde_json::to_vec(story).unwrap_or_default()
}

/// Changes a stored story; what is none becomes a new one.
#[must_use]
pub fn change(bytes: &[u8], max: usize, seed: u64) -> Vec<u8> {
    let mut seeded = Seeded::new(seed);
    let Ok(mut story) = serde_json::from_slice::<Story>(bytes) else {
        return generate(&mut seeded);
    };
    for _ in 0..1 + seeded.below(3) {
        let other = fresh(&mut seeded);
        match seeded.below(8) {
            0 => story.weather = other.weather,
            1 => story.seed = other.seed,
            2 => story.v6 = other.v6,
            3 => story.simultaneous = other.simultaneous,
            4 | 5 => change_plan(&mut story, other, &mut seeded),
            _ => change_fates(&mut story.fates, &mut seeded),
        }
    }
    let changed = write(&bounded(story));
    if changed.len() <= max { changed } else { bytes.to_vec() }
}

fn change_plan(story: &mut Story, other: Story, seeded: &mut Seeded) {
    let which = seeded.below(2);
    let plans = story.programs.iter_mut().zip(other.programs).nth(which);
    let Some((plan, other)) = plans else { return };
    let Plan { sysctls, options, bytes, ending, pause_us, .. } = other;
    match seeded.below(8) {
        0 => plan.sysctls = sysctls,
        1 => plan.options = options,
        2 => plan.bytes = bytes,
        3 => plan.ending = ending,
        4 => plan.pause_us = pause_us,
        5 => plan.urgent = !plan.urgent,
        6 => plan.flags = !plan.flags,
        _ => {
            // One knob of the other's.
            let at = seeded.below(sysctls.len());
            if let Some((name, value)) = sysctls.into_iter().nth(at) {
                plan.sysctls.retain(|(known, _)| *known != name);
                plan.sysctls.push((name, value));
            }
        }
    }
}

fn change_fates(fates: &mut Vec<Fate>, seeded: &mut Seeded) {
    const FATES: [Fate; 6] = [
        Fate::Arrive,
        Fate::Lose,
        Fate::Lose,
        Fate::Duplicate,
        Fate::Delay(300_000),
        Fate::Corrupt,
    ];
    let fate = *seeded.pick(&FATES).unwrap_or(&Fate::Lose);
    let at = seeded.below(fates.len() + 4).min(MOST_FATES - 1);
    if fates.len() <= at {
        fates.resize(at + 1, Fate::Arrive);
    }
    if let Some(place) = fates.get_mut(at) {
        *place = fate;
    }
}
