//! The text of a script as an input of a target, for seeds.

use synproof_harness::scenario::{Action, from_script};
use synproof_harness::script;
use synproof_harness::script::source::SourceFile;

use crate::Target;
use crate::oracles::scenario;
use crate::targets::OfScript;

/// The input that a script is to a target; [`None`] if it is none, or too long.
#[must_use]
pub fn script_input(target: &Target, text: &[u8]) -> Option<Vec<u8>> {
    let input = match target.of_script {
        OfScript::Nothing => None,
        OfScript::Text => Some(text.to_vec()),
        OfScript::Scenario => done_by(text),
    };
    input.filter(|bytes| bytes.len() <= target.max_len)
}

/// What a script does, without what must follow.
fn done_by(text: &[u8]) -> Option<Vec<u8>> {
    let source = SourceFile::new("<seed>", String::from_utf8_lossy(text));
    let (script, _diagnostics) = script::parse(&source, &script::Defines::new());
    let mut scenario = from_script(&script);
    scenario.head.clear();
    scenario.cleanup = None;
    scenario.steps.retain(|step| !matches!(step.action, Action::Verbatim(_)));
    (scenario.steps.len() > 1).then(|| scenario::write(scenario))
}
