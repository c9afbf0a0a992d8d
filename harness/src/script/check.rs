//! What can be known about a parsed script before it runs: names, descriptors, argument counts,
//! times, and packets that contradict what went before them.
//!
//! An error is something that every run would fail on, a warning something that is probably a
//! slip but can be a test's purpose. Injected packets may be wrong in any way, so they get warnings
//! at most.

mod calls;
mod descriptors;
mod given;
mod names;
mod options;
mod packets;
mod times;

use std::net::IpAddr;

use super::Defines;
use super::ast::{OptionDecl, Script};
use super::diagnostic::Diagnostic;

pub(crate) use calls::opens_descriptor;

/// What the run that a script is checked for adds to the script itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Definitions the script was parsed with; their names are mentioned in help lines.
    pub defines: Defines,
    /// IP version of the packets, if the command line decides it; else the script does.
    pub ip_version: Option<IpVersion>,
}

/// `--ip_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// `ipv4`
    V4,
    /// `ipv4-mapped-ipv6`: IPv6 sockets, IPv4 packets.
    V4Mapped,
    /// `ipv6`
    V6,
}

impl IpVersion {
    /// The value as options spell it.
    #[must_use]
    pub fn from_option(text: &str) -> Option<Self> {
        match text {
            "ipv4" => Some(Self::V4),
            "ipv4-mapped-ipv6" => Some(Self::V4Mapped),
            "ipv6" => Some(Self::V6),
            _ => None,
        }
    }
}

/// Looks for what is wrong with a script that parsed without errors (in half a script much seems
/// wrong that is not). Sorted by place.
#[must_use]
pub fn check(script: &Script, with: &CheckOptions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    options::check(script, &mut found);
    times::check(script, &mut found);
    calls::check(script, &mut found);
    descriptors::check(script, &mut found);
    given::check(script, &mut found);
    names::check(script, with, &mut found);
    packets::check(script, ip_version(script, with), &mut found);
    script.settle(&mut found);
    found
}

/// The command line's, else the script's, else that of the script's local address. A script that
/// says nothing runs over IPv4 unless it is told otherwise.
fn ip_version(script: &Script, with: &CheckOptions) -> Option<IpVersion> {
    let written = |name: &str| option(script, name).and_then(|decl| decl.value.as_deref());
    let address = || match written("local_ip")?.parse().ok()? {
        IpAddr::V4(_) => Some(IpVersion::V4),
        IpAddr::V6(_) => Some(IpVersion::V6),
    };
    with.ip_version.or_else(|| IpVersion::from_option(written("ip_version")?)).or_else(address)
}

/// The last setting of an option wins.
fn option<'s>(script: &'s Script, name: &str) -> Option<&'s OptionDecl> {
    script.options.iter().rfind(|decl| decl.name == name)
}
