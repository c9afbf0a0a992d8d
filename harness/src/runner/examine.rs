//! What can be known about a script without running it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::metadata::metadata_warnings;
use super::select::{needs, restriction};
use crate::config::{CliOptions, Config, defines, resolve};
use crate::profile::Profile;
use crate::script::ast::Script;
use crate::script::check::{self, CheckOptions};
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::source::SourceFile;
use crate::script::{self, Defines};
use crate::target::{Capability, IpVersion};

/// A script with its configuration, or what is wrong with it.
pub(super) struct Parsed {
    pub(super) script: Script,
    /// The symbols it was parsed with.
    pub(super) defines: Defines,
    /// None if any diagnostic is an error.
    pub(super) config: Option<Config>,
    pub(super) needed: Vec<Capability>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Everything that can be known to be wrong with a script without running it. Runs do not ask for
/// all of it: a wrong name on a line that is never reached does no harm.
#[must_use]
pub fn examine(
    source: &Arc<SourceFile>,
    profile: &Profile,
    ip: IpVersion,
    cli: &CliOptions,
) -> Vec<Diagnostic> {
    let Parsed { script, defines, mut diagnostics, .. } = parse(source, profile, ip, cli);
    let is_error = |d: &Diagnostic| d.severity == Severity::Error;
    if diagnostics.iter().any(|d| is_error(d) && d.code.starts_with("parse::")) {
        return diagnostics;
    }
    let ip_version = check::IpVersion::from_option(ip.name());
    let with = CheckOptions { defines, ip_version };
    add(&mut diagnostics, check::check(&script, &with));
    diagnostics
}

/// Parses `source` for a run with `ip`.
pub(super) fn parse(
    source: &Arc<SourceFile>,
    profile: &Profile,
    ip: IpVersion,
    cli: &CliOptions,
) -> Parsed {
    let defines = defines(profile, ip, cli);
    let (script, mut diagnostics) = script::parse(source, &defines);
    let (config, wrong) = match resolve(&script, profile, ip, cli) {
        Ok(config) => (Some(config), Vec::new()),
        Err(wrong) => (None, wrong),
    };
    add(&mut diagnostics, wrong);
    let needed = needs(&script).map_err(|wrong| diagnostics.push(wrong.into()));
    if let Err(wrong) = restriction(&script) {
        diagnostics.push(wrong.into());
    }
    diagnostics.extend(metadata_warnings(&script));
    diagnostics.sort_by_key(|d| d.span);
    let is_wrong = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let config = config.filter(|_| !is_wrong);
    let needed = needed.unwrap_or_default();
    Parsed { script, defines, config, needed, diagnostics }
}

/// Adds findings about places of which nothing was said yet: the parser, the table of options and
/// the checks each have a word on the same mistake.
fn add(diagnostics: &mut Vec<Diagnostic>, more: Vec<Diagnostic>) {
    let said: BTreeSet<_> = diagnostics.iter().map(|d| d.span).collect();
    diagnostics.extend(more.into_iter().filter(|d| !said.contains(&d.span)));
    diagnostics.sort_by_key(|d| d.span);
}
