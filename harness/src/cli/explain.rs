//! `synproof explain`: what a requirement, a script, a state, an edge, a recorded divergence, a rule of
//! comparison or a code is.

mod line;
mod script;
mod sources;

use std::fmt::Write as _;

use self::sources::sites_of;
use super::args::ExplainArgs;
use super::console::Console;
use super::coverage::read;
use super::exit::{EXIT_CODES, Exit};
use crate::diff::{Recorded, RuleText, recorded, rule_texts};
use crate::profile::ExpectEntry;
use crate::registry::explain::explain as of_registry;
use crate::registry::requirement::{claims, requirements};
use crate::registry::text::Measure;
use crate::runner::{CLASS_CODES, OPTION_CODES, divergences};
use crate::script::codes::{CODES, meaning};
use crate::target::transition::transitions;

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        [] => Ok(list()),
        ["rules" | "rule"] => rules(),
        ["rule", name] => rule(name),
        [word] => of_word(word, args),
        _ => Err("give one word, or `rule` and the name of one".to_owned()),
    };
    let text = match said {
        Ok(text) => text,
        Err(why) => {
            console.error(&why);
            return Exit::Usage;
        }
    };
    match console.out(&text) {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::of_output(&error),
    }
}

fn of_word(word: &str, args: &ExplainArgs) -> Result<String, String> {
    if let Some(said) = of_code(word) {
        return Ok(format!("{word}: {said}\n"));
    }
    if let Some(said) = divergence(word)? {
        return Ok(said);
    }
    match script::of_script(word)? {
        Some(said) => Ok(said),
        None => of_specs(word, args),
    }
}

fn of_code(code: &str) -> Option<&'static str> {
    let exit = EXIT_CODES.iter().find(|(_, number, _)| number.to_string() == code);
    let option = OPTION_CODES.iter().find(|(known, _)| *known == code);
    let said = exit.map(|(_, _, text)| *text);
    let class = CLASS_CODES.iter().find(|(known, _)| *known == code);
    said.or_else(|| meaning(code)).or(option.or(class).map(|(_, text)| *text))
}

fn of_specs(word: &str, args: &ExplainArgs) -> Result<String, String> {
    let coverage = read(&args.coverage)?;
    let coverage = (!args.coverage.is_empty()).then_some(&coverage);
    let (requirements, claims, table) = (requirements(), claims(), transitions());
    let measure = Measure { requirements: &requirements, claims: &claims, table: &table };
    of_registry(word, measure, coverage, &sites_of).ok_or_else(|| {
        format!(
            "`{word}` is no requirement, script, state, edge, recorded divergence, exit code, class of \
             failures or code of a diagnostic (for a rule of comparison: `synproof explain rule NAME`)"
        )
    })
}

/// Everything that can be asked for.
fn list() -> String {
    let mut lines: Vec<_> =
        EXIT_CODES.iter().map(|(_, code, text)| format!("{code:<30}  {text}\n")).collect();
    let codes = CLASS_CODES.iter().chain(CODES).chain(OPTION_CODES);
    lines.extend(codes.map(|(code, text)| format!("{code:<30}  {text}\n")));
    lines.concat()
}

fn rules() -> Result<String, String> {
    let rules = rule_texts().map_err(|error| error.to_string())?;
    let line = |rule: &RuleText| {
        let state = if rule.default { "on" } else { "off" };
        format!("{:<20}  {state:<3}  {}\n", rule.name.to_string(), rule.reason)
    };
    Ok(rules.iter().map(line).collect())
}

fn rule(name: &str) -> Result<String, String> {
    let rules = rule_texts().map_err(|error| error.to_string())?;
    let found = rules.iter().find(|rule| rule.name.to_string() == name);
    let rule = found.ok_or_else(|| {
        let known = rules.iter().map(|rule| rule.name.to_string()).collect::<Vec<_>>().join(", ");
        format!("there is no rule `{name}` (there are {known})")
    })?;
    let state = if rule.default { "on (--without-rule)" } else { "off (--with-rule)" };
    let RuleText { reason, source, .. } = rule;
    Ok(format!("rule {name}: {reason}\n  source: {source}\n  by default: {state}\n"))
}

/// Everything that is recorded under an identifier.
fn divergence(id: &str) -> Result<Option<String>, String> {
    let mut text = String::new();
    let of = |entry: &&ExpectEntry| entry.id.as_deref() == Some(id);
    for ExpectEntry { script, targets, reason, .. } in divergences()?.iter().filter(of) {
        let targets = targets.join(", ");
        let _ = writeln!(text, "{id}: {targets} fails {script}: {reason}");
    }
    let recorded = recorded().map_err(|error| error.to_string())?;
    for entry in recorded.iter().filter(|entry| entry.id == id) {
        text += &difference(entry);
    }
    Ok((!text.is_empty()).then_some(text))
}

fn difference(entry: &Recorded) -> String {
    let [first, second] = &entry.between;
    let Recorded { id, script, state, event, rule, field, source, reason, .. } = entry;
    let script = if script.is_empty() { "*".to_owned() } else { script.join(", ") };
    format!(
        "{id}: {first} and {second} differ: {reason}\n  scripts: {script}\n  class: {state} / {event} / \
         {rule} / {field}\n  source: {source}\n  agrees with the RFC: {}\n  verdict: {}\n",
        entry.rfc.words(),
        entry.verdict.words(),
    )
}
