//! One scenario on every target.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::config::{self, CliOptions, Config};
use crate::diff::{
    Class, Divergence, KnownError, Recorded, RuleError, Rules, Verdict, compare, known, recorded,
};
use crate::engine::outcome::{Class as FailureClass, Failure, Outcome};
use crate::engine::{Mode, Run};
use crate::executor::{Executor, Job, Venue, Worker};
use crate::profile::{self, ProfileError};
use crate::scenario::{Family, Played, Scenario, play, relative};
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::source::SourceFile;
use crate::script::{self, Defines};
use crate::target::registry::{RegistryError, launcher};
use crate::target::{IpVersion, Launch, Sampling, TargetError, TargetInfo};

/// The target that numbers are found on, and that needs not be asked twice.
const REFERENCE: &str = "stack";

/// Targets that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SidesError {
    /// One of them.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What a target says about itself.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// There is none.
    #[error("no target")]
    None,
    /// The differences that are allowed.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The differences that are recorded.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// The profile of scenarios.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Its options.
    #[error("the profile of scenarios is wrong: {0}")]
    Options(String),
}

/// The targets of a campaign, and how scenarios run on them.
pub struct Sides {
    names: Vec<String>,
    infos: Vec<TargetInfo>,
    recorded: Vec<Recorded>,
    /// For the first target with each of the others.
    rules: Vec<Rules>,
    venues: Vec<Venue>,
    reference: Box<dyn Launch>,
    configs: BTreeMap<Family, Config>,
    sampling: Sampling,
}

impl std::fmt::Debug for Sides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sides").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Sides {
    /// The targets `names`, of which there is at least one, under the options of `profile`.
    ///
    /// # Errors
    /// See [`SidesError`].
    pub fn open(
        names: &[String],
        profile: &str,
        seed: u64,
        watchdog: Duration,
    ) -> Result<Self, SidesError> {
        let mut venues = Vec::new();
        let mut infos = Vec::new();
        for name in names {
            let venue = Venue::open(name, watchdog)?;
            infos.push(venue.executor().info()?);
            venues.push(venue);
        }
        let (first, others) = infos.split_first().ok_or(SidesError::None)?;
        let rules = others.iter().map(|other| Rules::between(first, other));
        Ok(Self {
            names: names.to_vec(),
            rules: rules.collect::<Result<_, _>>()?,
            infos,
            recorded: recorded()?,
            venues,
            reference: launcher(REFERENCE)?,
            configs: configs(profile, seed)?,
            // What is not compared with another target need not be looked at.
            sampling: if names.len() > 1 { Sampling::ALL } else { Sampling::NONE },
        })
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Their names with their versions.
    #[must_use]
    pub fn versions(&self) -> Vec<String> {
        self.infos.iter().map(|info| format!("{} {}", info.name, info.version)).collect()
    }

    /// The recorded difference between the first target and number `other` that `class` is, in a
    /// scenario that goes by the name of `path`.
    #[must_use]
    pub fn known(
        &self,
        other: usize,
        (path, family): (&str, Family),
        class: &Class,
    ) -> Option<&Recorded> {
        let (left, right) = (self.infos.first()?, self.infos.get(other)?);
        known(&self.recorded, (left, right), (path, family.ip_version()), class)
    }

    /// What carries out runs on each target but the reference, for [`Crew::new`].
    #[must_use]
    pub fn executors(&self) -> Vec<Option<Box<dyn Executor + '_>>> {
        let targets = self.venues.iter().zip(&self.names);
        targets.map(|(venue, name)| (name != REFERENCE).then(|| venue.executor())).collect()
    }

    /// How the first target and another differ, the earliest in the order of the targets.
    #[must_use]
    pub fn compare(&self, runs: &[Run]) -> Comparisons {
        let Some((first, others)) = runs.split_first() else { return Comparisons::Agree };
        let mut incomparable = None;
        for (at, (other, rules)) in others.iter().zip(&self.rules).enumerate() {
            match compare(&first.log, &other.log, rules).verdict {
                Verdict::Agree => {}
                Verdict::Differ(divergence) => return Comparisons::Differ(at + 1, divergence),
                Verdict::Incomparable(why) => incomparable = incomparable.or(Some(why)),
            }
        }
        incomparable.map_or(Comparisons::Agree, Comparisons::Incomparable)
    }

    /// `scenario` relative to live state, as far as it can be.
    ///
    /// # Errors
    /// It is no script.
    pub fn relative(&self, scenario: &Scenario) -> Result<Scenario, Vec<Diagnostic>> {
        let Some(config) = self.config(scenario.family) else { return Err(Vec::new()) };
        relative(scenario, config, self.reference.as_ref())
    }

    /// What comes of a script, which is judged, on target number `side`.
    ///
    /// # Errors
    /// It is no script.
    pub fn judge(
        &self,
        side: usize,
        text: &str,
        family: Family,
    ) -> Result<Outcome, Vec<Diagnostic>> {
        let (Some(config), Some(venue)) = (self.config(family), self.venues.get(side)) else {
            return Err(Vec::new());
        };
        let defines = Defines::new();
        let (script, found) = script::parse(&SourceFile::new("<script>", text), &defines);
        if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(found);
        }
        let job = Job { script: &script, defines: &defines, config, mode: Mode::Judge };
        Ok(venue.executor().worker().run(&job).outcome)
    }

    fn config(&self, family: Family) -> Option<&Config> {
        self.configs.get(&family)
    }
}

