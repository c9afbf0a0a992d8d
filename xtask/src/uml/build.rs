//! The order of things in a build: what is asked for, whether it is there, and if not, making it.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};

use super::cache::{Built, Cache, Lock, check_name};
use super::command::BuildArguments;
use super::digest::{self, Hash};
use super::entry::Entry;
use super::fragment::{self, FRAGMENT};
use super::make::Kbuild;
use super::request::Request;
use super::source::Source;
use super::{kconfig, needs};
use crate::shell::say;

/// Changes when what we do to a kernel does, so that older entries are built again.
const RECIPE: &str = "1";

/// Everything that decides what comes out.
struct Recipe {
    source: Source,
    hz: u32,
    compiler: String,
    key: String,
    name: String,
    jobs: usize,
}

/// Builds a kernel unless it is there; prints its path.
pub(crate) fn build(arguments: &BuildArguments) -> Result<bool> {
    arguments.name.as_deref().map_or(Ok(()), check_name)?;
    let request = Request::parse(&arguments.source)?;
    needs::check(&request)?;
    let recipe = recipe(arguments, Source::identify(&request)?)?;
    let cache = Cache::open()?;
    if !is_there(&cache, &recipe) {
        let lock = cache.lock()?;
        // Whoever had the lock before may have built the same.
        if !is_there(&cache, &recipe) {
            make(&cache, &lock, &recipe)?;
        }
    }
    say(&cache.kernel(&recipe.name).display().to_string());
    Ok(true)
}

fn recipe(arguments: &BuildArguments, source: Source) -> Result<Recipe> {
    let hz = arguments.hz.per_second();
    let compiler = needs::compiler_version()?;
    let key = key(&source.identity, hz, &compiler);
    let name = arguments.name.clone().unwrap_or_else(|| source.name(hz, &key));
    let cpus = || available_parallelism().map_or(1, Into::into);
    let jobs = arguments.jobs.map_or_else(cpus, Into::into);
    Ok(Recipe { source, hz, compiler, key, name, jobs })
}

/// The cache key of a source, its configuration and a compiler.
fn key(source: &str, hz: u32, compiler: &str) -> String {
    let hz = hz.to_string();
    [RECIPE, source, &hz, compiler, FRAGMENT]
        .iter()
        .fold(Hash::new(), |hash, part| hash.part(part))
        .hex(64)
}

fn is_there(cache: &Cache, recipe: &Recipe) -> bool {
    let entry = cache.current(&recipe.name, &recipe.key);
    if let Some(Entry { name, release, hz, source, .. }) = &entry {
        say(&format!("{name}: Linux {release}, {hz} Hz, from {source}: nothing has changed"));
    }
    entry.is_some()
}

fn make(cache: &Cache, lock: &Lock, recipe: &Recipe) -> Result<()> {
    let Recipe { source, hz, .. } = recipe;
    let tree = source.tree(cache)?;
    let work = format!("{}-{hz}hz", source.work);
    let objects = cache.object_tree(&work);
    fs::create_dir_all(&objects)
        .with_context(|| format!("failed to create {}", objects.display()))?;
    let log = cache.log(&work);
    write(&log, "")?;
    let outermost = objects.join("Kconfig.synproof");
    let kbuild = Kbuild {
        tree: &tree,
        objects: &objects,
        kconfig: &outermost,
        log: &log,
        jobs: recipe.jobs,
        lock,
    };
    say(&format!("building {}: {}, {hz} Hz", recipe.name, source.description));
    let config = configure(&kbuild, *hz)?;
    kbuild.make("linux", &[])?;
    let binary = objects.join("linux");
    let release = read(&objects.join("include/config/kernel.release"))?.trim().to_owned();
    let entry = Entry {
        name: recipe.name.clone(),
        release,
        hz: *hz,
        config_hash: digest::of_text(&config),
        compiler: recipe.compiler.clone(),
        source: source.description.clone(),
        binary_sha256: digest::of_file(&binary)?,
        key: recipe.key.clone(),
        work,
    };
    cache.publish(lock, &Built { binary: &binary, config: &config, entry })?;
    Ok(())
}

/// Writes `.config` from the fragment and returns it; fails unless all that must be in it is.
fn configure(kbuild: &Kbuild<'_>, hz: u32) -> Result<String> {
    let (tree, objects) = (kbuild.tree, kbuild.objects);
    let outermost = kconfig::with_hz(&read(&tree.join("Kconfig"))?, hz);
    let outermost =
        outermost.with_context(|| format!("{}: no mainmenu in its Kconfig", tree.display()))?;
    write_if_other(kbuild.kconfig, &outermost)?;
    let fragment = objects.join("fragment.config");
    write_if_other(&fragment, FRAGMENT)?;
    kbuild.make("allnoconfig", &[("KCONFIG_ALLCONFIG", fragment.as_os_str())])?;
    let config = read(&objects.join(".config"))?;
    let differences = fragment::differences(FRAGMENT, hz, &config);
    if !differences.lacking.is_empty() {
        say(&format!("not in this kernel: {}", differences.lacking.join(", ")));
    }
    ensure!(
        differences.refused.is_empty(),
        "the configuration of {} did not take what scripts need: {}",
        tree.display(),
        differences.refused.join(", ")
    );
    Ok(config)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

/// Leaves a file alone that has this content, because make goes by dates.
fn write_if_other(path: &Path, text: &str) -> Result<()> {
    let same = fs::read_to_string(path).is_ok_and(|found| found == text);
    if same { Ok(()) } else { write(path, text) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::key;

    #[test]
    fn whatever_changes_the_kernel_changes_the_key() {
        let keys = [
            key("source", 1000, "gcc 12"),
            key("source", 250, "gcc 12"),
            key("source", 1000, "gcc 13"),
            key("other", 1000, "gcc 12"),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert_eq!(keys.first(), Some(&key("source", 1000, "gcc 12")));
    }
}
