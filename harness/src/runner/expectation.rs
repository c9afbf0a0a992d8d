//! Known failures: where they are written, and to which run they apply.
//!
//! Three places, the first that applies wins: `//! xfail(TARGET): reason` in the script,
//! `[[expect]]` in the nearest `synproof.toml`, `[[divergence]]` in `specs/divergences`.

use serde::Deserialize;

use super::event::{CaseId, Expectation};
use crate::profile::{ExpectEntry, Project, SPECS, glob_match};
use crate::script::ast::Script;
use crate::script::token::TokenKind;
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
fn in_suite(path: &str) -> String {
    path.split_once("specs/scripts/").map_or(path, |(_, inside)| inside).to_owned()
}

fn entry(
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

/// Whether `pattern` (`linux`, `linux:veth`, `linux >= 6.1`, `linux >= 6.2 < 6.13`) names `target`. A name without a
/// colon names all of its kinds; `linux` names every Linux kernel, `uml` too, and with versions the stack that
/// is to be one of them.
#[must_use]
pub fn matches_target(pattern: &str, target: &TargetInfo) -> bool {
    let mut words = pattern.split_whitespace();
    let same_name = words.next().is_some_and(|name| {
        let is = |name: &str| {
            let kind = target.name.strip_prefix(name);
            kind.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        // What is said of every version is said of kernels; of some versions, of whoever behaves so.
        let behaves = target.name.starts_with(STACK_AS) && pattern.contains(char::is_whitespace);
        is(name) || (name == "linux" && (is("uml") || behaves))
    });
    let have = numbers(target.name.strip_prefix(STACK_AS).unwrap_or(&target.version));
    let bounds: Vec<_> = words.collect();
    // Of a target that cannot be asked no version is known, and no bound holds.
    same_name
        && (bounds.is_empty() || !have.is_empty())
        && bounds.chunks(2).all(|bound| within(&have, bound))
}

/// The stack as a Linux, in front of the version.
const STACK_AS: &str = "stack:linux-";

/// Whether a version keeps to `[operator, version]`.
fn within(have: &[u64], bound: &[&str]) -> bool {
    let &[operator, version] = bound else { return false };
    let want = numbers(version);
    match operator {
        ">=" => have >= want.as_slice(),
        ">" => have > want.as_slice(),
        "<=" => have <= want.as_slice(),
        "<" => have < want.as_slice(),
        "==" => have == want.as_slice(),
        _ => false,
    }
}

/// The leading numbers of a version: `6.18.5-generic` is 6, 18, 5.
fn numbers(version: &str) -> Vec<u64> {
    let leading = version.split(|c: char| !(c.is_ascii_digit() || c == '.')).next();
    leading.unwrap_or_default().split('.').map_while(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests;
