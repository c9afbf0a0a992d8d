//! `smoke`: every target on inputs of fixed seeds, so many and no more; no clock decides anything.

use std::collections::BTreeMap;
use std::path::Path;

use synproof_fuzz::{Finding, Seeded, Shape, TARGETS, Target, Verdict, judge};

use super::check::{files, read};
use super::{Answer, say};

/// Executions of each target; a third of them are mutations of the one before.
const EXECUTIONS: u64 = 3000;

pub(super) fn smoke(times: u64, corpus: Option<&Path>) -> Answer {
    super::asked_for()?;
    let mut ok = true;
    for target in TARGETS.iter().filter(|target| !target.compares) {
        if let Some(why) = (target.unavailable)() {
            say(&format!("{:<18} skipped: {why}", target.name));
            continue;
        }
        let mut tally = Tally::default();
        if let Some(dir) = corpus.map(|dir| dir.join(target.name)).filter(|dir| dir.is_dir()) {
            for file in files(&[dir])? {
                tally.judge(target, &read(&file)?);
            }
        }
        let replayed = tally.executions;
        // A kept scenario that is not even played proves nothing any more.
        if matches!(target.shape, Shape::Structure(_)) && tally.rejected > 0 {
            say(&format!("{:<18} FAILED: {} of its corpus rejected", target.name, tally.rejected));
            ok = false;
        }
        generated(target, EXECUTIONS * times / target.cost, &mut tally);
        ok &= tally.report(target, replayed);
    }
    Ok(ok)
}

/// Fresh inputs, each followed by two changes of it.
fn generated(target: &Target, executions: u64, tally: &mut Tally) {
    for seed in 0..executions / 3 {
        let mut seeded = Seeded::new(seed);
        let mut input = (target.generate)(&mut seeded);
        for _ in 0..3 {
            tally.judge(target, &input);
            input = match target.shape {
                Shape::Structure(change) => change(&input, target.max_len, seeded.bits()),
                Shape::Mended(mend) => mend(&turned(input, &mut seeded)),
                Shape::Bytes => turned(input, &mut seeded),
            };
        }
    }
    if target.planted {
        tally.judge(target, b"canary");
    }
}

/// A bit of a byte turned over.
fn turned(mut input: Vec<u8>, seeded: &mut Seeded) -> Vec<u8> {
    let at = seeded.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << seeded.below(8);
    }
    input
}

#[derive(Default)]
struct Tally {
    executions: u64,
    rejected: u64,
    /// By property and class: how often, the shortest input and what it showed.
    found: BTreeMap<(&'static str, String), (u64, Vec<u8>, Finding)>,
}

impl Tally {
    fn judge(&mut self, target: &Target, input: &[u8]) {
        self.executions += 1;
        match judge::check(target, input) {
            Verdict::Holds => {}
            Verdict::Rejected => self.rejected += 1,
            Verdict::Broken(finding) => self.keep(finding, input),
        }
    }

    fn keep(&mut self, finding: Finding, input: &[u8]) {
        let kind = (finding.property, finding.class.clone());
        let kept = self.found.entry(kind).or_insert_with(|| (0, input.to_vec(), finding.clone()));
        kept.0 += 1;
        if input.len() < kept.1.len() {
            (kept.1, kept.2) = (input.to_vec(), finding);
        }
    }

    /// True if it found what it should: nothing, or the bug that is planted.
    fn report(&self, target: &Target, replayed: u64) -> bool {
        let ok = self.found.is_empty() != target.planted;
        let (word, Self { executions, rejected, found }) = (if ok { "ok" } else { "FAILED" }, self);
        say(&format!(
            "{:<18} {word}: {executions} executions, {replayed} of them replayed, {rejected} rejected, {} kinds of findings",
            target.name,
            found.len()
        ));
        if !ok {
            for (times, input, finding) in found.values() {
                say(&format!("  {times} x {finding}\n  for {}", shown(input)));
            }
        }
        ok
    }
}

/// Text as text, other bytes escaped.
fn shown(input: &[u8]) -> String {
    std::str::from_utf8(input).map_or_else(|_| input.escape_ascii().to_string(), str::to_owned)
}

/// Generates and judges `count` inputs.
pub(super) fn bench(target: &Target, count: u64) -> Answer {
    let mut tally = Tally::default();
    generated(target, count, &mut tally);
    Ok(tally.report(target, 0))
}
