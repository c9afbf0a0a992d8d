//! Pieces of scripts, read by the real parser, for the tests of the engine.

use crate::config::{Config, builtin};
use crate::script::ast::{Event, EventKind, PacketSpec, Script, SyscallSpec};
use crate::script::source::SourceFile;
use crate::target::IpVersion;

/// What a run has when nobody sets anything, between two fixed addresses.
pub(crate) fn config() -> Config {
    let mut config = builtin(IpVersion::Ipv4, 0);
    config.setup.local_ip = "192.168.0.7".parse().unwrap();
    config
}

/// The same for IPv6.
pub(crate) fn config_v6() -> Config {
    let mut config = builtin(IpVersion::Ipv6, 0);
    config.setup.local_ip = "fd3d:fa7b:d17d::7".parse().unwrap();
    config
}

/// A script that parses.
pub(crate) fn script(text: &str) -> Script {
    let source = SourceFile::new("sample.pkt", format!("{text}\n"));
    let (script, diagnostics) = crate::script::parse(&source, &Default::default());
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    script
}

/// One event with its time. Another stands before it, since the first has to be at 0.
pub(crate) fn event(text: &str) -> Event {
    script(&format!("0 close(9) = 0\n{text}")).events.into_iter().nth(1).unwrap()
}

/// A packet line without its time.
pub(crate) fn packet(text: &str) -> PacketSpec {
    let EventKind::Packet(spec) = event(&format!("0 {text}")).kind else { panic!("{text}") };
    *spec
}

/// A call without its time.
pub(crate) fn call(text: &str) -> SyscallSpec {
    let EventKind::Syscall(spec) = event(&format!("0 {text}")).kind else { panic!("{text}") };
    *spec
}
