//! Script labels of descriptors and the target's descriptors behind them.

use std::collections::BTreeMap;

use crate::target::Fd;

use super::mode::Mode;

/// What no descriptor is: a call with it fails with EBADF.
const NO_DESCRIPTOR: Fd = Fd(-1);

/// Which target descriptor each label stands for. A closed label stays known, to say so.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    labels: BTreeMap<i64, Entry>,
    /// A label that stands for nothing is no mistake of the script: the call that would have made
    /// the descriptor may have failed. And one that is taken is given anew.
    forgiving: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    live: Fd,
    open: bool,
}

impl Descriptors {
    /// None yet.
    pub(crate) fn new(mode: Mode) -> Self {
        Self { labels: BTreeMap::new(), forgiving: !mode.judges() }
    }

    /// Gives `label` to `live`; an error if it is taken by another open descriptor.
    pub(crate) fn bind(&mut self, label: i64, live: Fd) -> Result<(), String> {
        if !self.forgiving && self.labels.get(&label).is_some_and(|entry| entry.open) {
            return Err(format!("descriptor label {label} is in use already"));
        }
        self.labels.insert(label, Entry { live, open: true });
        Ok(())
    }

    /// Gives `label` to `live`, whatever it stood for: accept() may name a child after one that is
    /// still open, as packetdrill lets it.
    pub(crate) fn rebind(&mut self, label: i64, live: Fd) {
        self.labels.insert(label, Entry { live, open: true });
    }

    /// The descriptor behind an open label.
    pub(crate) fn live(&self, label: i64) -> Result<Fd, String> {
        match self.labels.get(&label) {
            Some(entry) if entry.open => Ok(entry.live),
            Some(_) | None if self.forgiving => Ok(NO_DESCRIPTOR),
            Some(_) => Err(format!("descriptor label {label} was closed")),
            None => Err(format!("no descriptor has the label {label}")),
        }
    }

    /// The label of a live descriptor, for messages.
    pub(crate) fn label(&self, live: Fd) -> Option<i64> {
        self.labels.iter().find(|(_, e)| e.open && e.live == live).map(|(&label, _)| label)
    }

    /// Marks `label` closed.
    pub(crate) fn close(&mut self, label: i64) {
        if let Some(entry) = self.labels.get_mut(&label) {
            entry.open = false;
        }
    }
}

#[cfg(test)]
mod tests;
