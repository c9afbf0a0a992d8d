//! What this process holds, as /proc tells: descriptors, threads, network namespaces.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Counts of things a target may leave behind. All zero where there is no /proc.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Entries of /proc/self/fd.
    pub descriptors: usize,
    /// Entries of /proc/self/task.
    pub threads: usize,
    /// Network namespaces that the threads of this process are in.
    pub namespaces: usize,
}

impl Footprint {
    /// Nothing.
    pub const NONE: Self = Self { descriptors: 0, threads: 0, namespaces: 0 };

    /// What there is now.
    #[must_use]
    pub fn now() -> Self {
        let namespace = |task: &PathBuf| std::fs::read_link(task.join("ns/net")).ok();
        let tasks = entries("/proc/self/task");
        Self {
            descriptors: entries("/proc/self/fd").len(),
            threads: tasks.len(),
            namespaces: tasks.iter().filter_map(namespace).collect::<BTreeSet<_>>().len(),
        }
    }

    /// What there is once it is within `limit`, or after a moment. A joined thread keeps its entry
    /// of /proc a little longer, as does a descriptor that another thread closes, and nothing
    /// tells when they go.
    #[must_use]
    pub fn settled(limit: &Self) -> Self {
        const LOOKS: u32 = 200;
        let mut present = Self::now();
        for _ in 0..LOOKS {
            if present.within(limit) {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
            present = Self::now();
        }
        present
    }

    /// No count is larger than that of `limit`.
    #[must_use]
    pub fn within(&self, limit: &Self) -> bool {
        self.descriptors <= limit.descriptors
            && self.threads <= limit.threads
            && self.namespaces <= limit.namespaces
    }
}

fn entries(dir: &str) -> Vec<PathBuf> {
    std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
