//! `seed`: inputs to begin with, for every target: generated ones, and what scripts hold.

use std::path::{Path, PathBuf};

use synproof_fuzz::script_input::script_input;
use synproof_fuzz::{Seeded, TARGETS};

use super::check::{files, read};
use super::{Answer, say};

/// Generated seeds of each target.
const GENERATED: u64 = 64;

pub(super) fn seed(dir: &Path, from: &[PathBuf]) -> Answer {
    let mut scripts = files(from)?;
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "pkt"));
    for target in TARGETS {
        let to = dir.join(target.name);
        std::fs::create_dir_all(&to).map_err(|error| format!("{}: {error}", to.display()))?;
        let mut count = 0;
        for seed in 0..GENERATED {
            let bytes = (target.generate)(&mut Seeded::new(seed));
            write(&to.join(format!("generated-{seed:02}")), &bytes)?;
            count += 1;
        }
        for script in &scripts {
            let Some(bytes) = script_input(target, &read(script)?) else { continue };
            let parts = script.with_extension("");
            let last = parts.iter().rev().take(3).map(|part| part.to_string_lossy());
            let name = last.collect::<Vec<_>>().join("-");
            write(&to.join(format!("script-{name}")), &bytes)?;
            count += 1;
        }
        say(&format!("{:<18} {count} seeds", target.name));
    }
    Ok(true)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
