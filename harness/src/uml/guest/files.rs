//! The files a guest sees: the host's own, read-only, under a layer of memory that takes every
//! change, with the guest's own /proc, /sys and /dev.

use std::path::Path;

use nix::mount::{MsFlags, mount};

/// A folder of any host, which the guest has its own of.
const PLACE: &str = "/proc";

/// Makes them the root of this process.
///
/// # Errors
/// In one line, what the kernel refused.
pub(super) fn arrange() -> Result<(), String> {
    let folder = Path::new(PLACE);
    let step = |what: &str, result: nix::Result<()>| result.map_err(|e| format!("{what}: {e}"));
    step("mount the layer of memory", mount_on(folder, "tmpfs", "mode=755"))?;
    step("enter it", nix::unistd::chdir(folder))?;
    for name in ["changes", "work", "root"] {
        std::fs::create_dir(name).map_err(|error| format!("mkdir {name}: {error}"))?;
    }
    let root = Path::new("root");
    let layers = "lowerdir=/,upperdir=changes,workdir=work";
    step("put it over the host's files", mount_on(root, "overlay", layers))?;
    for (kind, place) in [("proc", "proc"), ("sysfs", "sys"), ("devtmpfs", "dev")] {
        step(&format!("mount {kind}"), mount_on(&root.join(place), kind, ""))?;
    }
    step("make it the root", nix::unistd::chroot(root))?;
    step("enter the root", nix::unistd::chdir("/"))?;
    for (name, value) in QUIET {
        // A matter of speed only.
        let _ = std::fs::write(name, value);
    }
    Ok(())
}

/// What wakes an idle kernel every few seconds, all the hours between two scripts: writing back
/// (there is nothing to write), and the accounts of SCHED_RR (nobody competes).
const QUIET: [(&str, &str); 2] = [
    ("/proc/sys/vm/dirty_writeback_centisecs", "0"),
    ("/proc/sys/kernel/sched_rt_runtime_us", "-1"),
];

fn mount_on(place: &Path, kind: &str, data: &str) -> nix::Result<()> {
    mount(Some(kind), place, Some(kind), MsFlags::empty(), Some(data))
}
