//! Shell commands of a script, carried out in its namespace.

use std::process::{Command as Process, Stdio};

use crate::command::{CommandOutcome, ShellScript};

/// Runs `script` on the calling thread, which lives in the namespace.
pub(super) fn run(script: &ShellScript) -> CommandOutcome {
    shell(script)
}

fn failed(status: i32, why: String) -> CommandOutcome {
    CommandOutcome::Failed { status, why }
}

fn shell(script: &ShellScript) -> CommandOutcome {
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
    let output = Process::new("/bin/sh")
        .arg("-c")
        .arg(&script.text)
        .current_dir(if script.dir.as_os_str().is_empty() {
            ".".as_ref()
        } else {
            script.dir.as_path()
        })
        .env("PACKETDRILL_PID", std::process::id().to_string())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => CommandOutcome::Ok,
        Ok(output) => failed(
            output.status.code().unwrap_or(128),
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ),
        Err(error) => failed(127, format!("/bin/sh: {error}")),
    }
}
