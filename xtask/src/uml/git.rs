//! What git knows about a kernel tree. Nothing here writes to the tree or to its repository.

use std::path::Path;
use std::process::{Command, Stdio};

use super::digest::{self, Hash};

/// The state of a checkout.
pub(crate) struct Checkout {
    /// `v6.13-rc2-14-g0123456789ab`, and whether files differ from that commit
    pub(crate) description: String,
    /// Different for every commit, and for every change to a file git does not ignore
    pub(crate) identity: String,
}

/// The state of the checkout that `tree` is the top of; None when it is none, or git is not there.
pub(crate) fn checkout(tree: &Path) -> Option<Checkout> {
    let top = text(tree, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != tree.canonicalize().ok()? {
        return None;
    }
    let commit = text(tree, &["rev-parse", "HEAD"])?;
    let described = text(tree, &["describe", "--always", "--abbrev=12"]);
    let changes = git(tree, &["diff", "HEAD", "--binary", "--no-ext-diff"])?;
    let others = git(tree, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    let mut hash = Hash::new().part(&commit).part(&changes);
    for name in others.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = String::from_utf8_lossy(name);
        // A link to nowhere is no source either way.
        let content = digest::of_file(&tree.join(&*name)).unwrap_or_default();
        hash.add(name.as_bytes());
        hash.add(content);
    }
    let clean = changes.is_empty() && others.is_empty();
    let changed = if clean { "" } else { ", with local changes" };
    let description = described.unwrap_or(commit) + changed;
    Some(Checkout { description, identity: hash.hex(64) })
}

fn text(tree: &Path, args: &[&str]) -> Option<String> {
    let line = String::from_utf8_lossy(&git(tree, args)?).trim().to_owned();
    (!line.is_empty()).then_some(line)
}

fn git(tree: &Path, args: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    // Without this, looking at a tree refreshes its index.
    command.arg("--no-optional-locks").arg("-C").arg(tree).args(args);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then_some(output.stdout)
}
