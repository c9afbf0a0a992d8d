//! Carries a [`ShellScript`] out on a [`CommandHost`]: list operators, statuses, saved sysctls,
//! nstat's history. The rules are those of sh(1), sysctl(8), grep(1), nstat(8) and packetdrill's
//! `set_sysctls.py`; how a value reaches the target is the host's.

use std::collections::BTreeMap;
use std::path::Path;

use super::grep::Pattern;
use super::host::{CommandHost, Refusal, SysctlKey};
use super::{Command, CommandOutcome, NstatCounters, Setting, ShellScript, Step, When, sysctl};
use crate::target::TargetError;

/// What commands of one script leave behind for later ones. One per target; starts empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Values that the last `set_sysctls.py` found.
    saved: Option<Vec<Setting>>,
    /// The last `set_sysctls.py` ran in a real shell, and so did not leave its values here but in
    /// a file.
    saved_by_shell: bool,
    /// Counters at the last nstat. Starts at zero, as the counters of a fresh target do.
    nstat_history: BTreeMap<String, i64>,
}

/// Runs `script`. The outcome is what the shell's exit status would say; the first command that
/// the host does not support ends the run as [`CommandOutcome::Unsupported`], because nobody can
/// tell what the rest of the script is worth without it.
pub fn execute(
    script: &ShellScript,
    session: &mut Session,
    host: &mut dyn CommandHost,
) -> Result<CommandOutcome, TargetError> {
    let mut run = Run { session, host, dir: &script.dir };
    match run.list(&script.commands) {
        Ok(Status { code: 0, .. }) => Ok(CommandOutcome::Ok),
        Ok(Status { code, why }) => Ok(CommandOutcome::Failed { status: code, why }),
        Err(Refusal::Failed { status, why }) => Ok(CommandOutcome::Failed { status, why }),
        Err(Refusal::Unsupported(why)) => Ok(CommandOutcome::Unsupported(why)),
        Err(Refusal::Target(error)) => Err(error),
    }
}

/// The script that `set_sysctls.py` writes; it finds the number in PACKETDRILL_PID.
const RESTORE: &str = "/tmp/sysctl_restore_${PPID}.sh";

/// An exit status and what stderr would have said.
#[derive(Debug)]
struct Status {
    code: i32,
    why: String,
}

impl Status {
    const OK: Self = Self { code: 0, why: String::new() };

    fn failed(code: i32, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// 0 or 1, as grep says whether a line matched.
    fn found(found: bool, why: impl FnOnce() -> String) -> Self {
        if found { Self::OK } else { Self::failed(1, why()) }
    }
}

struct Run<'a> {
    session: &'a mut Session,
    host: &'a mut dyn CommandHost,
    dir: &'a Path,
}

