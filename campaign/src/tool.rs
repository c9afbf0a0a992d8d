//! Questions to `synproof-fuzz`, which knows the targets and judges without a fuzzer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A target, as `synproof-fuzz list` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// Its name, and that of its program.
    pub name: String,
    /// In a line.
    pub about: String,
    /// Most bytes of an input.
    pub max_len: usize,
    /// What it finds was planted.
    pub planted: bool,
    /// It is there to be compared with.
    pub compares: bool,
    /// Why it cannot run on this machine.
    pub unavailable: Option<String>,
}

/// What an input is to its target.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// `holds`, `rejected` or `broken`.
    pub verdict: String,
    /// The property that is broken.
    pub property: Option<String>,
    /// What tells findings of one property apart.
    pub class: Option<String>,
    /// What was seen.
    pub detail: Option<String>,
}

/// The programs of a campaign.
#[derive(Clone, Debug)]
pub struct Tool {
    /// `synproof-fuzz`.
    pub tool: PathBuf,
    /// Where the libFuzzer programs are.
    pub programs: PathBuf,
}

/// How long one judgement may take: an input that hangs is one that is never judged.
const PATIENCE: &str = "60";

impl Tool {
    /// The program of a target.
    #[must_use]
    pub fn program(&self, target: &str) -> PathBuf {
        self.programs.join(target)
    }

    fn command(&self, args: &[&str]) -> Command {
        // timeout(1) of coreutils: std has no wait with a limit.
        let mut command = Command::new("timeout");
        command.args(["-k", "5", PATIENCE]).arg(&self.tool).args(args).stdin(Stdio::null());
        command
    }

    fn said(&self, args: &[&str]) -> Result<(Option<i32>, Vec<u8>)> {
        let output = self.command(args).output();
        let output = output.with_context(|| format!("cannot run {}", self.tool.display()))?;
        Ok((output.status.code(), output.stdout))
    }

    /// Every target.
    ///
    /// # Errors
    /// The program is missing, or says something else.
    pub fn targets(&self) -> Result<Vec<Target>> {
        let (code, said) = self.said(&["list"])?;
        ensure!(code == Some(0), "{} list failed", self.tool.display());
        let lines = String::from_utf8_lossy(&said).into_owned();
        let targets = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        targets.context("synproof-fuzz list says something else")
    }

    /// What an input is; one that the program does not survive is broken as well.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn check(&self, target: &str, input: &Path) -> Result<Verdict> {
        let (code, said) = self.said(&["check", target, &input.to_string_lossy()])?;
        let told =
            String::from_utf8_lossy(&said).lines().next().map(serde_json::from_str::<Verdict>);
        if let Some(Ok(verdict)) = told {
            return Ok(verdict);
        }
        let class = match code {
            Some(124 | 137) => "hang".to_owned(),
            Some(code) => format!("exit code {code}"),
            None => "killed by a signal".to_owned(),
        };
        Ok(Verdict {
            verdict: "broken".into(),
            property: Some("a program survives every input, within a minute".into()),
            class: Some(class),
            detail: Some(String::from_utf8_lossy(&said).into_owned()),
        })
    }

    /// The smallest input that finds the same; [`None`] if that takes too long.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn shrink(&self, target: &str, input: &Path) -> Result<Option<Vec<u8>>> {
        let (code, said) = self.said(&["shrink", target, &input.to_string_lossy()])?;
        Ok((code == Some(0)).then_some(said))
    }

    /// A scenario as a script; [`None`] for what is none.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn script(&self, target: &str, input: &Path) -> Result<Option<Vec<u8>>> {
        let input = input.to_string_lossy();
        let (code, said) = self.said(&["script", &input, "--target", target])?;
        Ok((code == Some(0)).then_some(said))
    }

    /// The dictionary of a target; empty if it has none.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn dictionary(&self, target: &str) -> Result<Vec<u8>> {
        Ok(self.said(&["dictionary", target])?.1)
    }

    /// Writes seeds below a directory, of scripts as well.
    ///
    /// # Errors
    /// The program cannot be run, or fails.
    pub fn seed(&self, dir: &Path, from: &[PathBuf]) -> Result<()> {
        let dir = dir.to_string_lossy().into_owned();
        let mut args = vec!["seed".to_owned(), dir];
        for path in from {
            args.extend(["--from".to_owned(), path.to_string_lossy().into_owned()]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, _) = self.said(&args)?;
        ensure!(code == Some(0), "{} seed failed", self.tool.display());
        Ok(())
    }
}
