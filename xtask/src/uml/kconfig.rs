//! The outermost Kconfig file of our builds: the kernel's own, with a frequency of our choice.
//!
//! `arch/um/Kconfig` fixes HZ at 100 and asks nobody. Of several defaults of one symbol the first
//! that is read counts; so a definition before everything else decides, and the tree stays as it is.
//! kbuild takes the file by `KBUILD_KCONFIG=`; the paths in it still start at the kernel's tree.

/// The kernel's outermost Kconfig file with HZ defined first; None when it is no such file.
///
/// Linux: scripts/kconfig/parser.y wants `mainmenu` to be the first statement, if there is one.
pub(crate) fn with_hz(kconfig: &str, hz: u32) -> Option<String> {
    let ours = format!("\nconfig HZ\n\tint\n\tdefault {hz}\n\n");
    let is_title = |line: &&str| line.trim_start().starts_with("mainmenu");
    let title = kconfig.split_inclusive('\n').find(is_title)?;
    let (before, after) = kconfig.split_once(title)?;
    Some(format!("{before}{title}{ours}{after}"))
}

#[cfg(test)]
mod tests {
    use super::with_hz;

    #[test]
    fn hz_comes_first() {
        let kernel = "# x\nmainmenu \"Linux\"\n\nsource \"init/Kconfig\"\n";
        let wanted = "# x\nmainmenu \"Linux\"\n\nconfig HZ\n\tint\n\tdefault 250\n\n\n\
                      source \"init/Kconfig\"\n";
        assert_eq!(with_hz(kernel, 250).as_deref(), Some(wanted));
        assert_eq!(with_hz("source \"x\"\n", 250), None);
    }
}
