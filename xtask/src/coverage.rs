//! `cargo xtask coverage`: which lines of stack/src the tests of the stack and the specs run.
//!
//! rustc instruments (`-C instrument-coverage`), the tests and `synproof run --target stack` write
//! profiles, llvm-profdata and llvm-cov add them up (`rustup component add llvm-tools`, or Debian's
//! package of the LLVM that rustc has). Lines of tests are not counted. What no run reaches is listed in
//! target/coverage/uncovered.txt; the figure of each file goes to standard output.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::root::{relative, root};
use crate::shell::{cargo, passes, say};

/// The source that is looked at.
const SOURCE: &str = "stack/src";
/// What the covered share is to be at least, in per cent.
const AIM: usize = 92;

/// Lines of a file: how often each line with code was run.
type Lines = BTreeMap<usize, u64>;

/// Runs everything and prints the figures; true when the aim is reached.
pub(crate) fn coverage() -> Result<bool> {
    let (dir, profiles) = clean()?;
    let mut ok = passes(instrumented(&dir, &["test", "--quiet", "--package", "synproof-stack"]))?;
    let run = ["run", "--quiet", "--package", "synproof-harness", "--bin", "synproof", "--"];
    let suite = ["run", "--target", "stack", "--ip", "all"];
    ok &= passes(instrumented(&dir, &[&run[..], &suite[..]].concat()))?;
    let tests = stems(&root().join("stack/tests"))?;
    let mut names: Vec<String> = tests.iter().map(|stem| stem.replace('-', "_")).collect();
    names.extend(["synproof_stack".to_owned(), "synproof".to_owned()]);
    Ok(figures(&dir, &profiles, &names)? && ok)
}

/// The same for what the fuzzers' corpora run: a directory for each target.
pub(crate) fn of_corpora(corpora: &Path, targets: &[String]) -> Result<bool> {
    let (dir, profiles) = clean()?;
    let judge = ["run", "--quiet", "--package", "synproof-fuzz", "--bin", "synproof-fuzz", "--"];
    let mut ok = true;
    for target in targets.iter().filter(|target| corpora.join(target).is_dir()) {
        let corpus = corpora.join(target).to_string_lossy().into_owned();
        let mut check = instrumented(&dir, &judge);
        check.args(["check", target, &corpus, "--marks"]).stdout(Stdio::null());
        ok &= passes(check)?;
    }
    // What the corpora are to reach is less than what everything together is.
    let _below_aim = figures(&dir, &profiles, &["synproof_fuzz".to_owned()])?;
    Ok(ok)
}

/// Where programs with instrumentation are built, and where they write; nothing is there yet.
fn clean() -> Result<(PathBuf, PathBuf)> {
    let dir = root().join("target/coverage");
    let profiles = dir.join("profiles");
    let _none_yet = std::fs::remove_dir_all(&profiles);
    std::fs::create_dir_all(&profiles).context("failed to make target/coverage")?;
    Ok((dir, profiles))
}

/// cargo, with instrumentation.
fn instrumented(dir: &Path, args: &[&str]) -> Command {
    let mut command = cargo(args);
    command
        .env("RUSTFLAGS", "-C instrument-coverage")
        .env("CARGO_TARGET_DIR", dir)
        .env("LLVM_PROFILE_FILE", dir.join("profiles/%p-%m.profraw"));
    command
}

fn figures(dir: &Path, profiles: &Path, names: &[String]) -> Result<bool> {
    let lcov = export(dir, profiles, names)?;
    let files = lines_of(&lcov);
    ensure!(!files.is_empty(), "no coverage of {SOURCE} was recorded");
    report(&files, dir)
}

