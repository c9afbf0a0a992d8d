//! Unpacking the archive of a kernel: what a UML kernel is compiled from, and every Kconfig file.
//!
//! Most of a kernel is drivers for hardware that UML does not have. Leaving their C files in the
//! archive saves four fifths of the disk and half of the time.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::tree;
use crate::shell::say;

/// Directories whose C files stay in the archive. kbuild reads their Kconfig files and Makefiles.
const WITHOUT_CODE: [&str; 52] = [
    "arch/alpha",
    "arch/arc",
    "arch/arm",
    "arch/arm64",
    "arch/csky",
    "arch/hexagon",
    "arch/loongarch",
    "arch/m68k",
    "arch/microblaze",
    "arch/mips",
    "arch/nios2",
    "arch/openrisc",
    "arch/parisc",
    "arch/powerpc",
    "arch/riscv",
    "arch/s390",
    "arch/sh",
    "arch/sparc",
    "arch/xtensa",
    "drivers/accel",
    "drivers/clk",
    "drivers/comedi",
    "drivers/crypto",
    "drivers/gpu",
    "drivers/hwmon",
    "drivers/iio",
    "drivers/infiniband",
    "drivers/input",
    "drivers/irqchip",
    "drivers/md",
    "drivers/media",
    "drivers/mfd",
    "drivers/mtd",
    "drivers/net/dsa",
    "drivers/net/ethernet",
    "drivers/net/wireless",
    "drivers/pinctrl",
    "drivers/platform",
    "drivers/scsi",
    "drivers/soc",
    "drivers/staging",
    "drivers/usb",
    "drivers/video",
    "fs/bcachefs",
    "fs/btrfs",
    "fs/ext4",
    "fs/f2fs",
    "fs/ocfs2",
    "fs/smb",
    "fs/xfs",
    "samples",
    "sound",
];

/// Directories whose content stays in the archive but for the files at their top.
const WITHOUT_DEPTH: [&str; 3] = ["Documentation", "tools/testing", "tools/perf"];

/// How the name of a directory begins that is being unpacked into.
pub(crate) const PARTIAL: &str = ".partial-";

/// What C files, and descriptions of boards, end in.
const CODE: &str = "*.[chS]";
const BOARDS: [&str; 2] = ["*.dts", "*.dtsi"];

/// Unpacks an archive into the new directory `tree`, which appears when it is complete and has
/// been found to be a kernel.
pub(crate) fn unpack(archive: &Path, tree: &Path) -> Result<()> {
    let parent = tree.parent().unwrap_or(tree);
    let partial = parent.join(format!("{PARTIAL}{}", std::process::id()));
    let shown = archive.display();
    say(&format!("unpacking {shown}"));
    let place = || -> Result<()> {
        std::fs::create_dir_all(&partial)
            .with_context(|| format!("failed to create {}", partial.display()))?;
        tar(archive, &partial)?;
        tree::check(&partial).with_context(|| format!("{shown} cannot be built"))?;
        std::fs::rename(&partial, tree)
            .with_context(|| format!("failed to rename {}", partial.display()))
    };
    let placed = place();
    if placed.is_err() {
        // What is half there helps nobody; the first error is the one to show.
        let _ = std::fs::remove_dir_all(&partial);
    }
    placed
}

fn tar(archive: &Path, into: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    command.args(["--strip-components=1", "--no-same-owner", "--wildcards"]);
    command.args(exclusions().map(|pattern| format!("--exclude={pattern}")));
    command.arg("--directory").arg(into).arg("--file").arg(archive).arg("--extract");
    // Kernels come as many xz blocks, which more than one CPU can unpack at once.
    command.env("XZ_DEFAULTS", "--threads=0").stdin(Stdio::null());
    let output = command.output().context("failed to run tar")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("failed to unpack {}: {}", archive.display(), reason(&said));
    }
    Ok(())
}

/// The line of what tar said that tells most: the first, unless the disk is full, which it says
/// once and then goes on about file after file.
fn reason(said: &str) -> &str {
    let full = said.lines().find(|line| line.contains("No space left"));
    full.or_else(|| said.lines().next()).unwrap_or("tar failed without a word")
}

/// Patterns of tar, in which `*` also stands for `/`.
fn exclusions() -> impl Iterator<Item = String> {
    let code = WITHOUT_CODE.iter().map(|directory| format!("*/{directory}/{CODE}"));
    let boards = BOARDS.iter().map(|pattern| format!("*/arch/{pattern}"));
    let depth = WITHOUT_DEPTH.iter().map(|directory| format!("*/{directory}/*/*"));
    code.chain(boards).chain(depth)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{exclusions, reason};

    #[rstest]
    #[case("tar: a: Wrote only 1 of 2\ntar: b: Cannot write: No space left on device\n", "b")]
    #[case("tar: c: not an archive\ntar: Error is not recoverable\n", "c")]
    fn the_reason_is_one_line(#[case] said: &str, #[case] about: &str) {
        assert!(reason(said).starts_with(&format!("tar: {about}: ")));
    }

    #[test]
    fn what_uml_is_made_from_is_unpacked() {
        let kept = ["arch/um/", "arch/x86/", "net/", "kernel/", "drivers/net/*", "drivers/base/"];
        for pattern in exclusions() {
            let starts = |kept: &&str| pattern.starts_with(&format!("*/{kept}"));
            assert!(!kept.iter().any(starts), "{pattern}");
        }
    }
}
