//! Programs started for a script: `/bin/sh`, and those of iproute2 for what is not done in process.
//!
//! They are forked from the namespace's thread, so they live in the namespace.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use nix::sys::signal::SigSet;

use crate::command::host::Refusal;

/// `/bin/sh -c text`.
pub(super) fn shell(text: &str, dir: &Path) -> Result<(), Refusal> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(text);
    // An empty path is the directory of a script given without one.
    if !dir.as_os_str().is_empty() {
        command.current_dir(dir);
    }
    run(&mut command, "/bin/sh")
}

/// Runs a program with its arguments.
pub(super) fn program(name: &str, words: &[String]) -> Result<(), Refusal> {
    run(Command::new(name).args(words), name)
}

fn run(command: &mut Command, name: &str) -> Result<(), Refusal> {
    // A child inherits the mask of the thread that forks it.
    let _ = SigSet::empty().thread_set_mask();
    let output = command
        .env("PACKETDRILL_PID", std::process::id().to_string())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = [output.stderr, output.stdout].concat();
            let why = String::from_utf8_lossy(&said).trim().to_owned();
            Err(Refusal::Failed { status: as_shell_status(output.status), why })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Refusal::Unsupported(
            format!("the program {name}, which this machine does not have"),
        )),
        Err(error) => {
            Err(Refusal::Failed { status: 126, why: format!("cannot run {name}: {error}") })
        }
    }
}

/// As the shell's `$?`: 128 and the signal for a killed program.
fn as_shell_status(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
