//! `tc qdisc …` as values (tc(8)). Options of the queueing discipline stay words: a target that
//! has qdiscs knows their netlink forms. Classes and filters are not understood.

mod parse;

use serde::{Deserialize, Serialize};

pub use parse::parse;

/// One `tc` command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcCommand {
    /// The words after `tc`.
    pub words: Vec<String>,
    /// What to do.
    pub object: TcObject,
}

/// What a `tc` command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TcObject {
    /// `tc qdisc …`
    Qdisc(QdiscCommand),
    /// Some form that this parser does not know, with the reason in words.
    NotUnderstood(String),
}

/// What to do with a qdisc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QdiscOp {
    /// Fails when there is one that was not put there by default.
    Add,
    /// Adds or replaces.
    Replace,
    /// Changes options of the same kind.
    Change,
    /// Removes it; the default comes back.
    Delete,
    /// Prints; nothing changes.
    Show,
}

/// Where a qdisc is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QdiscParent {
    /// `root`
    Root,
    /// `ingress`
    Ingress,
    /// `clsact`
    Clsact,
    /// `parent MAJOR:MINOR`, as written.
    Class(String),
}

/// `tc qdisc OP dev DEV PARENT [handle H] KIND OPTIONS…`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QdiscCommand {
    /// What to do.
    pub op: QdiscOp,
    /// Device; none only for `show`.
    pub dev: Option<String>,
    /// Where; none only for `show`.
    pub parent: Option<QdiscParent>,
    /// `handle MAJOR:`, as written.
    pub handle: Option<String>,
    /// `pfifo`, `fq`, `netem`, …; none for a deletion without it.
    pub kind: Option<String>,
    /// The words after the kind (`limit 0`).
    pub options: Vec<String>,
}

impl QdiscCommand {
    /// The word after option `name`: `limit` of `limit 1000`.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        let at = self.options.iter().position(|word| word == name)?;
        self.options.get(at + 1).map(String::as_str)
    }
}
