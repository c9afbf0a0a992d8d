//! `synproof doctor`: which targets this machine can run.

use super::console::Console;
use super::exit::Exit;
use crate::target::TargetError;
use crate::target::registry::{RegistryError, TARGETS, launcher, prepare_process};

pub(super) fn doctor(console: &Console) -> Exit {
    let paint = console.paint();
    let mut text = String::new();
    for target in TARGETS {
        prepare_process(target.name);
        let info = launcher(target.name).and_then(|launch| Ok(launch.info()?));
        let said = match info {
            Ok(info) => format!("{}  {}", paint.key("yes"), info.version),
            Err(RegistryError::Unavailable(TargetError::Unavailable { what, why, fix })) => {
                format!("{}   {what}: {why}\n{:16}{fix}", paint.bad("no"), "")
            }
            Err(error) => format!("{}   {error}", paint.bad("no")),
        };
        text += &format!("{:<11} {said}\n", target.name);
    }
    match console.out(&text) {
        Ok(()) => Exit::Ok,
        Err(_) => Exit::Environment,
    }
}
