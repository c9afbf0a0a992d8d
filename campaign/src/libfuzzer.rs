//! How a libFuzzer program is called, and what it prints.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What a line of libFuzzer's says of its progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Executions since it started.
    pub executions: u64,
    /// Edges of code.
    pub cov: u64,
    /// Features: edges with counts, comparisons, extra counters.
    pub features: u64,
    /// Inputs of the corpus.
    pub corpus: u64,
}

/// Reads a line like `#8192 NEW cov: 41 ft: 63 corp: 7/90b lim: 80 exec/s: 4096 rss: 40Mb …`.
#[must_use]
pub fn progress(line: &str) -> Option<Progress> {
    let mut words = line.strip_prefix('#')?.split_whitespace();
    let mut progress = Progress { executions: words.next()?.parse().ok()?, ..Progress::default() };
    let mut any = false;
    while let Some(word) = words.next() {
        let place = match word {
            "cov:" => &mut progress.cov,
            "ft:" => &mut progress.features,
            "corp:" => &mut progress.corpus,
            _ => continue,
        };
        *place = words.next()?.split('/').next()?.parse().ok()?;
        any = true;
    }
    any.then_some(progress)
}

/// Line by which a program tells the input that it found something with; see `fuzz/src/glue.rs`.
const FOUND: &str = "synproof-fuzz-input ";

/// The input of such a line.
#[must_use]
pub fn found_input(line: &str) -> Option<Vec<u8>> {
    let digits = line.strip_prefix(FOUND)?.trim().as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// One slice of one program.
#[derive(Clone, Debug)]
pub struct Slice<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its corpus, which it adds to.
    pub corpus: &'a Path,
    /// Where it leaves inputs that crash, ending in a separator.
    pub artifacts: &'a Path,
    /// A dictionary, if there is one.
    pub dictionary: Option<&'a Path>,
    /// Where it tells what it reached.
    pub reached: &'a Path,
    /// How long it runs.
    pub time: Duration,
    /// Seed of its choices.
    pub seed: u32,
    /// Most bytes of an input.
    pub max_len: usize,
}

impl Slice<'_> {
    /// The command.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg(format!("-max_total_time={}", self.time.as_secs().max(1)))
            .arg(format!("-seed={}", self.seed.max(1)))
            .arg(format!("-max_len={}", self.max_len))
            .arg(format!("-artifact_prefix={}/", self.artifacts.display()))
            .args(["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .args(["-use_value_profile=0", "-len_control=0", "-detect_leaks=0"])
            // How often each feature was seen costs more than a scenario, which has thousands.
            .arg("-entropic=0");
        if let Some(dictionary) = self.dictionary {
            command.arg(format!("-dict={}", dictionary.display()));
        }
        command.arg(self.corpus).env("SYNPROOF_FUZZ_REACHED", self.reached);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read() {
        let line = "#8192\tNEW    cov: 41 ft: 63 corp: 7/90b lim: 80 exec/s: 4096 rss: 40Mb L: 1/9 MS: 2 X-Y-";
        let expected = Progress { executions: 8192, cov: 41, features: 63, corpus: 7 };
        assert_eq!(progress(line), Some(expected));
        assert_eq!(progress("#2\tINITED exec/s: 0 rss: 30Mb"), None);
        assert_eq!(progress("INFO: Seed: 1"), None);
        assert_eq!(progress("#x cov: 1"), None);
    }

    #[test]
    fn inputs_come_back_from_lines() {
        assert_eq!(found_input("synproof-fuzz-input 00ff7a"), Some(vec![0, 255, 0x7a]));
        assert_eq!(found_input("synproof-fuzz-input "), Some(vec![]));
        assert_eq!(found_input("synproof-fuzz-input 0"), None);
        assert_eq!(found_input("synproof-fuzz-input zz"), None);
        assert_eq!(found_input("panicked at"), None);
    }
}
