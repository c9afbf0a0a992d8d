//! What this machine has and lacks for running scripts, with the command that helps.
//!
//! Looks and tries, in namespaces of its own; changes nothing and leaves nothing behind.

mod check;
#[cfg(all(target_os = "linux", feature = "target-linux"))]
mod kernel;
#[cfg(all(target_os = "linux", feature = "target-linux"))]
mod network;
#[cfg(all(target_os = "linux", feature = "target-linux"))]
mod privilege;
mod tools;
#[cfg(all(target_os = "linux", feature = "target-linux"))]
mod uml;

pub use check::{Check, Status};

/// Every check, in the order to read them.
#[must_use]
pub fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    #[cfg(all(target_os = "linux", feature = "target-linux"))]
    {
        checks.extend(kernel::checks());
        checks.extend(privilege::checks());
        checks.extend(network::checks());
        checks.extend(uml::checks());
    }
    checks.extend(tools::checks());
    checks
}

#[cfg(test)]
mod tests;
