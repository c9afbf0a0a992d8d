//! Values of script options.

use std::net::IpAddr;

use crate::script::ast::{OptionDecl, Script};
use crate::script::diagnostic::Diagnostic;

use super::IpVersion;

pub(super) fn check(script: &Script, found: &mut Vec<Diagnostic>) {
    for decl in &script.options {
        let Some(value) = &decl.value else { continue };
        if let Some(needed) = wrong(decl, value) {
            let message = format!("`--{}` needs {needed}, not `{value}`", decl.name);
            found.push(Diagnostic::error("check::option-value", decl.span, message));
        }
    }
}

/// What the option would need, if its value is not that.
fn wrong(decl: &OptionDecl, value: &str) -> Option<&'static str> {
    let (fits, needed) = match decl.name.as_str() {
        "ip_version" => (IpVersion::from_option(value).is_some(), "ipv4, ipv4-mapped-ipv6 or ipv6"),
        "bind_port" | "connect_port" | "psp_udp_port" => {
            (value.parse::<u16>().is_ok(), "a port number")
        }
        "mss" | "mtu" | "speed" | "tolerance_usecs" => {
            (value.parse::<u32>().is_ok(), "a number that is not negative")
        }
        "tcp_ts_tick_usecs" => {
            (value.parse().is_ok_and(|usecs: u32| usecs <= 1_000_000), "0 to 1000000")
        }
        "tolerance_percent" => {
            (value.parse().is_ok_and(|percent: f64| percent >= 0.0), "a percentage")
        }
        "local_ip" | "gateway_ip" => (value.parse::<IpAddr>().is_ok(), "an IP address"),
        "remote_ip" => {
            let address = value.split('/').next().unwrap_or(value);
            (address.parse::<IpAddr>().is_ok(), "an IP address, maybe with a prefix length")
        }
        "non_fatal" => {
            let known = |part: &str| matches!(part, "packet" | "syscall");
            (value.split(',').all(known), "packet, syscall or both")
        }
        "code_format" => (value == "python", "python"),
        "define" => (value.contains('='), "SYMBOL=value"),
        _ => return None,
    };
    (!fits).then_some(needed)
}
