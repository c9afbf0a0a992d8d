//! The differences that are allowed, by name: `specs/divergences/rules.toml` says of each where it
//! comes from and why, the code knows what it means.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::profile::SPECS;
use crate::target::{Clock, TargetInfo};

/// A rule that the code can apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "rules.toml says what each is")]
pub enum RuleName {
    Isn,
    EphemeralPort,
    TimestampBase,
    TimestampPhase,
    IpId,
    FlowLabel,
    CallTime,
    TimerRounding,
    TsoSegmentation,
    AckCoalescing,
    AutotunedWindow,
    MeasuredTime,
    RealClock,
    FastopenCookie,
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What `rules.toml` says of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Which.
    pub name: RuleName,
    /// Applied unless it is switched off.
    pub default: bool,
    /// Section of an RFC, function of Linux.
    pub source: String,
    /// Why it is no difference of behaviour.
    pub reason: String,
}

/// What is wrong with rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The embedded file.
    #[error("specs/divergences/rules.toml: {0}")]
    File(String),
    /// `--with-rule`, `--without-rule`.
    #[error("there is no rule `{name}` (there are {known})")]
    Unknown {
        /// As given.
        name: String,
        /// All names.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<RuleText>,
}

/// Every rule, in the order of the file.
///
/// # Errors
/// The embedded file is not of the right shape.
pub fn rule_texts() -> Result<Vec<RuleText>, RuleError> {
    let text = SPECS.get_file("divergences/rules.toml").and_then(|file| file.contents_utf8());
    let file: File = toml::from_str(text.unwrap_or_default())
        .map_err(|error| RuleError::File(error.to_string()))?;
    Ok(file.rule)
}

/// Which differences a comparison allows, and how exact the clocks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    on: BTreeMap<RuleName, bool>,
    /// Ticks of both sides together, in microseconds.
    ticks_us: i64,
    /// One side runs on the machine's clock.
    real: bool,
}

impl Rules {
    /// The rules of the file as they are by default, for a comparison of these two targets.
    ///
    /// # Errors
    /// The embedded file is not of the right shape.
    pub fn between(left: &TargetInfo, right: &TargetInfo) -> Result<Self, RuleError> {
        let on = rule_texts()?.into_iter().map(|rule| (rule.name, rule.default)).collect();
        let tick = |clock: Clock| match clock {
            Clock::Virtual { tick_us }
            | Clock::TimeTravel { tick_us }
            | Clock::Real { tick_us } => tick_us,
        };
        let ticks_us = tick(left.clock).saturating_add(tick(right.clock));
        let real = !left.clock.is_virtual() || !right.clock.is_virtual();
        Ok(Self { on, ticks_us, real })
    }

    /// Switches the rule called `name`.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn switch(&mut self, name: &str, on: bool) -> Result<(), RuleError> {
        let known = self.on.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let rule = self.on.iter_mut().find(|(rule, _)| rule.to_string() == name);
        let (_, state) = rule.ok_or_else(|| RuleError::Unknown { name: name.to_owned(), known })?;
        *state = on;
        Ok(())
    }

    /// Whether `rule` is on.
    #[must_use]
    pub fn has(&self, rule: RuleName) -> bool {
        self.on.get(&rule).copied().unwrap_or_default()
    }

    /// One side runs on the machine's clock.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.real
    }

    /// Ticks of both sides together, in microseconds.
    pub(super) fn ticks_us(&self) -> u64 {
        u64::try_from(self.ticks_us).unwrap_or_default()
    }

    /// How far apart two moments may be that are about `after_us` after the last thing the script
    /// did, and by which rule.
    pub(super) fn allowed_us(&self, after_us: i64) -> Vec<(RuleName, i64)> {
        /// What the machine's scheduler may take.
        const JITTER_US: i64 = 30_000;
        /// What a kernel's clock may go on while a script does one thing at one moment.
        const CALL_US: i64 = 100;
        let mut allowed = Vec::new();
        if self.has(RuleName::CallTime) {
            allowed.push((RuleName::CallTime, CALL_US));
        }
        if self.has(RuleName::TimerRounding) {
            // The wheel of each kernel may be late by an eighth (LVL_CLK_SHIFT).
            let wheel = after_us.max(0) / 8;
            allowed.push((RuleName::TimerRounding, self.ticks_us.saturating_add(wheel)));
        }
        if self.real && self.has(RuleName::RealClock) {
            let wheel = after_us.max(0) / 8;
            allowed.push((RuleName::RealClock, JITTER_US.saturating_add(self.ticks_us + wheel)));
        }
        allowed
    }
}

#[cfg(test)]
mod tests;
