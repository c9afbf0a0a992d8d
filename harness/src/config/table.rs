//! The table of options: names, forms and what each of them sets.
//!
//! Names, defaults and limits are packetdrill's (`config.c`), plus the two options of the FreeBSD
//! dialect. Numbers must be whole numbers; packetdrill's `atoi` ignores what follows them.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::draft::Draft;
use super::model::ToleranceOrigin;
use super::setting::Origin;
use crate::target::IpVersion;

/// One option.
pub struct OptionSpec {
    /// Name without the dashes.
    pub name: &'static str,
    /// One-letter form on the command line.
    pub short: Option<char>,
    /// What it takes and does.
    pub takes: Takes,
    /// One line for `--help`.
    pub help: &'static str,
}

/// What an option takes, and what it sets.
pub enum Takes {
    /// No value.
    Nothing(fn(&mut Draft)),
    /// A value, described by the first member. The error says what is expected.
    Value(&'static str, fn(&mut Draft, &str) -> Result<(), String>),
    /// Known to packetdrill and not available here; the text says what to use instead. `true` if
    /// packetdrill wants a value.
    Refused(bool, &'static str),
}

/// The option called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|spec| spec.name == name)
}

const WIRE: &str = "wire mode needs a second machine; use the targets of --target instead";
const SO: &str = "user-space stacks are targets here (--target), not shared objects";

const fn value(
    name: &'static str,
    metavar: &'static str,
    help: &'static str,
    set: fn(&mut Draft, &str) -> Result<(), String>,
) -> OptionSpec {
    OptionSpec { name, short: None, takes: Takes::Value(metavar, set), help }
}

const fn flag(name: &'static str, help: &'static str, set: fn(&mut Draft)) -> OptionSpec {
    OptionSpec { name, short: None, takes: Takes::Nothing(set), help }
}

const fn refused(name: &'static str, has_value: bool, why: &'static str) -> OptionSpec {
    OptionSpec { name, short: None, takes: Takes::Refused(has_value, why), help: why }
}

const fn with_short(mut spec: OptionSpec, short: char) -> OptionSpec {
    spec.short = Some(short);
    spec
}

/// Every option, in the order of the language reference.
pub static OPTIONS: &[OptionSpec] = &[
    value("ip_version", "VERSION", "ipv4, ipv4-mapped-ipv6 or ipv6", |d, v| {
        set(&mut d.ip_version, ip_version(v))
    }),
    value("bind_port", "PORT", "local port used by every bind() [8080]", |d, v| {
        set(&mut d.bind_port, number(v, 1, 65_535))
    }),
    value("connect_port", "PORT", "remote port used by connect() [8080]", |d, v| {
        set(&mut d.connect_port, number(v, 1, 65_535))
    }),
    value("local_ip", "ADDR", "address of the target", |d, v| {
        set(&mut d.local_ip, address(v).map(Some))
    }),
    value("remote_ip", "ADDR[/PREFIX]", "address the harness plays", |d, v| {
        set(&mut d.remote_ip, prefix(v).map(Some))
    }),
    value("gateway_ip", "ADDR", "next hop of the route to it", |d, v| {
        set(&mut d.gateway_ip, address(v).map(Some))
    }),
    value("netmask_ip", "MASK", "netmask of the local IPv4 network", |d, v| {
        set(&mut d.netmask, super::address::netmask_length(v).map(Some))
    }),
    value("mtu", "BYTES", "MTU of the link [1500]", |d, v| {
        set(&mut d.mtu, number(v, 0, i64::from(i32::MAX)))
    }),
    value("mss", "BYTES", "GSO size given to injected packets [none]", |d, v| {
        set(&mut d.inject_gso_size, number(v, 1, 65_535))
    }),
    value("speed", "MBPS", "link speed to report", |d, v| {
        set(&mut d.speed_mbps, number(v, 0, i64::from(u32::MAX)).map(Some))
    }),
    value("hz", "N", "ticks per second, of the stack [1000] (not packetdrill's)", |d, v| {
        set(&mut d.hz, ticks_per_second(v).map(Some))
    }),
    value("tolerance_usecs", "US", "absolute timing tolerance [4000]", |d, v| {
        set(&mut d.tolerance.usecs, number(v, 1, i64::MAX))?;
        d.tolerance.origin = tolerance_origin(d.origin);
        Ok(())
    }),
    value("tolerance_percent", "PERCENT", "timing tolerance relative to the gap [12.5]", |d, v| {
        set(&mut d.tolerance.percent, percent(v))?;
        d.tolerance.origin = tolerance_origin(d.origin);
        Ok(())
    }),
    value("tcp_ts_tick_usecs", "US", "us per tick of outbound TS val; 0: unchecked [0]", |d, v| {
        set(&mut d.tcp_ts_tick_usecs, number(v, 0, 1_000_000))
    }),
    flag("tcp_ts_ecr_scaled", "allow inbound TS ecr that was never sent", |d| {
        d.tcp_ts_ecr_scaled = true;
    }),
    flag("strict_segments", "one scripted packet is one observed packet", |d| {
        d.strict_segments = true;
    }),
    flag(
        "strict_packets",
        "a packet that no line asks for fails the script (not packetdrill's)",
        |d| {
            d.strict_packets = true;
        },
    ),
    flag("strict_ts_ecr", "outbound TS ecr is compared (not packetdrill's)", |d| {
        d.strict_ts_ecr = true;
    }),
    value("non_fatal", "KINDS", "packet: mismatches of packets become warnings", non_fatal),
    flag("is_anyip", "do not assign local_ip, route without gateway", |d| d.is_anyip = true),
    flag("send_omit_free", "keep the buffers of sending calls (MSG_ZEROCOPY)", |d| {
        d.send_omit_free = true;
    }),
    value("init_scripts", "A,B", "commands run before the network exists", |d, v| {
        d.init_scripts = v.split(',').filter(|p| !p.is_empty()).map(PathBuf::from).collect();
        Ok(())
    }),
    value("code_command", "COMMAND", "interpreter of code blocks [python3]", |d, v| {
        set(&mut d.code_command, non_empty(v))
    }),
    value("code_format", "FORMAT", "only `python`", |_, v| one_of(v, &["python"])),
    value("code_sockopt", "OPTION", "accepted; all three are always read", |_, v| {
        one_of(v, &["", "TCP_INFO", "TCP_CC_INFO", "SO_MEMINFO"])
    }),
    with_short(value("define", "SYM=VALUE", "symbol replaced in scripts, repeatable", define), 'D'),
    flag("dry_run", "parse and check only", |d| d.dry_run = true),
    with_short(flag("verbose", "show everything that was observed", |d| d.verbose = true), 'v'),
    flag("debug", "accepted for compatibility", |_| {}),
    value("psp_udp_port", "PORT", "UDP port of PSP encapsulation", |d, v| {
        set(&mut d.psp_udp_port, number(v, 1, 65_535))
    }),
    value("udp_encapsulation", "tcp", "TCP over UDP (FreeBSD)", |d, v| {
        one_of(v, &["tcp"])?;
        d.udp_encapsulation = Some(v.to_owned());
        Ok(())
    }),
    value("tcp_md5_secret", "TEXT", "key of TCP-MD5 signatures (FreeBSD)", |d, v| {
        set(&mut d.tcp_md5_secret, non_empty(v).map(Some))
    }),
    value("tun_dev", "NAME", "accepted; the device is always tun0 (FreeBSD)", |_, v| {
        non_empty(v).map(|_| ())
    }),
    flag("persistent_tun_dev", "accepted; every script has a device of its own (FreeBSD)", |_| {}),
    refused("wire_client", false, WIRE),
    refused("wire_server", false, WIRE),
    refused("wire_server_ip", true, WIRE),
    refused("wire_server_at", true, WIRE),
    refused("wire_server_port", true, WIRE),
    refused("wire_client_dev", true, WIRE),
    refused("wire_server_dev", true, WIRE),
    refused("so_filename", true, SO),
    refused("so_flags", true, SO),
];

fn set<T>(slot: &mut T, parsed: Result<T, String>) -> Result<(), String> {
    *slot = parsed?;
    Ok(())
}

fn tolerance_origin(origin: Origin) -> ToleranceOrigin {
    match origin {
        Origin::Builtin => ToleranceOrigin::Default,
        Origin::Script => ToleranceOrigin::Script,
        Origin::ProfileDefault | Origin::Profile => ToleranceOrigin::Profile,
        Origin::CommandLine => ToleranceOrigin::CommandLine,
    }
}

pub(super) fn ip_version(text: &str) -> Result<IpVersion, String> {
    [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6]
        .into_iter()
        .find(|v| v.name() == text)
        .ok_or_else(|| "expected ipv4, ipv4-mapped-ipv6 or ipv6".into())
}

fn number<T: TryFrom<i64>>(text: &str, min: i64, max: i64) -> Result<T, String> {
    let expected = || {
        if max == i64::MAX {
            format!("expected a whole number of at least {min}")
        } else {
            format!("expected a whole number from {min} to {max}")
        }
    };
    let parsed = text.parse::<i64>().ok().filter(|n| (min..=max).contains(n));
    parsed.and_then(|n| T::try_from(n).ok()).ok_or_else(expected)
}

/// A frequency that a kernel can be configured with.
fn ticks_per_second(text: &str) -> Result<u32, String> {
    let choices = synproof_stack::time::Hz::CHOICES;
    let known = text.parse().ok().filter(|hz| choices.contains(hz));
    known.ok_or_else(|| format!("expected one of {choices:?}"))
}

fn percent(text: &str) -> Result<f64, String> {
    let parsed = text.parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p));
    parsed.ok_or_else(|| "expected a number from 0 to 100".into())
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "expected an IPv4 or IPv6 address".into())
}

