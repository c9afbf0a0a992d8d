//! `script`: a scenario played on the stack by the engine, and written as the script that does the
//! same: concrete numbers, no link events.

use std::path::Path;

use synproof_fuzz::oracles::differential;
use synproof_fuzz::oracles::scenario::read as scenario_of;
use synproof_harness::config::builtin;
use synproof_harness::scenario::{Family, play};
use synproof_harness::target::stack::StackLaunch;
use synproof_harness::target::{IpVersion, Sampling};

use super::check::read;
use super::{Answer, say};

pub(super) fn script(path: &Path, target: Option<&str>) -> Answer {
    let scenario =
        scenario_of(&read(path)?).ok_or_else(|| format!("{}: not a scenario", path.display()))?;
    let scenario = match target {
        Some("differential") => differential::bounded(scenario),
        Some(_) | None => scenario,
    };
    let ip = match scenario.family {
        Family::V4 => IpVersion::Ipv4,
        Family::V6 => IpVersion::Ipv6,
        Family::Mapped => IpVersion::Ipv4Mapped,
    };
    let config = builtin(ip, 1);
    let played = play(&scenario, &config, &StackLaunch::default(), Sampling::NONE).map_err(
        |diagnostics| {
            let messages: Vec<_> = diagnostics.iter().map(|found| found.message.as_str()).collect();
            format!("{}: {}", path.display(), messages.join("; "))
        },
    )?;
    say(played.text().trim_end());
    Ok(true)
}
