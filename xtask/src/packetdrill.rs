//! `cargo xtask packetdrill`: scripts without extensions on packetdrill and on synproof, with the
//! running kernel under both; the verdicts must be the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::root::root;
use crate::shell::{capture, say, synproof};

/// Names a packetdrill binary.
const VARIABLE: &str = "SYNPROOF_PACKETDRILL";
/// On a busy machine a real clock fails scripts that the kernel does not.
const RETRIES: u32 = 4;
/// So many of the scripts also run with an end that must fail.
const SPOILT: usize = 10;
/// What never comes.
const SPOIL: &str = "\n+0 > . 77777:77777(0) ack 77777\n";

/// What became of it.
pub(crate) enum Agreement {
    /// Every verdict is the same, of so many.
    Same(usize),
    /// Some are not; which was said.
    Different(usize),
    /// This machine cannot tell, and why.
    Skipped(String),
}

/// The command: fails only where verdicts differ.
pub(crate) fn packetdrill(binary: Option<PathBuf>) -> Result<bool> {
    let (line, ok) = match agreement(binary)? {
        Agreement::Same(count) => (format!("{count} scripts, the same verdict on both"), true),
        Agreement::Different(count) => (format!("{count} verdicts differ"), false),
        Agreement::Skipped(why) => (format!("skipped: {why}"), true),
    };
    say(&line);
    Ok(ok)
}

/// Runs all of them on both.
pub(crate) fn agreement(binary: Option<PathBuf>) -> Result<Agreement> {
    let Some(binary) = binary.or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from)) else {
        return Ok(Agreement::Skipped(format!("{VARIABLE} names no packetdrill binary")));
    };
    if !binary.is_file() {
        return Ok(Agreement::Skipped(format!("{} is no file", binary.display())));
    }
    let Some(namespace) = namespace() else {
        return Ok(Agreement::Skipped("no network namespace can be made".to_owned()));
    };
    let profile = Profile::read()?;
    let scripts = scripts()?;
    let ours = ours(&scripts)?;
    let mut differ = 0;
    for script in &scripts {
        let ours = ours.get(script).copied();
        let theirs_passes = || theirs(&binary, namespace, &profile, script);
        let mut theirs = theirs_passes()?;
        // Our run had as many.
        for _ in 0..if ours == Some(true) { RETRIES } else { 0 } {
            theirs = theirs || theirs_passes()?;
        }
        let word = |passed: bool| if passed { "pass" } else { "fail" };
        let verdict = format!("packetdrill {}", word(theirs));
        let mine = ours.map_or("did not run", word);
        let is_same = ours == Some(theirs);
        differ += usize::from(!is_same);
        let mark = if is_same { "same  " } else { "DIFFER" };
        say(&format!("{mark}  {verdict}, synproof {mine}  {}", name(script)));
    }
    Ok(if differ == 0 { Agreement::Same(scripts.len()) } else { Agreement::Different(differ) })
}

#[derive(Deserialize)]
struct List {
    scripts: Vec<String>,
}

/// The scripts of the list, and spoilt copies of the first ones.
fn scripts() -> Result<Vec<PathBuf>> {
    let text = read(&root().join("specs/packetdrill.toml"))?;
    let list: List = toml::from_str(&text).context("specs/packetdrill.toml")?;
    let from = root().join("specs/scripts");
    let mut all: Vec<PathBuf> = list.scripts.iter().map(|script| from.join(script)).collect();
    let into = root().join("target/packetdrill");
    std::fs::create_dir_all(&into).context("failed to make target/packetdrill")?;
    let spoilt = all.iter().take(SPOILT).map(|script| {
        let path = into.join(format!("{}-spoilt.pkt", name(script).replace(['/', '.'], "-")));
        std::fs::write(&path, read(script)? + SPOIL).context("failed to write a copy")?;
        Ok(path)
    });
    let spoilt = spoilt.collect::<Result<Vec<PathBuf>>>()?;
    all.extend(spoilt);
    Ok(all)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

fn name(script: &Path) -> String {
    let inside = script.strip_prefix(root()).unwrap_or(script).display().to_string();
    inside.trim_start_matches("specs/scripts/").to_owned()
}

/// How a program gets a network of its own here.
fn namespace() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["-n"], &["-r", "-n"]];
    WAYS.into_iter().find(|way| {
        let mut command = Command::new("unshare");
        command.args(*way).arg("true").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// What our profile assumes, for packetdrill.
struct Profile {
    flags: Vec<String>,
    sysctls: String,
}

impl Profile {
    fn read() -> Result<Self> {
        let text = read(&root().join("specs/profiles/synproof.toml"))?;
        let table: toml::Table = toml::from_str(&text).context("specs/profiles/synproof.toml")?;
        let part = |names: &[&str]| {
            let mut part = Some(&table);
            for name in names {
                part = part.and_then(|table| table.get(*name)?.as_table());
            }
            part.into_iter().flatten().filter(|(_, value)| !value.is_table())
        };
        let mut flags = vec!["--ip_version=ipv4".to_owned()];
        for (name, value) in part(&["defaults"]).chain(part(&["defaults", "ipv4"])) {
            // The strict ones are ours alone.
            if !name.starts_with("strict_") {
                flags.push(format!("--{name}={}", plain(value)));
            }
        }
        for (name, value) in part(&["options", "ipv4", "define"]) {
            flags.extend(["-D".to_owned(), format!("{name}={}", plain(value))]);
        }
        let line = |(name, value): (&String, &toml::Value)| {
            format!("sysctl -q -w {name}='{}' 2>/dev/null\n", plain(value))
        };
        let sysctls = part(&["sysctls"]).map(line).collect();
        Ok(Self { flags, sysctls })
    }
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// packetdrill's verdict.
fn theirs(binary: &Path, namespace: &[&str], profile: &Profile, script: &Path) -> Result<bool> {
    let shell = format!("ip link set lo up\n{}exec \"$@\"", profile.sysctls);
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", &shell, "sh"]).arg(binary).args(&profile.flags);
    command.arg(script).current_dir(root().join("specs/scripts"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.status().context("failed to run unshare")?.success())
}

/// A line of `synproof run --format json` that tells how a script ended.
#[derive(Deserialize)]
struct Told {
    script: String,
    verdict: String,
}

/// Our verdicts.
fn ours(scripts: &[PathBuf]) -> Result<BTreeMap<PathBuf, bool>> {
    let fixed = ["run", "--target", "linux", "--ip", "ipv4", "--profile", "synproof"];
    let retries = RETRIES.to_string();
    let rest = ["--retries", retries.as_str(), "--format", "json"];
    let paths: Vec<String> = scripts.iter().map(|path| path.display().to_string()).collect();
    let args: Vec<&str> =
        fixed.into_iter().chain(rest).chain(paths.iter().map(String::as_str)).collect();
    let (_, said) = capture(synproof(&args))?;
    let told = said.lines().filter_map(|line| serde_json::from_str::<Told>(line).ok());
    Ok(told.map(|told| (PathBuf::from(told.script), told.verdict == "pass")).collect())
}