impl Run<'_> {
    fn list(&mut self, steps: &[Step]) -> Result<Status, Refusal> {
        let mut last = Status::OK;
        for step in steps {
            let due = match step.when {
                When::Always => true,
                When::AfterSuccess => last.code == 0,
                When::AfterFailure => last.code != 0,
            };
            if !due {
                continue;
            }
            last = match self.step(&step.command) {
                Ok(status) => status,
                Err(Refusal::Failed { status, why }) => Status::failed(status, why),
                Err(other @ (Refusal::Unsupported(_) | Refusal::Target(_))) => return Err(other),
            };
            if last.code != 0 && last.why.is_empty() {
                last.why = format!("`{}` returned status {}", step.text, last.code);
            }
            if matches!(step.command, Command::Exit(_)) {
                break;
            }
        }
        Ok(last)
    }

    fn step(&mut self, command: &Command) -> Result<Status, Refusal> {
        match command {
            Command::SetSysctls { settings, ignore_missing } => {
                self.set_sysctls(settings, *ignore_missing)
            }
            Command::ReadSysctls { names, ignore_missing } => {
                self.read_sysctls(names, *ignore_missing)
            }
            Command::SaveAndSetSysctls { settings } => self.save_and_set(settings),
            Command::RestoreSysctls => self.restore(),
            Command::WriteFile { path, value } => self.done(|host| host.write_file(path, value)),
            Command::MakeFile { path, len } => self.done(|host| host.make_file(path, *len)),
            Command::RemoveFiles { paths } => {
                self.done(|host| paths.iter().try_for_each(|path| host.remove_file(path)))
            }
            Command::ReadFiles { paths } => self.read_files(paths),
            Command::Ip(command) => self.done(|host| host.ip(command)),
            Command::Tc(command) => self.done(|host| host.tc(command)),
            Command::EthtoolFeatures { dev, features } => {
                self.done(|host| host.ethtool(dev, features))
            }
            Command::Nstat => self.nstat(),
            Command::NstatGrep { counters, patterns, update_history } => {
                self.nstat_grep(*counters, patterns, *update_history)
            }
            Command::Grep { patterns, files } => self.grep(patterns, files),
            Command::Sleep { us } => self.done(|host| host.sleep_us(*us)),
            Command::True => Ok(Status::OK),
            Command::False => Ok(Status::failed(1, "")),
            Command::Exit(code) => Ok(Status::failed(*code, "")),
            Command::File { path: _, steps } => self.list(steps),
            Command::Shell(text) => self.shell(text),
        }
    }

    fn done(
        &mut self,
        act: impl FnOnce(&mut dyn CommandHost) -> Result<(), Refusal>,
    ) -> Result<Status, Refusal> {
        act(self.host).map(|()| Status::OK)
    }

    fn shell(&mut self, text: &str) -> Result<Status, Refusal> {
        if text.contains("set_sysctls.py") {
            self.session.saved = None;
            self.session.saved_by_shell = true;
        }
        let dir = self.dir;
        self.done(|host| host.shell(text, dir))
    }

    /// Every setting is tried, as sysctl(8) does; the first failure is the one reported.
    fn set_sysctls(&mut self, settings: &[Setting], ignore: bool) -> Result<Status, Refusal> {
        let mut status = Status::OK;
        for Setting { name, value } in settings {
            let failed = match self.host.set_sysctl(name, value) {
                Ok(SysctlKey::Present) => continue,
                Ok(SysctlKey::Missing) if ignore => continue,
                Ok(SysctlKey::Missing) => missing(name),
                Err(Refusal::Failed { why, .. }) => Status::failed(1, why),
                Err(other @ (Refusal::Unsupported(_) | Refusal::Target(_))) => return Err(other),
            };
            if status.code == 0 {
                status = failed;
            }
        }
        Ok(status)
    }

    fn read_sysctls(&mut self, names: &[String], ignore: bool) -> Result<Status, Refusal> {
        let mut status = Status::OK;
        for name in names {
            if self.host.read_sysctl(name)?.is_none() && !ignore && status.code == 0 {
                status = missing(name);
            }
        }
        Ok(status)
    }

    /// A key that cannot be read ends the command before the rest is set; a value that is refused
    /// does not, because `set_sysctls.py` looks at no status of its own writes.
    fn save_and_set(&mut self, settings: &[Setting]) -> Result<Status, Refusal> {
        self.session.saved = Some(Vec::new());
        self.session.saved_by_shell = false;
        for Setting { name, value } in settings {
            let Some(present) = self.host.read_sysctl(name)? else {
                return Ok(missing(name));
            };
            let before = Setting { name: name.clone(), value: present.trim().to_owned() };
            self.session.saved.get_or_insert_default().push(before);
            match self.host.set_sysctl(name, value) {
                Ok(_) | Err(Refusal::Failed { .. }) => {}
                Err(other @ (Refusal::Unsupported(_) | Refusal::Target(_))) => return Err(other),
            }
        }
        Ok(Status::OK)
    }

    /// Only the last value decides: the restoring script is a list of echoes.
    fn restore(&mut self) -> Result<Status, Refusal> {
        if self.session.saved_by_shell {
            return self.shell(RESTORE);
        }
        let Some(saved) = self.session.saved.clone() else {
            let why = "no set_sysctls.py has saved anything, so there is no script to restore it";
            return Ok(Status::failed(127, why));
        };
        let mut last = Status::OK;
        for Setting { name, value } in &saved {
            last = match self.host.set_sysctl(name, value) {
                Ok(SysctlKey::Present) => Status::OK,
                Ok(SysctlKey::Missing) => missing(name),
                Err(Refusal::Failed { status, why }) => Status::failed(status, why),
                Err(other @ (Refusal::Unsupported(_) | Refusal::Target(_))) => return Err(other),
            };
        }
        Ok(last)
    }

    fn read_files(&mut self, paths: &[String]) -> Result<Status, Refusal> {
        let mut status = Status::OK;
        for path in paths {
            if self.host.read_file(path)?.is_none() {
                status = Status::failed(1, format!("cat: {path}: No such file or directory"));
            }
        }
        Ok(status)
    }

    fn nstat(&mut self) -> Result<Status, Refusal> {
        self.session.nstat_history = self.host.nstat_snapshot()?;
        Ok(Status::OK)
    }

    fn nstat_grep(
        &mut self,
        counters: NstatCounters,
        patterns: &[String],
        update_history: bool,
    ) -> Result<Status, Refusal> {
        let now = self.host.nstat_snapshot()?;
        let printed = nstat_lines(&now, &self.session.nstat_history, counters);
        if update_history {
            self.session.nstat_history = now;
        }
        let found = any_line(printed.iter().map(String::as_str), patterns)?;
        Ok(Status::found(found, || format!("nstat printed no line with {}", quoted(patterns))))
    }

    fn grep(&mut self, patterns: &[String], files: &[String]) -> Result<Status, Refusal> {
        let mut lines = Vec::new();
        let mut absent = None;
        for file in files {
            let Some(text) = self.host.read_file(file)? else {
                absent = Some(file);
                continue;
            };
            let first = compile(patterns.first().map_or("", String::as_str))?;
            let hits = text.lines().filter(|line| first.matches(line));
            // With several files grep puts the name in front, where a second grep can see it.
            let prefix = if files.len() > 1 { format!("{file}:") } else { String::new() };
            lines.extend(hits.map(|line| format!("{prefix}{line}")));
        }
        let later = patterns.get(1..).unwrap_or_default();
        let found = any_line(lines.iter().map(String::as_str), later)?;
        Ok(match absent {
            // The status of a pipe is that of its last command, which saw no error.
            Some(file) if later.is_empty() => {
                Status::failed(2, format!("grep: {file}: No such file or directory"))
            }
            Some(_) | None => Status::found(found, || {
                format!("no line of {} has {}", files.join(" "), quoted(patterns))
            }),
        })
    }
}

