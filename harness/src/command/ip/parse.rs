//! Words of `ip …` to [`IpCommand`]: options, objects, addresses, links, TCP metrics.

use std::net::IpAddr;

use super::super::words::Words;
use super::{
    AddrCommand, AddrOp, IpCommand, IpFamily, IpObject, LinkChange, LinkCommand, Prefix,
    TcpMetricsCommand, route,
};

/// Never fails: what is not understood keeps its words and the reason.
#[must_use]
pub fn parse(words: &[String]) -> IpCommand {
    let (family, object) = match object(words) {
        Ok(parts) => parts,
        Err(why) => (None, IpObject::NotUnderstood(why)),
    };
    IpCommand { words: words.to_vec(), family, object }
}

fn object(words: &[String]) -> Result<(Option<IpFamily>, IpObject), String> {
    let mut words = Words::new(words);
    let mut family = None;
    while let Some(option) = words.peek().filter(|word| word.starts_with('-')) {
        match option {
            "-4" => family = Some(IpFamily::V4),
            "-6" => family = Some(IpFamily::V6),
            // These change only what is printed.
            "-o" | "-oneline" | "-s" | "-d" | "-j" | "-br" => {}
            other => return Err(format!("the option {other} of ip")),
        }
        words.next();
    }
    let object = match words.next() {
        Some("route" | "ro" | "r") => IpObject::Route(route::parse(&mut words)?),
        Some("address" | "addr" | "a") => IpObject::Addr(addr(&mut words)?),
        Some("link" | "l") => IpObject::Link(link(&mut words)?),
        Some("tcp_metrics" | "tcpmetrics" | "tcp_m") => IpObject::TcpMetrics(metrics(&mut words)?),
        Some(other) => return Err(format!("ip {other}")),
        None => return Err("ip without an object".to_owned()),
    };
    Ok((family, object))
}

fn addr(words: &mut Words<'_>) -> Result<AddrCommand, String> {
    let op = match words.next().unwrap_or("show") {
        "add" => AddrOp::Add,
        "change" | "chg" => AddrOp::Change,
        "replace" => AddrOp::Replace,
        "delete" | "del" => AddrOp::Delete,
        "flush" => AddrOp::Flush,
        "show" | "list" | "lst" => AddrOp::Show,
        other => return Err(format!("ip addr {other}")),
    };
    let mut command = AddrCommand { op, addr: None, dev: None, scope: None, nodad: false };
    while let Some(word) = words.next() {
        match word {
            "dev" => command.dev = Some(words.value(word)?.to_owned()),
            "scope" => command.scope = Some(scope(words.value(word)?)?),
            "nodad" => command.nodad = true,
            // Broadcast addresses mean nothing to TCP.
            "brd" | "broadcast" => {
                words.value(word)?;
            }
            "local" => command.addr = Some(prefix(words.value(word)?)?),
            other if command.addr.is_none() => command.addr = Some(prefix(other)?),
            other => return Err(format!("{other} in ip addr")),
        }
    }
    let needs_addr = matches!(op, AddrOp::Add | AddrOp::Change | AddrOp::Replace | AddrOp::Delete);
    if needs_addr && (command.addr.is_none() || command.dev.is_none()) {
        return Err("ip addr without an address or a device".to_owned());
    }
    Ok(command)
}

fn link(words: &mut Words<'_>) -> Result<LinkCommand, String> {
    match words.next().unwrap_or("show") {
        "set" => {}
        "show" | "list" | "lst" => {
            words.take("dev");
            return Ok(LinkCommand::Show { dev: words.next().map(str::to_owned) });
        }
        other => return Err(format!("ip link {other}")),
    }
    words.take("dev");
    let dev = words.value("ip link set")?.to_owned();
    let mut changes = Vec::new();
    while let Some(word) = words.next() {
        changes.push(match word {
            "up" => LinkChange::Up,
            "down" => LinkChange::Down,
            "mtu" => LinkChange::Mtu(words.number(word)?),
            "txqueuelen" | "txqlen" | "qlen" => LinkChange::TxQueueLen(words.number(word)?),
            "gso_max_size" => LinkChange::GsoMaxSize(words.number(word)?),
            "gso_max_segs" => LinkChange::GsoMaxSegs(words.number(word)?),
            "gro_max_size" => LinkChange::GroMaxSize(words.number(word)?),
            other => return Err(format!("{other} in ip link set")),
        });
    }
    Ok(LinkCommand::Set { dev, changes })
}

fn metrics(words: &mut Words<'_>) -> Result<TcpMetricsCommand, String> {
    let op = words.next().unwrap_or("show");
    words.take("address");
    let argument = words.next();
    if let Some(more) = words.next() {
        return Err(format!("{more} in ip tcp_metrics"));
    }
    match (op, argument) {
        ("flush", None | Some("all" | "any")) => Ok(TcpMetricsCommand::Flush(None)),
        ("flush", Some(word)) => Ok(TcpMetricsCommand::Flush(Some(prefix(word)?))),
        ("delete" | "del", Some(word)) => Ok(TcpMetricsCommand::Delete(prefix(word)?.addr)),
        ("show" | "list", _) => Ok(TcpMetricsCommand::Show),
        (other, _) => Err(format!("ip tcp_metrics {other}")),
    }
}

/// `ADDR` or `ADDR/LEN`.
pub(super) fn prefix(word: &str) -> Result<Prefix, String> {
    let not_one = || format!("{word}: not an address");
    let (addr, len) = match word.split_once('/') {
        Some((addr, len)) => (addr, Some(len)),
        None => (word, None),
    };
    let addr = addr.parse::<IpAddr>().map_err(|_| not_one())?;
    let full = if addr.is_ipv4() { 32 } else { 128 };
    let len = len.map_or(Ok(full), |len| len.parse::<u8>().map_err(|_| not_one()))?;
    if len > full {
        return Err(not_one());
    }
    Ok(Prefix { addr, len })
}

/// A bare address.
pub(super) fn address(word: &str) -> Result<IpAddr, String> {
    word.parse().map_err(|_| format!("{word}: not an address"))
}

/// Linux's `RT_SCOPE_*` by iproute2's name or by number.
pub(super) fn scope(word: &str) -> Result<u8, String> {
    match word {
        "global" | "universe" => Ok(0),
        "site" => Ok(200),
        "link" => Ok(253),
        "host" => Ok(254),
        "nowhere" => Ok(255),
        number => number.parse().map_err(|_| format!("the scope {number}")),
    }
}

#[cfg(test)]
mod tests;
