//! Room for the memory of guests. It is a file without a name, and a full disk shows to the guest
//! as a bus error, which explains nothing.

use std::path::PathBuf;

use nix::sys::statvfs::statvfs;

/// What a guest uses in the course of many scripts, in MiB.
const USED: u64 = 128;

/// Says so if the place for a guest's memory is nearly full.
pub(super) fn cramped() -> Option<String> {
    let place = place();
    let left = statvfs(&place).ok()?;
    let left = left.blocks_available().saturating_mul(left.fragment_size()) >> 20;
    let place = place.display();
    (left < USED).then(|| {
        format!("{left} MiB are left in {place}, where guests have their memory (TMPDIR moves it)")
    })
}

/// As arch/um/os-Linux/mem.c chooses it.
fn place() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let named = ["TMPDIR", "TMP", "TEMP"].into_iter().find_map(set);
    let shared = PathBuf::from("/dev/shm");
    named.map(PathBuf::from).unwrap_or(if shared.is_dir() { shared } else { "/tmp".into() })
}
