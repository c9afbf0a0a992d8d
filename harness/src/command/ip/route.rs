//! Words of `ip route …` (ip-route(8)) to [`RouteCommand`].

use super::super::words::{Words, number};
use super::parse::{address, prefix, scope};
use super::{Metric, RouteCommand, RouteDst, RouteKind, RouteMetric, RouteOp};

/// Metrics that are a number as written.
const PLAIN_METRICS: [(&str, Metric); 11] = [
    ("mtu", Metric::Mtu),
    ("window", Metric::Window),
    ("ssthresh", Metric::Ssthresh),
    ("cwnd", Metric::Cwnd),
    ("advmss", Metric::Advmss),
    ("reordering", Metric::Reordering),
    ("hoplimit", Metric::Hoplimit),
    ("initcwnd", Metric::Initcwnd),
    ("initrwnd", Metric::Initrwnd),
    ("quickack", Metric::Quickack),
    ("fastopen_no_cookie", Metric::FastopenNoCookie),
];

/// Metrics that are a time: the kernel stores milliseconds times this factor.
const TIME_METRICS: [(&str, Metric, u32); 3] =
    [("rtt", Metric::Rtt, 8), ("rttvar", Metric::Rttvar, 4), ("rto_min", Metric::RtoMin, 1)];

/// `RTAX_FEATURE_*`.
const FEATURES: [(&str, u32); 2] = [("ecn", 1), ("tcp_usec_ts", 1 << 4)];

const KINDS: [(&str, RouteKind); 8] = [
    ("unicast", RouteKind::Unicast),
    ("local", RouteKind::Local),
    ("broadcast", RouteKind::Broadcast),
    ("multicast", RouteKind::Multicast),
    ("blackhole", RouteKind::Blackhole),
    ("unreachable", RouteKind::Unreachable),
    ("prohibit", RouteKind::Prohibit),
    ("throw", RouteKind::Throw),
];

/// The words after `route`.
pub(super) fn parse(words: &mut Words<'_>) -> Result<RouteCommand, String> {
    let op = op(words.next().unwrap_or("show"))?;
    let mut route = RouteCommand {
        op,
        kind: RouteKind::Unicast,
        dst: RouteDst::Default,
        via: None,
        dev: None,
        src: None,
        table: None,
        scope: None,
        protocol: None,
        priority: None,
        onlink: false,
        metrics: Vec::new(),
        congctl: None,
    };
    let mut dst = None;
    while let Some(word) = words.next() {
        if let Some(metric) = metric(word, words)? {
            route.metrics.push(metric);
        } else if !attribute(word, words, &mut route)? {
            if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == word) {
                route.kind = *kind;
            } else if dst.is_none() {
                dst = Some(destination(word, words)?);
            } else {
                return Err(format!("{word} in ip route"));
            }
        }
    }
    let changes = !matches!(op, RouteOp::Show | RouteOp::Flush);
    if changes && dst.is_none() {
        return Err("ip route without a destination".to_owned());
    }
    route.dst = dst.unwrap_or(RouteDst::Default);
    Ok(route)
}

fn op(word: &str) -> Result<RouteOp, String> {
    match word {
        "add" => Ok(RouteOp::Add),
        "change" | "chg" => Ok(RouteOp::Change),
        "replace" => Ok(RouteOp::Replace),
        "append" => Ok(RouteOp::Append),
        "delete" | "del" => Ok(RouteOp::Delete),
        "flush" => Ok(RouteOp::Flush),
        "show" | "list" | "lst" | "get" => Ok(RouteOp::Show),
        other => Err(format!("ip route {other}")),
    }
}

fn destination(word: &str, words: &mut Words<'_>) -> Result<RouteDst, String> {
    match if word == "to" { words.value(word)? } else { word } {
        "default" | "all" | "any" => Ok(RouteDst::Default),
        word => prefix(word).map(RouteDst::To),
    }
}

/// Takes the value of attribute `word`; false if it is none.
fn attribute(word: &str, words: &mut Words<'_>, route: &mut RouteCommand) -> Result<bool, String> {
    match word {
        "via" => {
            let _ = words.take("inet") || words.take("inet6");
            route.via = Some(address(words.value(word)?)?);
        }
        "dev" | "oif" => route.dev = Some(words.value(word)?.to_owned()),
        "src" => route.src = Some(address(words.value(word)?)?),
        "table" => {
            route.table = Some(match words.value(word)? {
                "local" => 255,
                "main" => 254,
                "default" => 253,
                other => number(other).ok_or_else(|| format!("the table {other}"))?,
            });
        }
        "scope" => route.scope = Some(scope(words.value(word)?)?),
        "proto" | "protocol" => {
            route.protocol = Some(match words.value(word)? {
                "kernel" => 2,
                "boot" => 3,
                "static" => 4,
                other => other.parse().map_err(|_| format!("the protocol {other}"))?,
            });
        }
        "metric" | "priority" | "preference" => route.priority = Some(words.number(word)?),
        "onlink" => route.onlink = true,
        "congctl" => {
            let lock = words.take("lock");
            route.congctl = Some((words.value(word)?.to_owned(), lock));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Takes the value of metric `word`; [`None`] if it is none.
fn metric(word: &str, words: &mut Words<'_>) -> Result<Option<RouteMetric>, String> {
    let plain = PLAIN_METRICS.iter().find(|(name, _)| *name == word);
    let time = TIME_METRICS.iter().find(|(name, ..)| *name == word);
    if plain.is_none() && time.is_none() && word != "features" {
        return Ok(None);
    }
    let lock = words.take("lock");
    if let Some(&(_, metric)) = plain {
        return Ok(Some(RouteMetric { metric, value: words.number(word)?, lock }));
    }
    if let Some(&(_, metric, factor)) = time {
        let value = milliseconds(words.value(word)?, factor)?;
        return Ok(Some(RouteMetric { metric, value, lock }));
    }
    let mut value = 0;
    while let Some((_, bit)) = FEATURES.iter().find(|(name, _)| words.peek() == Some(*name)) {
        words.next();
        value |= bit;
    }
    if value == 0 {
        return Err("features without a known feature".to_owned());
    }
    Ok(Some(RouteMetric { metric: Metric::Features, value, lock }))
}

/// `5ms` or `1s` in milliseconds times `factor`; a bare number is the kernel's own unit.
fn milliseconds(word: &str, factor: u32) -> Result<u32, String> {
    let scaled = |digits: &str, unit: u32| {
        number(digits).and_then(|n| n.checked_mul(unit)).and_then(|n| n.checked_mul(factor))
    };
    let value = if let Some(digits) = word.strip_suffix("ms") {
        scaled(digits, 1)
    } else if let Some(digits) = word.strip_suffix('s') {
        scaled(digits, 1000)
    } else {
        number(word)
    };
    value.ok_or_else(|| format!("{word}: not a time"))
}
