//! A story in its stored form: two stacks over an adversarial link. The byte streams are equal, both
//! sides end, in bounded virtual time, and nothing is left.

use synproof_rig::story::{Play, Story};

use crate::Verdict;

/// Most bytes that a program sends: longer transfers say little more, and take long.
const MOST_BYTES: usize = 12_000;
/// Most datagrams whose fate a story decides.
pub const MOST_FATES: usize = 64;

/// JSON of a story; [`Verdict::Rejected`] for other bytes. What is broken panics. `TELL=1` in the environment tells
/// every datagram on standard error.
pub fn check(bytes: &[u8]) -> Verdict {
    let Ok(story) = serde_json::from_slice::<Story>(bytes) else { return Verdict::Rejected };
    let mut play = Play::new(bounded(story), std::env::var_os("TELL").is_some());
    play.run();
    play.check();
    Verdict::Holds
}

/// The same within bounds, and without what a story must not have.
#[must_use]
pub fn bounded(mut story: Story) -> Story {
    for plan in &mut story.programs {
        plan.bytes = plan.bytes.min(MOST_BYTES);
        plan.read_at_once = plan.read_at_once.max(100);
        plan.write_at_once = plan.write_at_once.max(100);
        plan.pause_us = plan.pause_us.min(3_000_000);
        plan.mtu = plan.mtu.clamp(1280, 9000);
    }
    let weather = &mut story.weather;
    weather.loss = weather.loss.min(200);
    weather.duplication = weather.duplication.min(100);
    weather.corruption = weather.corruption.min(50);
    weather.delay_us = weather.delay_us.min(200_000);
    weather.jitter_us = weather.jitter_us.min(50_000);
    story.fates.truncate(MOST_FATES);
    story.mend();
    story
}
