//! `cargo xtask uml list` and `clean`: looking at what was built, and throwing it away.

use std::cmp::Reverse;

use anyhow::Result;
use walkdir::WalkDir;

use super::cache::{Cache, check_name};
use super::entry::{Entry, version_order};
use crate::shell::say;

/// Prints every kernel, the newest first, and what the cache takes.
pub(crate) fn list() -> Result<bool> {
    let cache = Cache::open()?;
    let names = cache.names()?;
    let known = names.iter().map(|name| (name.as_str(), cache.entry(name)));
    let mut known: Vec<(&str, Option<Entry>)> = known.collect();
    let order = |entry: &Option<Entry>| entry.as_ref().map(|entry| version_order(&entry.release));
    known.sort_by_key(|(_, entry)| Reverse(order(entry)));
    if known.is_empty() {
        say("no kernel is built: cargo xtask uml build");
    }
    known.iter().for_each(|(name, entry)| say(&line(name, entry.as_ref())));
    let bytes = size(&cache);
    say(&format!("{} takes {} MB", cache.root().display(), bytes.div_ceil(1 << 20)));
    Ok(true)
}

fn line(name: &str, entry: Option<&Entry>) -> String {
    let Some(Entry { release, hz, config_hash, compiler, source, .. }) = entry else {
        return format!("{name:16} damaged: build it again, or cargo xtask uml clean {name}");
    };
    format!("{name:16} Linux {release}, {hz} Hz, config {config_hash}, {compiler}, from {source}")
}

fn size(cache: &Cache) -> u64 {
    let files = WalkDir::new(cache.root()).into_iter().filter_map(Result::ok);
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// Removes one kernel, and what it was built from unless another kernel was built from it too.
pub(crate) fn clean_one(name: &str) -> Result<bool> {
    check_name(name)?;
    let cache = Cache::open()?;
    let lock = cache.lock()?;
    if !cache.remove_entry(&lock, name)? {
        say(&format!("no kernel is called {name}; cargo xtask uml list names them"));
        return Ok(false);
    }
    let left = cache.names()?;
    let work: Vec<_> = left.iter().filter_map(|name| cache.entry(name)).collect();
    let needed = |directory: &str| work.iter().any(|entry| entry.work.starts_with(directory));
    cache.remove_work_unless(&lock, needed)?;
    say(&format!("removed {name}"));
    Ok(true)
}

/// Removes every kernel and everything else.
pub(crate) fn clean_all() -> Result<bool> {
    let cache = Cache::open()?;
    let lock = cache.lock()?;
    for name in cache.names()? {
        cache.remove_entry(&lock, &name)?;
    }
    cache.remove_work(&lock)?;
    say(&format!("removed everything in {}", cache.root().display()));
    Ok(true)
}

/// Removes what only building needs; kernels stay.
pub(crate) fn clean_work() -> Result<bool> {
    let cache = Cache::open()?;
    let lock = cache.lock()?;
    cache.remove_work(&lock)?;
    say(&format!("removed sources and object files; {} kernels stay", cache.names()?.len()));
    Ok(true)
}
