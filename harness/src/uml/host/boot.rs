//! Starts a guest's kernel: its arguments, its pipes, and the name of its init.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::target::TargetError;
use crate::target::linux::{
    end_with_this_thread, with_all_it_starts, without_address_randomisation,
};
use crate::uml::guest;
use crate::uml::kernel::Kernel;

/// What stays the same in every boot. `inf-cpu`: time passes only while everything sleeps. The
/// wall clock starts where it always does, so that no date ever makes a difference.
const ARGUMENTS: [&str; 12] = [
    "mem=512M",
    // There is no block device; without a word about it, old kernels look for one.
    "root=none",
    "rootfstype=hostfs",
    "rootflags=/",
    "ro",
    "time-travel=inf-cpu",
    "time-travel-start=1700000000000000000",
    "con=null",
    // The kernel's own words go to standard error, the messages over the first terminal.
    "con0=null,fd:2",
    "con1=fd:0,fd:1",
    "loglevel=4",
    // Where it would note its process number, if that could be written to: nothing may be left.
    "uml_dir=/proc/",
];

/// A kernel that has been started.
#[derive(Debug)]
pub(super) struct Booted {
    pub(super) child: Child,
    pub(super) to_guest: OwnedFd,
    pub(super) from_guest: OwnedFd,
    pub(super) console: OwnedFd,
    /// Is in the way to init, until that runs.
    pub(super) folder: Option<TempDir>,
}

/// Starts `kernel` with this program as init. The thread that calls this
/// keeps the guest alive: when it ends, so does the guest, however that happens.
pub(super) fn boot(kernel: &Kernel) -> Result<Booted, TargetError> {
    let (init, folder) = name_init()?;
    let mut command = Command::new(&kernel.binary);
    command
        .args(ARGUMENTS)
        .arg(format!("init={init}"))
        .args(["--", guest::COMMAND])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    end_with_this_thread(&mut command);
    // Older kernels (6.1, not 6.12) leave the processes of the guest's programs behind when they are
    // killed, and those would go on as programs of the host.
    with_all_it_starts(&mut command);
    // User-Mode Linux makes up for the random gap behind its program with memory, of which many
    // limits of TCP are a share.
    without_address_randomisation(&mut command);
    let what = format!("start {}", kernel.binary.display());
    let mut child = command.spawn().map_err(io_error(&what))?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(TargetError::Internal("a process without its pipes".into()));
    };
    Ok(Booted {
        child,
        to_guest: stdin.into(),
        from_guest: stdout.into(),
        console: stderr.into(),
        folder,
    })
}

/// This program, by a path that a kernel can be told: its own, or that of a link to it.
fn name_init() -> Result<(String, Option<TempDir>), TargetError> {
    let this = std::env::current_exe().map_err(io_error("find this program"))?;
    if let Some(path) = unquoted(&this) {
        return Ok((path, None));
    }
    let folder = tempfile::Builder::new().prefix("synproof-uml-").tempdir();
    let folder = folder.map_err(io_error("make a folder for a guest"))?;
    let link = folder.path().join("init");
    symlink(&this, &link).map_err(io_error("name the guest's init"))?;
    let path = unquoted(&link).ok_or_else(|| quoted(folder.path()))?;
    Ok((path, Some(folder)))
}

/// The path, if it survives on a kernel's command line, where nothing can be quoted.
fn unquoted(path: &Path) -> Option<String> {
    let text = OsString::from(path).into_string().ok();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:=".contains(c);
    text.filter(|text| text.chars().all(plain))
}

fn quoted(path: &Path) -> TargetError {
    TargetError::Unavailable {
        what: format!("use {} for a guest", path.display()),
        why: "a path on a kernel's command line has only letters, digits and /._-+@:=".into(),
        fix: "set TMPDIR to another folder".into(),
    }
}

pub(super) fn io_error(what: &str) -> impl FnOnce(io::Error) -> TargetError + use<'_> {
    move |source| TargetError::Io { what: what.to_owned(), source }
}
