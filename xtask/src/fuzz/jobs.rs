//! The jobs, each a few calls of programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::RunArgs;
use super::build::{names, programs, scripts, tool};
use crate::coverage;
use crate::root::root;
use crate::shell::{capture, cargo, passes, say};

/// `synproof-fuzz`, optimised and suspicious.
fn judge() -> Result<PathBuf> {
    tool("synproof-fuzz", "synproof-fuzz", "checked")
}

fn manager() -> Result<PathBuf> {
    tool("synproof-campaign", "synproof-campaign", "dev")
}

fn command(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

pub(super) fn run(args: &RunArgs) -> Result<bool> {
    ensure!(
        args.all || !args.targets.is_empty(),
        "which targets? TARGET… or --all; there are {}",
        names()?.join(", ")
    );
    let (programs, judge, manager) = (programs(args.asan)?, judge()?, manager()?);
    let seconds = args.hours.map_or(args.seconds.unwrap_or(3600), |hours| {
        std::time::Duration::try_from_secs_f64(hours * 3600.0).unwrap_or_default().as_secs()
    });
    let mut command = Command::new(manager);
    command
        .current_dir(root())
        .arg("--dir")
        .arg(&args.dir)
        .arg("run")
        .args(&args.targets)
        .arg("--tool")
        .arg(judge)
        .arg("--programs")
        .arg(programs)
        .args(["--seconds", &seconds.to_string(), "--jobs", &args.jobs.to_string()]);
    for dir in scripts() {
        command.arg("--seeds").arg(dir);
    }
    passes(command)
}

/// Everything that CI wants to know, without a clock: the programs build and replay, every target
/// holds for fixed seeds.
pub(crate) fn smoke() -> Result<bool> {
    let corpus = root().join("fuzz/corpus");
    let built = cargo(&[
        "build",
        "--quiet",
        "--package",
        "synproof-fuzz",
        "--features",
        "libfuzzer",
        "--bins",
    ]);
    ensure!(passes(built)?, "the fuzz targets do not build");
    let dir = root().join("target/debug");
    let mut ok = passes(command(
        &dir.join("synproof-fuzz"),
        &["smoke", "--corpus", &corpus.to_string_lossy()],
    ))?;
    for name in names()?.iter().filter(|name| corpus.join(name).is_dir()) {
        // A program that is given a directory with -runs=0 runs what is in it, and nothing else.
        let mut replay = command(&dir.join(name), &["-runs=0"]);
        replay.arg(corpus.join(name)).stderr(Stdio::null());
        ok &= passes(replay)?;
    }
    Ok(ok)
}

pub(super) fn seed(dir: &Path) -> Result<bool> {
    let mut seed = command(&judge()?, &["seed"]);
    seed.arg(dir);
    for scripts in scripts() {
        seed.arg("--from").arg(scripts);
    }
    passes(seed)
}

pub(super) fn campaign(dir: &Path, what: &str) -> Result<bool> {
    let mut status = command(&manager()?, &["--dir"]);
    status.arg(dir).arg(what);
    passes(status)
}

pub(super) fn replay(target: &str, paths: &[PathBuf]) -> Result<bool> {
    let mut check = command(&judge()?, &["check", target]);
    check.args(paths);
    passes(check)
}

pub(super) fn tmin(target: &str, input: &Path) -> Result<bool> {
    let mut shrink = command(&judge()?, &["shrink", target]);
    shrink.arg(input).stderr(Stdio::inherit());
    let output = shrink.output().context("failed to run synproof-fuzz")?;
    ensure!(output.status.success(), "synproof-fuzz shrink failed");
    let small = PathBuf::from(format!("{}.small", input.display()));
    std::fs::write(&small, &output.stdout).context("failed to write the smaller input")?;
    let before = std::fs::metadata(input).map_or(0, |metadata| metadata.len());
    say(&format!("{before} to {} bytes: {}", output.stdout.len(), small.display()));
    Ok(true)
}

/// libFuzzer's merge into an empty directory, which then takes the place of the corpus.
pub(super) fn cmin(target: &str, corpus: Option<PathBuf>) -> Result<bool> {
    let corpus = corpus.unwrap_or_else(|| root().join("fuzz/campaign/corpus").join(target));
    ensure!(corpus.is_dir(), "{}: no corpus", corpus.display());
    let (small, old) = (beside(&corpus, "small"), beside(&corpus, "old"));
    std::fs::create_dir_all(&small).context("failed to make a directory")?;
    let mut merge = command(&programs(false)?.join(target), &["-merge=1", "-max_len=65536"]);
    merge.arg(&small).arg(&corpus).stderr(Stdio::null());
    ensure!(passes(merge)?, "libFuzzer could not merge {}", corpus.display());
    let count = |dir: &Path| std::fs::read_dir(dir).map_or(0, Iterator::count);
    say(&format!("{}: {} to {} inputs", corpus.display(), count(&corpus), count(&small)));
    std::fs::rename(&corpus, &old).context("failed to move the corpus")?;
    std::fs::rename(&small, &corpus).context("failed to move the smaller corpus")?;
    std::fs::remove_dir_all(&old).context("failed to remove the old corpus")?;
    Ok(true)
}

fn beside(corpus: &Path, what: &str) -> PathBuf {
    PathBuf::from(format!("{}.{what}", corpus.display()))
}

/// What `synproof-fuzz check --marks` answers.
#[derive(serde::Deserialize)]
struct Marks {
    inputs: u64,
    shares: BTreeMap<String, (u64, u64)>,
    marks: Vec<Mark>,
}

/// Something that can be reached.
#[derive(serde::Deserialize)]
struct Mark {
    kind: String,
    state: String,
    what: String,
    count: u64,
}

/// Marks by the tool; lines by the tool built with instrumentation.
pub(super) fn cover(corpora: &Path) -> Result<bool> {
    let corpora = root().join(corpora);
    let judge = judge()?;
    for name in names()?.iter().filter(|name| corpora.join(name).is_dir()) {
        let inputs = corpora.join(name).to_string_lossy().into_owned();
        let (_, said) = capture(command(&judge, &["check", name, &inputs, "--marks"]))?;
        let marks: Marks =
            serde_json::from_str(&said).context("synproof-fuzz says something else")?;
        let share =
            |(kind, (reached, all)): (&String, &(u64, u64))| format!("{kind} {reached}/{all}");
        let shares: Vec<String> = marks.shares.iter().map(share).collect();
        say(&format!("{name:<18} {} inputs, {}", marks.inputs, shares.join(", ")));
        let missed = marks.marks.iter().filter(|mark| mark.kind == "edge" && mark.count == 0);
        let missed: Vec<String> =
            missed.map(|mark| format!("{} {}", mark.state, mark.what)).collect();
        let walks = marks.shares.get("edges").is_some_and(|(reached, _)| *reached > 0);
        if walks && !missed.is_empty() {
            say(&format!("  edges not walked: {}", missed.join(", ")));
        }
    }
    coverage::of_corpora(&corpora, &names()?)
}
