//! What a script needs that not every target has: found in the syntax tree before anything runs.

use crate::config::Config;
use crate::script::ast::{
    Event, EventKind, Expr, ExprKind, OptionsSpec, PacketBody, PacketSpec, Script, SyscallSpec,
    TcpOptionSpec,
};
use crate::script::source::Span;
use crate::script::symbols;
use crate::target::{Capability, IpVersion, TargetInfo};

/// What `//! needs: CAPABILITY, …` lines name: the line, the word, and the capability if there is
/// one of that name. The runner skips scripts by it before they come here.
pub(crate) fn named(script: &Script) -> impl Iterator<Item = (Span, &str, Option<Capability>)> {
    let lines = script.metadata.iter().filter(|line| line.key == "needs");
    lines.flat_map(|line| {
        let words = line.value.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(move |word| {
            let name = word.to_ascii_uppercase().replace('-', "_");
            let capability = serde_json::from_value(serde_json::Value::String(name)).ok();
            (line.span, word, capability)
        })
    })
}

/// The first thing the text of the script needs and the target lacks, in words, and where.
pub(crate) fn missing(
    script: &Script,
    config: &Config,
    info: &TargetInfo,
) -> Option<(String, Option<Span>)> {
    let used = script.events.iter().flat_map(of_event);
    of_config(config)
        .into_iter()
        .chain(used)
        .find(|(capability, _)| !info.has(*capability))
        .map(|(capability, span)| (format!("{} has no {}", info.name, name(capability)), span))
}

/// The name a capability has in `//! needs:` lines.
fn name(capability: Capability) -> String {
    match serde_json::to_value(capability) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => format!("{capability:?}"),
    }
}

type Need = (Capability, Option<Span>);

fn of_config(config: &Config) -> Vec<Need> {
    let family = match config.setup.ip_version {
        IpVersion::Ipv4 => Capability::Ipv4,
        IpVersion::Ipv4Mapped => Capability::Ipv4Mapped,
        IpVersion::Ipv6 => Capability::Ipv6,
    };
    let mut needs = vec![(family, None)];
    if config.setup.inject_gso_size > 0 {
        needs.push((Capability::InjectGso, None));
    }
    if config.udp_encapsulation.is_some() {
        needs.push((Capability::UdpEncapsulation, None));
    }
    if config.tcp_md5_secret.is_some() {
        needs.push((Capability::Md5, None));
    }
    needs
}

fn of_event(event: &Event) -> Vec<Need> {
    match &event.kind {
        EventKind::Packet(packet) => of_packet(packet),
        EventKind::Syscall(call) => of_syscall(call),
        EventKind::Command(_) => Vec::new(),
        EventKind::Code(block) => vec![(Capability::TcpInfo, Some(block.span))],
        EventKind::State(_) => Vec::new(),
    }
}

fn of_packet(packet: &PacketSpec) -> Vec<Need> {
    let mut needs = Vec::new();
    let at = Some(packet.span);
    if !packet.encap.is_empty() {
        needs.push((Capability::Encapsulation, at));
    }
    if packet.psp.is_some() {
        needs.push((Capability::Psp, at));
    }
    if packet.outer_udp.is_some() {
        needs.push((Capability::UdpEncapsulation, at));
    }
    if let PacketBody::Tcp(tcp) = &packet.body
        && let OptionsSpec::List(options, _) = &tcp.options
    {
        needs.extend(options.iter().filter_map(|o| Some((of_option(&o.node)?, Some(o.span)))));
    }
    needs
}

fn of_option(option: &TcpOptionSpec) -> Option<Capability> {
    match option {
        TcpOptionSpec::Md5(_) | TcpOptionSpec::Md5Valid => Some(Capability::Md5),
        TcpOptionSpec::Fastopen { .. } => Some(Capability::Fastopen),
        TcpOptionSpec::AccEcn { .. } => Some(Capability::AccEcn),
        TcpOptionSpec::Eol
        | TcpOptionSpec::Nop
        | TcpOptionSpec::Mss(_)
        | TcpOptionSpec::Wscale(_)
        | TcpOptionSpec::SackOk
        | TcpOptionSpec::Sack(_)
        | TcpOptionSpec::SackAny
        | TcpOptionSpec::Ts { .. }
        | TcpOptionSpec::Raw(_) => None,
    }
}

fn of_syscall(call: &SyscallSpec) -> Vec<Need> {
    let mut needs = Vec::new();
    for arg in &call.args {
        of_expr(arg, &mut needs);
    }
    needs
}

fn of_expr(expr: &Expr, needs: &mut Vec<Need>) {
    match &expr.kind {
        ExprKind::Symbol(symbol) => {
            if let Some(capability) = of_symbol(symbol) {
                needs.push((capability, Some(expr.span)));
            }
        }
        ExprKind::Or(a, b) => {
            of_expr(a, needs);
            of_expr(b, needs);
        }
        ExprKind::List(items) => items.iter().for_each(|item| of_expr(item, needs)),
        ExprKind::Struct(members) => members.iter().for_each(|m| of_expr(&m.value, needs)),
        ExprKind::Gre(_) | ExprKind::Mpls(_) => {
            needs.push((Capability::Encapsulation, Some(expr.span)));
        }
        ExprKind::Ellipsis
        | ExprKind::Any
        | ExprKind::Int(_)
        | ExprKind::Str(_)
        | ExprKind::Repeated(_)
        | ExprKind::Given(_)
        | ExprKind::Used(_)
        | ExprKind::Call(..)
        | ExprKind::Addr(_) => {}
    }
}

fn of_symbol(symbol: &str) -> Option<Capability> {
    match symbol {
        "MSG_FASTOPEN" => Some(Capability::Fastopen),
        "IPPROTO_UDP" | "SOCK_DGRAM" => Some(Capability::Udp),
        "IPPROTO_ICMP" | "IPPROTO_ICMPV6" => Some(Capability::IcmpSockets),
        _ if symbol.starts_with("TCP_FASTOPEN") => Some(Capability::Fastopen),
        _ if symbol.starts_with("TCP_MD5SIG") => Some(Capability::Md5),
        _ if symbols::is_freebsd_only(symbol) => Some(Capability::FreeBsd),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