/// Merges the profiles, and exports the lines of every instrumented program.
fn export(dir: &Path, profiles: &Path, names: &[String]) -> Result<String> {
    let tools = tools()?;
    let merged = dir.join("merged.profdata");
    let mut merge = Command::new(tools.join("llvm-profdata"));
    merge.args(["merge", "--sparse", "--output"]).arg(&merged).arg(profiles);
    ensure!(merge.status().context("failed to run llvm-profdata")?.success(), "llvm-profdata");
    let mut export = Command::new(tools.join("llvm-cov"));
    export.args(["export", "--format=lcov", "--instr-profile"]).arg(&merged);
    for program in programs(dir, names)? {
        export.arg("--object").arg(program);
    }
    export.arg("--sources").arg(root().join(SOURCE));
    let output = export.output().context("failed to run llvm-cov")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where LLVM's tools are: with the toolchain, or where Debian has those of the same LLVM.
fn tools() -> Result<PathBuf> {
    let sysroot = said("rustc", &["--print", "sysroot"])?;
    let host = said("rustc", &["--print", "host-tuple"])?;
    let version = said("rustc", &["--version", "--verbose"])?;
    let llvm = version.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    let major = llvm.and_then(|llvm| llvm.split('.').next()).unwrap_or_default();
    let places = [
        Path::new(&sysroot).join("lib/rustlib").join(host).join("bin"),
        PathBuf::from(format!("/usr/lib/llvm-{major}/bin")),
    ];
    let found = places.iter().find(|place| place.join("llvm-cov").exists());
    let [first, second] = places.each_ref().map(|place| place.display());
    found.cloned().with_context(|| {
        format!(
            "no llvm-cov in {first} or {second} (rustup component add llvm-tools, or Debian's llvm-{major})"
        )
    })
}

fn said(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).current_dir(root()).output();
    let output = output.with_context(|| format!("failed to run {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The programs that contain the stack, by the names they have in deps/. Of several
/// builds of one program the newest counts.
fn programs(dir: &Path, names: &[String]) -> Result<Vec<PathBuf>> {
    let mut newest = BTreeMap::new();
    let deps = dir.join("debug/deps");
    for entry in std::fs::read_dir(&deps).context("nothing was built")? {
        let path = entry.context("failed to read target/coverage")?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((name, _)) = file.rsplit_once('-') else { continue };
        if file.contains('.') || !names.iter().any(|known| known == name) {
            continue;
        }
        let modified = path.metadata().and_then(|meta| meta.modified()).ok();
        let best = newest.entry(name.to_owned()).or_insert((modified, path.clone()));
        if modified > best.0 {
            *best = (modified, path);
        }
    }
    Ok(newest.into_values().map(|(_, path)| path).collect())
}

/// Names of the Rust files of a directory, without `.rs`.
fn stems(dir: &Path) -> Result<Vec<String>> {
    let mut stems = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("no {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            stems.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    Ok(stems)
}

/// The lines of each file of the source, from lcov's `SF` and `DA` records.
fn lines_of(lcov: &str) -> BTreeMap<String, Lines> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    let mut current = None;
    for record in lcov.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            let path = relative(Path::new(path));
            let is_ours = path.starts_with(SOURCE) && !path.ends_with("tests.rs");
            current = is_ours.then_some(path);
        }
        let (Some(path), Some(line)) = (&current, record.strip_prefix("DA:")) else { continue };
        let mut numbers = line.split(',').map(str::parse::<u64>);
        let (Some(Ok(line)), Some(Ok(times))) = (numbers.next(), numbers.next()) else { continue };
        let line = usize::try_from(line).unwrap_or(0);
        *files.entry(path.clone()).or_default().entry(line).or_default() += times;
    }
    files
}

/// Prints a line for each file and lists what was not run; true when the aim is reached.
fn report(files: &BTreeMap<String, Lines>, dir: &Path) -> Result<bool> {
    let (mut all, mut covered, mut missed) = (0, 0, String::new());
    say("");
    for (path, lines) in files {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        let code = lines_before_tests(&text);
        let text: Vec<&str> = text.lines().collect();
        let counted = || lines.iter().filter(|(line, _)| **line <= code);
        let run = counted().filter(|(_, times)| **times > 0).count();
        let total = counted().count();
        (all, covered) = (all + total, covered + run);
        say(&format!("{:>6.1} %  {path}", share(run, total)));
        for (line, _) in counted().filter(|(_, times)| **times == 0) {
            let source = text.get(line - 1).copied().unwrap_or_default();
            missed.push_str(&format!("{path}:{line}: {source}\n"));
        }
    }
    let list = dir.join("uncovered.txt");
    std::fs::write(&list, missed).context("failed to write the list")?;
    say(&format!("coverage: {covered} of {all} lines, {:.1} %", share(covered, all)));
    say(&format!("what is not covered: {}", relative(&list)));
    Ok(covered * 100 >= all * AIM)
}

fn share(part: usize, whole: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let share = |part: usize| part as f64;
    100.0 * share(part) / share(whole.max(1))
}

/// Number of the last line before the tests of a file, which stand at its end.
fn lines_before_tests(text: &str) -> usize {
    text.lines().position(|line| line == "#[cfg(test)]").unwrap_or_else(|| text.lines().count())
}

#[cfg(test)]
mod tests {
    use super::{lines_before_tests, lines_of};

    #[test]
    fn lcov_is_read() {
        let path = crate::root::root().join("stack/src/lib.rs");
        let lcov = format!(
            "SF:{}\nDA:3,0\nDA:4,2\nDA:4,1\nend_of_record\nSF:/x.rs\nDA:1,1\n",
            path.display()
        );
        let files = lines_of(&lcov);
        assert_eq!(files.len(), 1);
        assert_eq!(files["stack/src/lib.rs"], [(3, 0), (4, 3)].into());
    }

    #[test]
    fn tests_are_not_counted() {
        assert_eq!(lines_before_tests("a\nb\n#[cfg(test)]\nmod tests {}\n"), 2);
        assert_eq!(lines_before_tests("a\nb\n"), 2);
    }
}