/// An address with the length of its routed prefix; without one it is a host route.
fn prefix(text: &str) -> Result<(IpAddr, u8), String> {
    let (addr, length) = match text.split_once('/') {
        Some((addr, length)) => (address(addr)?, Some(length)),
        None => (address(text)?, None),
    };
    let max = if addr.is_ipv4() { Ipv4Addr::BITS } else { std::net::Ipv6Addr::BITS };
    match length {
        Some(length) => Ok((addr, number(length, 0, i64::from(max))?)),
        None => Ok((addr, u8::try_from(max).unwrap_or(u8::MAX))),
    }
}

fn non_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("expected some text".into()) } else { Ok(text.to_owned()) }
}

fn one_of(text: &str, allowed: &[&str]) -> Result<(), String> {
    if allowed.contains(&text) {
        return Ok(());
    }
    let named = allowed.iter().copied().filter(|a| !a.is_empty()).collect::<Vec<_>>();
    Err(format!("expected {}", named.join(" or ")))
}

/// `syscall` is accepted and does nothing, as in packetdrill.
fn non_fatal(draft: &mut Draft, text: &str) -> Result<(), String> {
    for word in text.split([',', ' ']).filter(|w| !w.is_empty()) {
        one_of(word, &["packet", "syscall"])?;
        draft.non_fatal_packet |= word == "packet";
    }
    Ok(())
}

fn define(draft: &mut Draft, text: &str) -> Result<(), String> {
    let is_word = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_');
    match text.split_once('=') {
        Some((symbol, value)) if is_word(symbol) => {
            draft.defines.insert(symbol.to_owned(), value.to_owned());
            Ok(())
        }
        Some(_) | None => Err("expected SYMBOL=VALUE".into()),
    }
}
