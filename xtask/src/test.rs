//! `cargo xtask test`: everything this machine can test, and a line about what it cannot.

use anyhow::Result;

use crate::packetdrill::{Agreement, agreement};
use crate::shell::{capture, cargo, passes_showing, say, synproof};

/// What became of one part.
enum Part {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// Runs every part, whatever became of the ones before; true when none failed.
pub(crate) fn test() -> Result<bool> {
    let mut tally = Tally::default();
    let unit = unit_tests(&mut tally)?;
    let suites = suites()?;
    say("");
    let parts: Vec<_> = std::iter::once(("cargo test", unit)).chain(suites).collect();
    let mut ok = true;
    for (name, part) in &parts {
        let (word, rest) = match part {
            Part::Passed(what) => ("ok", what),
            Part::Failed(why) => ("FAILED", why),
            Part::Skipped(why) => ("skipped", why),
        };
        ok &= !matches!(part, Part::Failed(_));
        say(&format!("{name:<18} {word}: {rest}"));
    }
    say(&tally.closing_line(ok));
    Ok(ok)
}

fn unit_tests(tally: &mut Tally) -> Result<Part> {
    // Without --no-fail-fast the first crate that fails hides the others.
    let command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    let ok = passes_showing(command, |line| {
        tally.see(line);
        !(line.starts_with("test ") && line.ends_with(" ... ok"))
    })?;
    let what =
        format!("{} passed, {} failed, {} ignored", tally.passed, tally.failed, tally.ignored);
    Ok(if ok { Part::Passed(what) } else { Part::Failed(what) })
}

/// The embedded scripts on every target this machine has.
fn suites() -> Result<Vec<(&'static str, Part)>> {
    let suite = |name, target: &str| -> Result<_> {
        Ok((name, if_available(target, || run_suite(target))?))
    };
    Ok(vec![
        suite("suite on stack", "stack")?,
        suite("suite on linux", "linux")?,
        suite("suite on uml", "uml")?,
        ("stack against uml", if_available("uml", differential)?),
        ("packetdrill", if_available("linux", beside_packetdrill)?),
    ])
}

/// What `run` makes of a target, if this machine has it.
fn if_available(target: &str, run: impl FnOnce() -> Result<Part>) -> Result<Part> {
    let (code, said) = capture(synproof(&["doctor", "--target", target]))?;
    match diagnosis(code, &said, target) {
        Diagnosis::Available => run(),
        Diagnosis::Unavailable(reason) => Ok(Part::Skipped(reason)),
        Diagnosis::Unknown => Ok(Part::Failed(format!("synproof doctor exited with {code:?}"))),
    }
}

/// The embedded scripts on the reference stack and on a kernel in virtual time, held against each
/// other: nothing may differ that no rule allows and no record says.
fn differential() -> Result<Part> {
    let what = "synproof diff --targets stack,uml".to_owned();
    let ok = passes_showing(synproof(&["diff", "--targets", "stack,uml"]), needs_attention)?;
    Ok(if ok { Part::Passed(what) } else { Part::Failed(what) })
}

/// Scripts without extensions on packetdrill itself, where there is one.
fn beside_packetdrill() -> Result<Part> {
    Ok(match agreement(None)? {
        Agreement::Same(count) => Part::Passed(format!("{count} verdicts are the same")),
        Agreement::Different(count) => Part::Failed(format!("{count} verdicts differ")),
        Agreement::Skipped(why) => Part::Skipped(why),
    })
}

/// What the machine is late with is not the kernel's doing: where the clock is real, a failure has to
/// stay.
const RETRIES: &str = "4";

fn run_suite(target: &str) -> Result<Part> {
    let what = format!("synproof run --target {target}");
    let command = synproof(&["run", "--target", target, "--retries", RETRIES]);
    let ok = passes_showing(command, needs_attention)?;
    Ok(if ok { Part::Passed(what) } else { Part::Failed(what) })
}

/// Whether a line of a report is about more than a result that was expected: a log of thousands of
/// passes hides the one failure in it.
fn needs_attention(line: &str) -> bool {
    const EXPECTED: [&str; 5] = ["PASS", "SKIP", "XFAIL", "AGREE", "KNOWN"];
    let word = line.split_once("  ").map_or("", |(word, _)| word);
    !(line.is_empty() || EXPECTED.contains(&word))
}

/// What `synproof doctor` says about a target.
#[derive(Debug, PartialEq, Eq)]
enum Diagnosis {
    Available,
    Unavailable(String),
    /// No answer: no reason to skip anything.
    Unknown,
}

/// Exit code 0 is yes, 3 is no; the reason is on the target's line after status and name.
fn diagnosis(code: Option<i32>, said: &str, target: &str) -> Diagnosis {
    let reason = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        (words.next() == Some(target)).then(|| words.collect::<Vec<_>>().join(" "))
    };
    match code {
        Some(0) => Diagnosis::Available,
        Some(3) => Diagnosis::Unavailable(said.lines().find_map(reason).unwrap_or_default()),
        Some(_) | None => Diagnosis::Unknown,
    }
}

/// The sum of cargo's closing lines, one of which ends every test binary.
#[derive(Default)]
struct Tally {
    binaries: u32,
    passed: u32,
    failed: u32,
    ignored: u32,
}

impl Tally {
    fn see(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        self.binaries += 1;
        for part in rest.split([';', '.']) {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u32>().ok());
            match (number, words.next()) {
                (Some(n), Some("passed")) => self.passed += n,
                (Some(n), Some("failed")) => self.failed += n,
                (Some(n), Some("ignored")) => self.ignored += n,
                _ => {}
            }
        }
    }

    /// In the form cargo uses, over all binaries.
    fn closing_line(&self, ok: bool) -> String {
        let word = if ok { "ok" } else { "FAILED" };
        let Self { binaries, passed, failed, ignored } = self;
        format!(
            "test result: {word}. {passed} passed; {failed} failed; {ignored} ignored; \
             {binaries} test binaries"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnosis, Tally, diagnosis, needs_attention};

    #[test]
    fn what_was_expected_is_not_shown() {
        assert!(!needs_attention("PASS   linux  ipv4    a/b    0.025s"));
        assert!(!needs_attention("XFAIL  uml    ipv4    a/b    0.025s  D-0104: why"));
        assert!(needs_attention("FAIL   linux  ipv4    a/b    0.025s  line 3"));
        assert!(needs_attention("error[late]: accept returned at 0.114729 s"));
        assert!(needs_attention("1 run: 1 pass"));
    }

    #[test]
    fn closing_lines_add_up() {
        let mut tally = Tally::default();
        tally.see("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; x");
        tally.see("test a::b ... ok");
        tally.see("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out");
        let sum = "test result: FAILED. 4 passed; 2 failed; 1 ignored; 2 test binaries";
        assert_eq!(tally.closing_line(false), sum);
    }

    #[test]
    fn the_doctor_is_believed() {
        let said = "Targets\n  ok       stack   1.0\n  missing  linux   /dev/net/tun: not there\n";
        assert_eq!(diagnosis(Some(0), said, "stack"), Diagnosis::Available);
        let missing = Diagnosis::Unavailable("/dev/net/tun: not there".into());
        assert_eq!(diagnosis(Some(3), said, "linux"), missing);
        assert_eq!(diagnosis(Some(101), said, "linux"), Diagnosis::Unknown);
    }
}
