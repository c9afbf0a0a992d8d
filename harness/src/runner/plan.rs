//! Which scripts run, with which IP versions, under which profile, and what is expected of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::discover::Found;
use super::event::{Case, CaseId};
use super::expectation::{divergences, expectation};
use super::select::{Filter, Restriction, restriction};
use crate::config::{CliOptions, defines};
use crate::profile::{
    ExpectEntry, Profile, ProfileError, Project, ProjectError, find_project, load,
};
use crate::script::ast::Script;
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::{self};
use crate::target::{IpVersion, TargetInfo};

/// The profile when neither the command line nor a `synproof.toml` names one.
const FALLBACK_PROFILE: &str = "packetdrill";
/// The profile of the suite that is part of the binary.
const EMBEDDED_PROFILE: &str = "synproof";

/// The runs to be made, in order, and what was left out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order of their results.
    pub cases: Vec<Case>,
    /// Scripts that were found.
    pub found: usize,
    /// Scripts that a filter or the choice of IP versions left out.
    pub left_out: usize,
}

/// What chooses among scripts and IP versions.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// `--filter`, any of which may match; none selects all.
    pub filters: Vec<Filter>,
    /// `--ip`; none means what the profile says.
    pub ips: Option<Vec<IpVersion>>,
    /// `--profile`.
    pub profile: Option<String>,
    /// packetdrill's options.
    pub cli: CliOptions,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A `synproof.toml`.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A recorded divergence.
    #[error("{0}")]
    Divergences(String),
}

/// Plans the runs of `scripts` on `target`.
///
/// # Errors
/// A profile, a `synproof.toml` or a list of divergences is wrong. A wrong script is no error
/// here: it is planned once, and its result says what is wrong.
pub fn plan(
    scripts: &[Found],
    options: &PlanOptions,
    target: &TargetInfo,
) -> Result<Plan, PlanError> {
    let mut planner = Planner {
        options,
        target,
        divergences: divergences().map_err(PlanError::Divergences)?,
        profiles: BTreeMap::new(),
        projects: BTreeMap::new(),
    };
    let mut plan = Plan { found: scripts.len(), ..Plan::default() };
    for found in scripts {
        let selected = options.filters.is_empty()
            || options.filters.iter().any(|filter| filter.matches(&found.path));
        let cases = if selected { planner.cases(found)? } else { Vec::new() };
        plan.left_out += usize::from(cases.is_empty());
        plan.cases.extend(cases);
    }
    Ok(plan)
}

struct Planner<'a> {
    options: &'a PlanOptions,
    target: &'a TargetInfo,
    divergences: Vec<ExpectEntry>,
    profiles: BTreeMap<(PathBuf, String), Arc<Profile>>,
    projects: BTreeMap<PathBuf, Option<Arc<Project>>>,
}

impl Planner<'_> {
    fn cases(&mut self, found: &Found) -> Result<Vec<Case>, PlanError> {
        let project = self.project(found)?;
        let profile = self.profile(found, project.as_deref())?;
        let mut ips = self.ip_versions(found, &profile);
        let Some(&first) = ips.first() else { return Ok(Vec::new()) };
        let script = found
            .text
            .as_ref()
            .ok()
            .map(|source| script::parse(source, &defines(&profile, first, &self.options.cli)));
        // What is wrong with a text is wrong with every IP version, and is said once.
        match script.as_ref().map(|(script, found)| self.allowed(script, found)) {
            Some(Some(allowed)) => ips.retain(|ip| allowed.allows(*ip)),
            Some(None) | None => ips.truncate(1),
        }
        let script = script.as_ref().map(|(script, _)| script);
        let cases = ips.into_iter().map(|ip| {
            let id = CaseId { script: found.path.clone(), ip };
            let expectation =
                expectation(script, project.as_deref(), &self.divergences, &id, self.target);
            let reproduce = self.reproduce(found, ip);
            let (source, profile) = (found.text.clone(), Arc::clone(&profile));
            Case { id, source, profile, expectation, reproduce }
        });
        Ok(cases.collect())
    }

    /// The restriction of a script; none if the script is wrong.
    fn allowed(&self, script: &Script, diagnostics: &[Diagnostic]) -> Option<Restriction> {
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            return None;
        }
        let allowed = restriction(script).ok()?;
        // On packetdrill's command line --ip_version wins over the script's.
        Some(if self.options.cli.ip_version().is_some() { Restriction::Any } else { allowed })
    }

    fn ip_versions(&self, found: &Found, profile: &Profile) -> Vec<IpVersion> {
        if let Some(given) = self.options.cli.ip_version() {
            return vec![given];
        }
        let base = self.options.ips.as_ref().unwrap_or(&profile.ip_versions);
        let family = self.options.cli.wire_is_v6();
        let mut ips = profile.restrict(&found.path, base);
        ips.retain(|ip| family.is_none_or(|v6| ip.wire_is_v6() == v6));
        ips
    }

    fn project(&mut self, found: &Found) -> Result<Option<Arc<Project>>, PlanError> {
        let Some(dir) = &found.dir else { return Ok(None) };
        if let Some(known) = self.projects.get(dir) {
            return Ok(known.clone());
        }
        let project = find_project(dir)?.map(Arc::new);
        self.projects.insert(dir.clone(), project.clone());
        Ok(project)
    }

    fn profile(
        &mut self,
        found: &Found,
        project: Option<&Project>,
    ) -> Result<Arc<Profile>, PlanError> {
        let of_project = project.and_then(|p| Some((p.dir.clone(), p.profile.clone()?)));
        let fallback = if found.embedded { EMBEDDED_PROFILE } else { FALLBACK_PROFILE };
        let given = self.options.profile.clone().map(|name| (PathBuf::new(), name));
        let key = given.or(of_project).unwrap_or_else(|| (PathBuf::new(), fallback.into()));
        if let Some(known) = self.profiles.get(&key) {
            return Ok(Arc::clone(known));
        }
        let dir = if key.0.as_os_str().is_empty() { Path::new(".") } else { key.0.as_path() };
        let profile = Arc::new(load(&key.1, dir)?);
        self.profiles.insert(key, Arc::clone(&profile));
        Ok(profile)
    }

    /// The command line that repeats one run.
    fn reproduce(&self, found: &Found, ip: IpVersion) -> String {
        let mut words = vec!["synproof".to_owned(), "run".into()];
        words.extend(["--target".into(), self.target.name.clone()]);
        words.extend(["--ip".into(), ip.name().into()]);
        if let Some(profile) = &self.options.profile {
            words.extend(["--profile".into(), profile.clone()]);
        }
        if self.options.cli.seed != crate::config::DEFAULT_SEED {
            words.push(format!("--seed={:#x}", self.options.cli.seed));
        }
        let repeated = |name: &str| name != "ip_version" && name != "verbose" && name != "dry_run";
        for setting in self.options.cli.settings().iter().filter(|s| repeated(&s.name)) {
            words.push(match &setting.value {
                Some(value) => format!("--{}={value}", setting.name),
                None => format!("--{}", setting.name),
            });
        }
        if found.embedded {
            words.push("--filter".into());
        }
        words.push(if found.path == "<stdin>" { "-".into() } else { found.path.clone() });
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// A word as `sh` reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
