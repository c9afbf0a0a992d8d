//! TCP options: the same kinds in the same order, then the value of each.

use crate::packet::text::option_text;
use crate::packet::{Tcp, TcpOption};
use crate::script::ast::{Field, OptionsSpec, PacketSpec, TcpOptionSpec, TcpSpec};
use crate::script::print;
use crate::script::source::Span;

use super::{Comparison, Context};

/// Kinds and order first; values only where these agree. `<...>` matches anything.
pub(super) fn compare(
    c: &mut Comparison,
    line: &PacketSpec,
    want: &TcpSpec,
    got: &Tcp,
    cx: &Context<'_>,
) {
    let (list, span) = match &want.options {
        OptionsSpec::Any(_) => return,
        OptionsSpec::None => (&[][..], Span::new(line.span.end.saturating_sub(1), line.span.end)),
        OptionsSpec::List(list, span) => (list.as_slice(), *span),
    };
    let kinds_match = list.len() == got.options.len()
        && list.iter().zip(&got.options).all(|(w, g)| same_kind(&w.node, g));
    if !kinds_match {
        let wanted = list.iter().map(|o| print::option_text(&o.node)).collect();
        let sent = got.options.iter().map(option_text).collect();
        c.check("options", span, list_text(wanted), list_text(sent), false);
        return;
    }
    for (want, got) in list.iter().zip(&got.options) {
        compare_option(c, want.span, &want.node, got, cx);
    }
}

fn list_text(options: Vec<String>) -> String {
    if options.is_empty() { "none".into() } else { format!("<{}>", options.join(",")) }
}

fn same_kind(want: &TcpOptionSpec, got: &TcpOption) -> bool {
    match want {
        TcpOptionSpec::Eol => matches!(got, TcpOption::Eol),
        TcpOptionSpec::Nop => matches!(got, TcpOption::Nop),
        TcpOptionSpec::Mss(_) => matches!(got, TcpOption::Mss(_)),
        TcpOptionSpec::Wscale(_) => matches!(got, TcpOption::Wscale(_)),
        TcpOptionSpec::SackOk => matches!(got, TcpOption::SackOk),
        TcpOptionSpec::Sack(_) | TcpOptionSpec::SackAny => matches!(got, TcpOption::Sack(_)),
        TcpOptionSpec::Ts { .. } => matches!(got, TcpOption::Ts { .. }),
        TcpOptionSpec::Md5(_) | TcpOptionSpec::Md5Valid => matches!(got, TcpOption::Md5(_)),
        TcpOptionSpec::Fastopen { exp, .. } => {
            matches!(got, TcpOption::Fastopen { exp: e, .. } if e == exp)
        }
        TcpOptionSpec::AccEcn { first_e1b, .. } => {
            matches!(got, TcpOption::AccEcn { first_e1b: f, .. } if f == first_e1b)
        }
        TcpOptionSpec::Raw(want) => raw_bytes(got).is_some_and(|got| got == *want),
    }
}

/// The bytes of an option that has no name in scripts.
fn raw_bytes(option: &TcpOption) -> Option<Vec<u8>> {
    match option {
        TcpOption::Malformed(bytes) => Some(bytes.clone()),
        TcpOption::Unknown { kind, data } => {
            let len = u8::try_from(data.len() + 2).ok()?;
            Some([&[*kind, len], data.as_slice()].concat())
        }
        TcpOption::Eol
        | TcpOption::Nop
        | TcpOption::Mss(_)
        | TcpOption::Wscale(_)
        | TcpOption::SackOk
        | TcpOption::Sack(_)
        | TcpOption::Ts { .. }
        | TcpOption::Md5(_)
        | TcpOption::Fastopen { .. }
        | TcpOption::AccEcn { .. } => None,
    }
}

/// Both are of the same kind here.
fn compare_option(
    c: &mut Comparison,
    span: Span,
    want: &TcpOptionSpec,
    got: &TcpOption,
    cx: &Context<'_>,
) {
    match (want, got) {
        (TcpOptionSpec::Mss(Field::Value(w)), TcpOption::Mss(g)) => c.number("mss", span, *w, *g),
        (TcpOptionSpec::Wscale(Field::Value(w)), TcpOption::Wscale(g)) => {
            c.number("wscale", span, *w, *g);
        }
        (TcpOptionSpec::Ts { val, ecr }, TcpOption::Ts { val: got, ecr: got_ecr }) => {
            compare_ts_val(c, span, *val, *got, cx);
            if let Field::Value(want) = ecr
                && cx.config.strict_ts_ecr
            {
                c.number("TS ecr", span, *want, *got_ecr);
            }
        }
        (TcpOptionSpec::Sack(w), TcpOption::Sack(g)) => {
            let text = |blocks: &[(u32, u32)]| option_text(&TcpOption::Sack(blocks.to_vec()));
            c.check("sack", span, text(w), text(g), w == g);
        }
        (TcpOptionSpec::Md5(Some(w)), TcpOption::Md5(g)) => {
            let g = cx.digest.unwrap_or(g);
            c.check("md5", span, hex(w), hex(g), w == g);
        }
        (TcpOptionSpec::Md5Valid, TcpOption::Md5(g)) => {
            let want = cx.md5.as_ref().map_or_else(|| "a key".to_owned(), |w| hex(w));
            let g = cx.digest.unwrap_or(g);
            c.check("md5", span, want, hex(g), cx.md5.is_some_and(|w| w[..] == g[..]));
        }
        (
            TcpOptionSpec::Fastopen { cookie: Some(w), .. },
            TcpOption::Fastopen { cookie: g, .. },
        ) => c.check("fast open cookie", span, hex(w), hex(g), w == g),
        (TcpOptionSpec::AccEcn { counters: w, .. }, TcpOption::AccEcn { counters: g, .. }) => {
            c.check("AccECN counters", span, format!("{w:?}"), format!("{g:?}"), w == g);
        }
        (
            TcpOptionSpec::Eol
            | TcpOptionSpec::Nop
            | TcpOptionSpec::Mss(_)
            | TcpOptionSpec::Wscale(_)
            | TcpOptionSpec::SackOk
            | TcpOptionSpec::Sack(_)
            | TcpOptionSpec::SackAny
            | TcpOptionSpec::Ts { .. }
            | TcpOptionSpec::Md5(_)
            | TcpOptionSpec::Md5Valid
            | TcpOptionSpec::Fastopen { .. }
            | TcpOptionSpec::AccEcn { .. }
            | TcpOptionSpec::Raw(_),
            _,
        ) => {}
    }
}

/// TS val is compared only where the script says how long a tick is; TS ecr
/// only with `--strict_ts_ecr`. (It echoes a value that the script wrote, so it needs no mapping.)
fn compare_ts_val(c: &mut Comparison, span: Span, want: Field<u32>, got: u32, cx: &Context<'_>) {
    let (Some(want), tick) = (want.value(), i64::from(cx.config.tcp_ts_tick_usecs)) else { return };
    if tick == 0 {
        return;
    }
    let off_us = i64::from(want.wrapping_sub(got).cast_signed()).abs() * tick;
    let tolerance = &cx.config.tolerance;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "script times are far below 2^53 microseconds"
    )]
    let relative = (tolerance.percent / 100.0 * cx.due_us as f64) as i64;
    let ok = off_us <= tolerance.usecs.max(relative);
    c.check("TS val", span, want.to_string(), got.to_string(), ok);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
