//! Known failures: where they are written, and to which run they apply.
//!
//! Three places, the first that applies wins: `//! xfail(TARGET): reason` in the script,
//! `[[expect]]` in the nearest `synproof.toml`, `[[divergence]]` in `specs/divergences`.

use serde::Deserialize;

use super::event::{CaseId, Expectation};
use crate::profile::{ExpectEntry, Project, SPECS, glob_match};
use crate::script::ast::Script;
use crate::script::token::TokenKind;
use crate::target::pattern::matches_target;
use crate::target::{IpVersion, TargetInfo};

#[derive(Deserialize)]
struct Divergences {
    #[serde(default)]
    divergence: Vec<ExpectEntry>,
}

/// The recorded divergences that are part of the binary, sorted by file.
///
/// # Errors
/// A file that is not of the right shape, with its name and what is wrong.
pub fn divergences() -> Result<Vec<ExpectEntry>, String> {
    let files = SPECS.get_dir("divergences").into_iter().flat_map(include_dir::Dir::files);
    let mut files: Vec<_> =
        files.filter(|f| f.path().extension().is_some_and(|e| e == "toml")).collect();
    files.sort_by_key(|f| f.path());
    let mut all = Vec::new();
    for file in files {
        let stem = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = file.contents_utf8().unwrap_or_default();
        let parsed: Divergences = toml::from_str(text)
            .map_err(|error| format!("specs/{}: {error}", file.path().display()))?;
        all.extend(parsed.divergence.into_iter().map(|mut entry| {
            if entry.targets.is_empty() {
                entry.targets.push(stem.clone());
            }
            entry
        }));
    }
    Ok(all)
}

/// What is expected to go wrong when `script` runs as `id` on `target`.
pub(super) fn expectation(
    script: Option<&Script>,
    project: Option<&Project>,
    divergences: &[ExpectEntry],
    id: &CaseId,
    target: &TargetInfo,
) -> Option<Expectation> {
    let written = script.and_then(|script| in_script(script, id.ip, target));
    written
        .or_else(|| project.and_then(|project| in_project(project, id, target)))
        .or_else(|| entry(divergences, &in_suite(&id.script), id.ip, target))
}

/// `//! xfail: reason`, `//! xfail(linux): reason`, `//! xfail(linux >= 6.1, ipv6): reason`.
fn in_script(script: &Script, ip: IpVersion, target: &TargetInfo) -> Option<Expectation> {
    let comments = script.tokens.iter().filter(|token| token.kind == TokenKind::Comment);
    comments.map(|token| script.source.slice(token.span)).find_map(|comment| {
        let rest = comment.strip_prefix("//!")?.trim_start().strip_prefix("xfail")?;
        let (scope, reason) = match rest.strip_prefix('(') {
            Some(inside) => inside.split_once("):")?,
            None => ("", rest.strip_prefix(':')?),
        };
        let words = || scope.split(',').map(str::trim).filter(|word| !word.is_empty());
        let ips: Vec<_> = words().filter(|word| word.starts_with("ipv")).collect();
        let targets: Vec<_> = words().filter(|word| !word.starts_with("ipv")).collect();
        let applies = (ips.is_empty() || ips.contains(&ip.name()))
            && (targets.is_empty() || targets.iter().any(|name| matches_target(name, target)));
        let reason = reason.trim().to_owned();
        applies.then_some(Expectation { id: None, reason, class: None })
    })
}

fn in_project(project: &Project, id: &CaseId, target: &TargetInfo) -> Option<Expectation> {
    let absolute = std::path::absolute(&id.script).ok()?;
    let inside = absolute.strip_prefix(&project.dir).ok()?.to_string_lossy().into_owned();
    entry(&project.expect, &inside, id.ip, target)
}

/// The path below `specs/scripts`, as divergences name it; other paths as they are.
pub(super) fn in_suite(path: &str) -> String {
    path.split_once("specs/scripts/").map_or(path, |(_, inside)| inside).to_owned()
}

pub(super) fn entry(
    entries: &[ExpectEntry],
    path: &str,
    ip: IpVersion,
    target: &TargetInfo,
) -> Option<Expectation> {
    let found = entries.iter().find(|e| {
        glob_match(&e.script, path)
            && (e.ip.is_empty() || e.ip.contains(&ip))
            && (e.targets.is_empty() || e.targets.iter().any(|t| matches_target(t, target)))
    })?;
    Some(Expectation { id: found.id.clone(), reason: found.reason.clone(), class: found.class })
}

#[cfg(test)]
mod tests;
