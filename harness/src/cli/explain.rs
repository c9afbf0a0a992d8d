//! `synproof explain`: what an exit code, a class of failures, the code of a diagnostic, a recorded
//! divergence or a rule of comparison means.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::console::Console;
use super::exit::{EXIT_CODES, Exit};
use crate::diff::{Recorded, RuleText, recorded, rule_texts};
use crate::profile::ExpectEntry;
use crate::runner::{CLASS_CODES, OPTION_CODES, divergences};
use crate::script::codes::{CODES, meaning};

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        [] => Ok(list()),
        ["rules"] | ["rule"] => rules(),
        ["rule", name] => rule(name),
        [code] => code_or_divergence(code),
        _ => Err("give one code, or `rule` and the name of one".to_owned()),
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

fn code_or_divergence(code: &str) -> Result<String, String> {
    let exit = EXIT_CODES.iter().find(|(_, number, _)| number.to_string() == code);
    let option = OPTION_CODES.iter().find(|(known, _)| *known == code);
    let said = exit.map(|(_, _, text)| *text);
    let class = CLASS_CODES.iter().find(|(known, _)| *known == code);
    let said = said.or_else(|| meaning(code)).or(option.or(class).map(|(_, text)| *text));
    if let Some(said) = said {
        return Ok(format!("{code}: {said}\n"));
    }
    let divergence = divergence(code)?;
    divergence.ok_or_else(|| {
        format!(
            "`{code}` is no exit code, no class of failures, no code of a diagnostic and no \
             recorded divergence (for a rule of comparison: `synproof explain rule NAME`)"
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
    format!(
        "{id}: {first} and {second} differ: {reason}\n  scripts: {script}\n  class: {state} / {event} / \
         {rule} / {field}\n  source: {source}\n  agrees with the RFC: {}\n  verdict: {}\n",
        entry.rfc.words(),
        entry.verdict.words(),
    )
}
