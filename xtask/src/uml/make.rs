//! Running kbuild: its environment, its log, and what is shown of it.

use std::collections::VecDeque;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::cache::Lock;
use super::needs;
use crate::shell::say;

/// How much of the log is shown when a build fails.
const SHOWN_ON_FAILURE: usize = 30;

/// Variables that would change what kbuild does, and beginnings of such.
const UNWANTED: [&str; 22] = [
    "ARCH",
    "SUBARCH",
    "CROSS_COMPILE",
    "O",
    "V",
    "W",
    "C",
    "M",
    "LLVM",
    "LLVM_IAS",
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEFILES",
    "LOCALVERSION",
    "CFLAGS",
    "LDFLAGS",
    "CPATH",
    "INSTALL_PATH",
    "C_INCLUDE_PATH",
    "GCC_EXEC_PREFIX",
    "CDPATH",
];
const UNWANTED_BEGINNINGS: [&str; 5] = ["KBUILD_", "KCONFIG_", "KC", "KAFLAGS", "CONFIG_"];

/// Who, where and when a kernel was built is in the kernel; the same for all makes equal kernels
/// equal.
const ALWAYS: [&str; 6] = [
    "ARCH=um",
    "LOCALVERSION=",
    "KBUILD_BUILD_USER=synproof",
    "KBUILD_BUILD_HOST=uml",
    "KBUILD_BUILD_VERSION=1",
    "KBUILD_BUILD_TIMESTAMP=1970-01-01 00:00:00 UTC",
];

/// One kernel's kbuild.
pub(crate) struct Kbuild<'a> {
    /// The kernel tree; it is only read
    pub(crate) tree: &'a Path,
    /// Where everything is written
    pub(crate) objects: &'a Path,
    /// The outermost Kconfig file
    pub(crate) kconfig: &'a Path,
    /// Every line of make's output is appended to this file
    pub(crate) log: &'a Path,
    pub(crate) jobs: usize,
    pub(crate) lock: &'a Lock,
}

impl Kbuild<'_> {
    /// Makes a target. Fails with the end of make's output.
    pub(crate) fn make(&self, target: &str, variables: &[(&str, &OsStr)]) -> Result<()> {
        let (output, input) = std::io::pipe().context("failed to make a pipe")?;
        let mut command = self.command(target, variables);
        command.stdin(self.lock.file.try_clone().context("failed to copy the lock")?);
        command.stdout(input.try_clone().context("failed to copy a pipe")?).stderr(input);
        let mut child = command.spawn().context("failed to run make")?;
        // It holds our end of the pipe for writing, and without it gone reading would never end.
        drop(command);
        let last = self.follow(output)?;
        if child.wait().context("failed to wait for make")?.success() {
            return Ok(());
        }
        last.iter().for_each(|line| say(line));
        bail!("make {target} failed; all it said is in {}", self.log.display())
    }

    fn command(&self, target: &str, variables: &[(&str, &OsStr)]) -> Command {
        let assigned = |name: &str, value: &OsStr| {
            let mut word = OsString::from(name);
            word.push("=");
            word.push(value);
            word
        };
        let mut command = Command::new("make");
        let unwanted = env::vars_os().map(|(name, _)| name).filter(|name| is_unwanted(name));
        unwanted.for_each(|name| {
            command.env_remove(name);
        });
        command.env("LC_ALL", "C").arg("-C").arg(self.tree).args(ALWAYS);
        command.arg(assigned("O", self.objects.as_os_str()));
        command.arg(assigned("KBUILD_KCONFIG", self.kconfig.as_os_str()));
        command.arg(assigned("CC", needs::compiler().as_ref()));
        command.args(variables.iter().map(|(name, value)| assigned(name, value)));
        command.arg(format!("-j{}", self.jobs)).arg(target);
        command
    }

    /// Writes make's output to the log and shows where it is; returns its last lines.
    fn follow(&self, output: impl std::io::Read) -> Result<VecDeque<String>> {
        let what = || format!("failed to write {}", self.log.display());
        let mut log =
            File::options().append(true).create(true).open(self.log).with_context(what)?;
        let style = ProgressStyle::with_template("  {pos} steps, {elapsed}  {wide_msg}")?;
        let progress = ProgressBar::no_length().with_style(style);
        let mut last = VecDeque::new();
        let mut logged = Ok(());
        for line in BufReader::new(output).split(b'\n') {
            let line =
                String::from_utf8_lossy(&line.context("failed to read from make")?).into_owned();
            // With a full disk make fails too, in its own words; it must not wait for us then.
            logged = logged.and_then(|()| writeln!(log, "{line}"));
            progress.set_message(line.trim().to_owned());
            progress.inc(1);
            if last.len() == SHOWN_ON_FAILURE {
                last.pop_front();
            }
            last.push_back(line);
        }
        progress.finish_and_clear();
        logged.with_context(what)?;
        Ok(last)
    }
}

fn is_unwanted(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    UNWANTED.contains(&&*name) || UNWANTED_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::is_unwanted;

    #[rstest]
    #[case("ARCH", true)]
    #[case("KBUILD_OUTPUT", true)]
    #[case("KCFLAGS", true)]
    #[case("MAKEFLAGS", true)]
    #[case("CC", false)]
    #[case("PATH", false)]
    #[case("HOME", false)]
    fn only_what_people_choose_reaches_kbuild(#[case] name: &str, #[case] unwanted: bool) {
        assert_eq!(is_unwanted(name.as_ref()), unwanted);
    }
}