/// What sysctl(8) says about a key that is not there.
fn missing(name: &str) -> Status {
    let path = sysctl::proc_path(name);
    Status::failed(1, format!("sysctl: cannot stat {path}: No such file or directory"))
}

/// The output of nstat(8), header included.
fn nstat_lines(
    now: &BTreeMap<String, i64>,
    history: &BTreeMap<String, i64>,
    counters: NstatCounters,
) -> Vec<String> {
    let mut lines = vec!["#kernel".to_owned()];
    for (name, &value) in now {
        let before = history.get(name).copied().unwrap_or_default();
        let shown = if counters.absolute { value } else { value.wrapping_sub(before) };
        if shown != 0 || counters.zeros {
            lines.push(format!("{name:<32}{shown:<16}{:>6.1}", 0.0));
        }
    }
    lines
}

/// Whether a line gets through every one of `patterns`.
fn any_line<'a>(
    mut lines: impl Iterator<Item = &'a str>,
    patterns: &[String],
) -> Result<bool, Refusal> {
    let compiled =
        patterns.iter().map(|pattern| compile(pattern)).collect::<Result<Vec<_>, _>>()?;
    Ok(lines.any(|line| compiled.iter().all(|pattern| pattern.matches(line))))
}

fn compile(pattern: &str) -> Result<Pattern, Refusal> {
    let beyond = || Refusal::Unsupported(format!("the pattern {pattern:?} of a grep"));
    Pattern::new(pattern).ok_or_else(beyond)
}

fn quoted(patterns: &[String]) -> String {
    patterns.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests;
