//! TCP options in the notation of scripts.

use std::fmt::Write as _;

use crate::packet::model::TcpOption;

/// `mss 1460`, `TS val 1 ecr 2`, `sack 1:2 3:4`; `raw fd040a0b` where the language has no name.
#[must_use]
pub fn option_text(option: &TcpOption) -> String {
    match option {
        TcpOption::Eol => "eol".to_owned(),
        TcpOption::Nop => "nop".to_owned(),
        TcpOption::Mss(mss) => format!("mss {mss}"),
        TcpOption::Wscale(shift) => format!("wscale {shift}"),
        TcpOption::SackOk => "sackOK".to_owned(),
        TcpOption::Sack(blocks) => {
            let block = |(left, right): &(u32, u32)| format!(" {left}:{right}");
            format!("sack{}", blocks.iter().map(block).collect::<String>())
        }
        TcpOption::Ts { val, ecr } => format!("TS val {val} ecr {ecr}"),
        TcpOption::Md5(digest) => with_hex("md5", digest),
        TcpOption::Fastopen { exp: false, cookie } => with_hex("FO", cookie),
        TcpOption::Fastopen { exp: true, cookie } => with_hex("FOEXP", cookie),
        TcpOption::AccEcn { first_e1b, counters } => accecn(*first_e1b, counters),
        TcpOption::Unknown { kind, data } => {
            let len = u8::try_from(data.len() + 2).unwrap_or(u8::MAX);
            with_hex("raw", &[&[*kind, len], data.as_slice()].concat())
        }
        TcpOption::Malformed(raw) => with_hex("raw", raw),
    }
}

fn accecn(first_e1b: bool, counters: &[u32]) -> String {
    let names = if first_e1b { ["e1b", "ceb", "e0b"] } else { ["e0b", "ceb", "e1b"] };
    if counters.is_empty() {
        // A script has no name for the empty option; this tells the two kinds apart.
        return format!("ECN {} -", if first_e1b { "e1b" } else { "e0b" });
    }
    let fields = names.iter().zip(counters).map(|(name, counter)| format!(" {name} {counter}"));
    format!("ECN{}", fields.collect::<String>())
}

fn with_hex(word: &str, bytes: &[u8]) -> String {
    let mut text = word.to_owned();
    for (index, byte) in bytes.iter().enumerate() {
        let blank = if index == 0 { " " } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{blank}{byte:02x}");
    }
    text
}