/// The profile that scenarios are played with unless another is named.
pub const PROFILE: &str = "synproof";

/// The configuration of scenarios, which a script of the profile `synproof` has too.
fn configs(profile: &str, seed: u64) -> Result<BTreeMap<Family, Config>, SidesError> {
    let profile = profile::load(profile, Path::new("."))?;
    let mut cli = CliOptions::default();
    cli.seed = seed;
    let families = [Family::V4, Family::V6, Family::Mapped];
    let (empty, _) = script::parse(&SourceFile::new("<scenario>", "0 `true`\n"), &Defines::new());
    families
        .into_iter()
        .map(|family| {
            let ip: IpVersion = family.ip_version();
            let mut config = config::resolve(&empty, &profile, ip, &cli).map_err(|found| {
                SidesError::Options(found.first().map(|d| d.message.clone()).unwrap_or_default())
            })?;
            config.tcp_ts_ecr_scaled = true;
            Ok((family, config))
        })
        .collect()
}

/// What one thread plays scenarios with: a worker for each target.
pub struct Crew<'a> {
    sides: &'a Sides,
    workers: Vec<Option<Box<dyn Worker + 'a>>>,
}

/// How targets compare in one scenario.
#[derive(Clone, Debug)]
pub enum Comparisons {
    /// They agree, or there is only one.
    Agree,
    /// The first differs from the one with this number.
    Differ(usize, Box<Divergence>),
    /// For this reason they cannot be compared.
    Incomparable(String),
}

/// A scenario on every target.
#[derive(Debug)]
pub struct Performance {
    /// In numbers, as all targets had it.
    pub played: Played,
    /// What was seen on each, in the order of the targets.
    pub runs: Vec<Run>,
}

impl Performance {
    /// The target, by its place among them, that did not survive the scenario.
    #[must_use]
    pub fn lost(&self) -> Option<(usize, &Failure)> {
        self.runs.iter().enumerate().find_map(|(at, run)| match &run.outcome {
            Outcome::Error(failure) if failure.class == FailureClass::Lost => {
                Some((at, failure.as_ref()))
            }
            Outcome::Error(_) | Outcome::Pass { .. } | Outcome::Fail(_) | Outcome::Skip { .. } => {
                None
            }
        })
    }

    /// Why the runs cannot be compared, if they cannot: one of them did not come to its end.
    #[must_use]
    pub fn spoilt(&self) -> Option<String> {
        self.runs.iter().find_map(|run| match &run.outcome {
            Outcome::Pass { .. } => None,
            Outcome::Fail(failure) | Outcome::Error(failure) => Some(failure.message.clone()),
            Outcome::Skip { reason, .. } => Some(reason.clone()),
        })
    }
}

impl<'a> Crew<'a> {
    /// For one thread; guests start with their first scenario.
    #[must_use]
    pub fn new(sides: &'a Sides, executors: &'a [Option<Box<dyn Executor + 'a>>]) -> Self {
        let workers = executors.iter().map(|executor| Some(executor.as_ref()?.worker())).collect();
        Self { sides, workers }
    }

    /// Plays `scenario` on every target.
    ///
    /// # Errors
    /// It is no script.
    pub fn play(&mut self, scenario: &Scenario) -> Result<Performance, Vec<Diagnostic>> {
        let Some(config) = self.sides.config(scenario.family) else { return Err(Vec::new()) };
        let sampling = self.sides.sampling;
        let mut played = play(scenario, config, self.sides.reference.as_ref(), sampling)?;
        let reference = std::mem::replace(&mut played.run, Run::nothing());
        let script = self.workers.iter().any(Option::is_some).then(|| {
            let source = SourceFile::new("<scenario>", played.text());
            script::parse(&source, &Defines::new()).0
        });
        let (defines, mode) = (Defines::new(), Mode::Observe(sampling));
        let runs = self.workers.iter_mut().map(|worker| match (worker, &script) {
            (Some(worker), Some(script)) => {
                worker.run(&Job { script, defines: &defines, config, mode })
            }
            (Some(_) | None, _) => reference.clone(),
        });
        Ok(Performance { runs: runs.collect(), played })
    }
}
