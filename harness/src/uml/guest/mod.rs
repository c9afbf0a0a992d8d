//! The guest's side: this program as the first process of a User-Mode Linux.
//!
//! It has no environment and nobody to report to but the host: it arranges its files, runs what it
//! is sent, and powers the machine off.

mod files;
mod length;
mod serve;

use std::fs::File;
use std::os::fd::AsFd;

use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::termios::{self, SetArg};

use super::message::{ToHost, frame};

/// The word after `--` that makes this program the init of a guest.
pub const COMMAND: &str = "uml-guest";

/// The terminal that messages travel over.
const TERMINAL: &str = "/dev/tty1";

/// Does everything a guest does. Returns only where it is not the first process of a machine.
///
/// # Errors
/// It is not.
pub fn init() -> Result<std::convert::Infallible, String> {
    if std::process::id() != 1 {
        return Err(format!("{COMMAND} is for the init of a guest, not for people"));
    }
    if let Err(why) = serve_all() {
        // The host learns it from the kernel's console and from the guest's end.
        let _ = std::fs::write("/dev/kmsg", format!("<3>synproof: {why}\n"));
    }
    nix::unistd::sync();
    match reboot(RebootMode::RB_POWER_OFF) {
        Ok(never) => Ok(never),
        Err(error) => Err(format!("power off: {error}")),
    }
}

fn serve_all() -> Result<(), String> {
    let files = files::arrange();
    let mut terminal = open_terminal()?;
    match files {
        Ok(()) => serve::serve(&mut terminal),
        Err(why) => serve::send(&mut terminal, &frame(&ToHost::Unusable(why))?),
    }
}

/// Opens the terminal for bytes of any value, without echo.
fn open_terminal() -> Result<File, String> {
    let failed = |error: String| format!("open {TERMINAL}: {error}");
    let mut options = File::options();
    let terminal = options.read(true).write(true).open(TERMINAL);
    let terminal = terminal.map_err(|error| failed(error.to_string()))?;
    let mut raw = termios::tcgetattr(terminal.as_fd()).map_err(|e| failed(e.to_string()))?;
    termios::cfmakeraw(&mut raw);
    let set = termios::tcsetattr(terminal.as_fd(), SetArg::TCSANOW, &raw);
    set.map_err(|error| failed(error.to_string()))?;
    // A script that wrote to it would speak for us.
    std::fs::remove_file(TERMINAL).map_err(|error| failed(error.to_string()))?;
    Ok(terminal)
}
