//! Targets by the names of `--target`. The only place that knows which ones there are; what is
//! not part of a build answers why.

use super::{Launch, TargetError};

/// A name of `--target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetName {
    /// `stack`, `linux`, `linux:veth`, …
    pub name: &'static str,
    /// One line for `--help`.
    pub help: &'static str,
}

/// Every target, the default first.
pub const TARGETS: &[TargetName] = &[
    TargetName {
        name: "stack",
        help: "the reference Rust stack: in process, virtual time; stack:linux-6.1 as an older kernel",
    },
    TargetName { name: "linux", help: "the running kernel through a TUN device" },
    TargetName { name: "linux:veth", help: "the running kernel through a veth pair" },
    TargetName { name: "uml", help: "a Linux kernel in virtual time; uml:KERNEL by name or path" },
    TargetName { name: "linux:raw", help: "the running kernel through raw sockets on loopback" },
];

/// What stands before the kernel that the stack is to behave as, or before its mutant.
const STACK_PREFIX: &str = "stack:";

/// The name of the stack as `kernel`: `stack:linux-6.1`.
#[must_use]
pub fn stack_as(kernel: &str) -> String {
    format!("{STACK_PREFIX}{kernel}")
}

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no target of that name.
    #[error("no target `{name}`: {known}")]
    Unknown {
        /// As given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// There is one, and it cannot run here.
    #[error(transparent)]
    Unavailable(#[from] TargetError),
}

/// What makes targets of that name.
///
/// # Errors
/// No such target, or it is not part of this build. Whether the machine can run it is told by
/// [`Launch::info`].
pub fn launcher(name: &str) -> Result<Box<dyn Launch>, RegistryError> {
    match name {
        "stack" => stack(None).map_err(Into::into),
        "linux" | "linux:veth" | "linux:raw" => linux(name).map_err(Into::into),
        _ => {
            if let Some(variant) = name.strip_prefix(STACK_PREFIX) {
                let is_kernel = variant.starts_with("linux-");
                let made = if is_kernel { stack(Some(variant)) } else { mutated(variant) };
                return made.map_err(Into::into);
            }
            let names: Vec<_> = TARGETS.iter().map(|t| t.name).collect();
            let known = format!("known are {}", names.join(", "));
            Err(RegistryError::Unknown { name: name.to_owned(), known })
        }
    }
}

/// What a process must do before it starts a thread if it is to use the target `name`: unprivileged
/// users enter a user namespace for the Linux targets. A refusal shows in [`Launch::info`].
pub fn prepare_process(name: &str) {
    #[cfg(all(target_os = "linux", feature = "target-linux"))]
    if name.starts_with("linux") {
        super::linux::enter_user_namespace_if_needed();
    }
    #[cfg(not(all(target_os = "linux", feature = "target-linux")))]
    let _ = name;
}

#[cfg(feature = "target-stack")]
fn stack(kernel: Option<&str>) -> Result<Box<dyn Launch>, TargetError> {
    Ok(Box::new(super::stack::StackLaunch::new(kernel)?))
}

#[cfg(not(feature = "target-stack"))]
fn stack(_: Option<&str>) -> Result<Box<dyn Launch>, TargetError> {
    Err(absent("stack", "build with the feature target-stack"))
}

#[cfg(all(feature = "target-stack", feature = "mutants"))]
fn mutated(name: &str) -> Result<Box<dyn Launch>, TargetError> {
    use synproof_stack::Mutant;
    let mutant = Mutant::named(name).ok_or_else(|| {
        let known: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
        TargetError::Unavailable {
            what: format!("target stack:{name}"),
            why: "no such mutant".into(),
            fix: format!("known are {}", known.join(", ")),
        }
    })?;
    Ok(Box::new(super::stack::MutantLaunch(mutant)))
}

#[cfg(not(all(feature = "target-stack", feature = "mutants")))]
fn mutated(name: &str) -> Result<Box<dyn Launch>, TargetError> {
    Err(absent(&format!("stack:{name}"), "build with the feature mutants"))
}

#[cfg(all(target_os = "linux", feature = "target-linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is an error")]
fn linux(name: &str) -> Result<Box<dyn Launch>, TargetError> {
    use super::linux::{Link, LinuxLaunch, Passage};
    let link = match name {
        "linux:veth" => Link::Veth,
        "linux:raw" => Link::Raw,
        _ => Link::Tun,
    };
    Ok(Box::new(LinuxLaunch { link, passage: Passage::Machine }))
}

#[cfg(not(all(target_os = "linux", feature = "target-linux")))]
fn linux(name: &str) -> Result<Box<dyn Launch>, TargetError> {
    Err(absent(name, "build on Linux with the feature target-linux"))
}

#[cfg(not(all(
    target_os = "linux",
    feature = "target-linux",
    feature = "target-stack",
    feature = "mutants"
)))]
fn absent(name: &str, fix: &str) -> TargetError {
    TargetError::Unavailable {
        what: format!("target {name}"),
        why: "not part of this build".into(),
        fix: fix.to_owned(),
    }
}
