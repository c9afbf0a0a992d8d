//! An option area, read twice: by the stack, which keeps what Linux keeps, and by the harness,
//! which keeps everything. What Linux keeps follows from the whole list.

use std::net::SocketAddr;

use synproof_harness::packet::{Ip, Packet, Tcp, TcpOption, Transport, build, flag, parse};
use synproof_stack::seq::Seq;
use synproof_stack::wire::{
    self, AccEcn, Fastopen, Ingress, OptionBuf, Options, SackBlock, SackBlocks, Ts,
};

use crate::Verdict;

const WHOLE: &str = "any option area has a reading in the harness that writes the same bytes";
const KEPT: &str = "the stack keeps of an option area what Linux keeps";
const AGAIN: &str = "what was kept, written in the stack's words, is kept again";

/// The first byte says whether the segment is a SYN; up to forty others are the area.
pub fn check(bytes: &[u8]) -> Verdict {
    let Some((&first, area)) = bytes.split_first() else { return Verdict::Rejected };
    let syn = first & 1 == 1;
    let Some(packet) = packet_with(area.get(..area.len().min(40)).unwrap_or_default(), syn) else {
        return Verdict::Rejected;
    };
    let Ok(Packet { transport: Transport::Tcp(tcp), .. }) = parse(&packet) else {
        return Verdict::broken(WHOLE, format!("refused: {packet:02x?}"));
    };
    let Ok(Ingress::Tcp(seg)) = wire::parse(&packet) else {
        return Verdict::broken(KEPT, format!("the stack refuses {packet:02x?}"));
    };
    let kept = linux_options(&tcp.options, syn);
    if seg.options != kept {
        return Verdict::broken(KEPT, format!("stack {:?}\nharness {kept:?}", seg.options));
    }
    written_again(&kept, syn)
}

/// A segment with this area, zero-padded to whole words, as one IPv4 packet.
fn packet_with(area: &[u8], syn: bool) -> Option<Vec<u8>> {
    let mut padded = area.to_vec();
    padded.resize(area.len().next_multiple_of(4), 0);
    let [src, dst] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(|ip| SocketAddr::from((ip, 80)));
    let tcp = Tcp {
        src_port: src.port(),
        dst_port: dst.port(),
        flags: if syn { flag::SYN } else { flag::ACK },
        options: vec![TcpOption::Malformed(padded)],
        ..Tcp::default()
    };
    let ip = Ip::new(src.ip(), dst.ip());
    build(&Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) }).ok()
}

/// What Linux's parser keeps of a list of options (tcp_parse_options): the last of a kind, some
/// kinds in a SYN only, nothing behind an end or a bad length.
#[must_use]
pub fn linux_options(list: &[TcpOption], syn: bool) -> Options {
    let mut kept = Options::default();
    for option in list {
        match option {
            TcpOption::Nop => {}
            TcpOption::Eol | TcpOption::Malformed(_) => break,
            TcpOption::Mss(mss) if syn && *mss != 0 => kept.mss = Some(*mss),
            TcpOption::Wscale(shift) if syn => kept.wscale = Some((*shift).min(14)),
            TcpOption::SackOk if syn => kept.sack_permitted = true,
            TcpOption::Mss(_) | TcpOption::Wscale(_) | TcpOption::SackOk => {}
            TcpOption::Sack(blocks) if blocks.is_empty() => {}
            TcpOption::Sack(blocks) => kept.sack = sack(blocks),
            TcpOption::Ts { val, ecr } => kept.ts = Some(Ts { val: *val, ecr: *ecr }),
            TcpOption::Md5(digest) => kept.md5 = digest.as_slice().try_into().ok().or(kept.md5),
            TcpOption::Fastopen { exp, cookie } if syn => take_fastopen(&mut kept, *exp, cookie),
            TcpOption::Fastopen { .. } => {}
            TcpOption::AccEcn { first_e1b, counters } => {
                kept.accecn = Some(accecn(*first_e1b, counters));
            }
            TcpOption::Unknown { kind, data } => take_unknown(&mut kept, *kind, data),
        }
    }
    kept
}

fn sack(blocks: &[(u32, u32)]) -> SackBlocks {
    blocks.iter().map(|&(start, end)| SackBlock { start: Seq(start), end: Seq(end) }).collect()
}

/// RFC 7413 §4.1.1: 4 to 16 bytes, an even number; none is a request.
fn take_fastopen(kept: &mut Options, exp: bool, cookie: &[u8]) {
    if cookie.len().is_multiple_of(2) {
        let fits = cookie.is_empty() || (4..=16).contains(&cookie.len());
        kept.fastopen = Some(Fastopen { exp, cookie: fits.then(|| cookie.to_vec()) });
    }
}

fn accecn(first_e1b: bool, counters: &[u32]) -> AccEcn {
    let mut all = counters.iter().copied().map(Some);
    AccEcn { first_e1b, counters: std::array::from_fn(|_| all.next().flatten()) }
}

/// A known kind with a length it cannot have is passed over; accurate ECN is read as far as it goes.
fn take_unknown(kept: &mut Options, kind: u8, data: &[u8]) {
    match kind {
        2..=5 | 8 | 19 | 34 => {}
        172 | 174 => {
            let counters: Vec<u32> = data
                .as_chunks::<3>()
                .0
                .iter()
                .map(|&[high, mid, low]| u32::from_be_bytes([0, high, mid, low]))
                .collect();
            kept.accecn = Some(accecn(kind == 174, &counters));
        }
        _ => kept.unknown = true,
    }
}

/// The stack's own words for what it kept, read again.
fn written_again(kept: &Options, syn: bool) -> Verdict {
    let mut buf = OptionBuf::default();
    let blocks: Vec<SackBlock> = kept.sack.as_slice().to_vec();
    let fastopen = kept.fastopen.clone().filter(|fastopen| fastopen.cookie.is_some());
    let fits = kept.mss.is_none_or(|mss| buf.push_mss(mss))
        && kept.wscale.is_none_or(|shift| buf.push_wscale(shift))
        && (!kept.sack_permitted || buf.push_sack_permitted())
        && kept.ts.is_none_or(|ts| buf.push_ts(ts))
        && (blocks.is_empty() || buf.push_sack(&blocks))
        && kept.md5.is_none_or(|digest| buf.push_md5(&digest))
        && kept.accecn.is_none_or(|accecn| buf.push_accecn(accecn))
        && fastopen.as_ref().is_none_or(|option| {
            buf.push_fastopen(option.cookie.as_deref().unwrap_or_default(), option.exp)
        });
    let again = Options::parse(buf.as_bytes(), syn);
    let expected = Options { unknown: false, fastopen, ..kept.clone() };
    if !fits || again == expected {
        Verdict::Holds
    } else {
        Verdict::broken(AGAIN, format!("{expected:?}\nbecame {again:?}"))
    }
}
