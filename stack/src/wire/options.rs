//! TCP options: [`OptionBuf`] writes them in the order it is told, [`Options`] is what Linux's
//! parser reads in them (RFC 9293 §3.1, 7323, 2018, 2883, 7413, 9768).
//!
//! Linux: tcp_parse_options (net/ipv4/tcp_input.c). Layout and padding are chosen by
//! `output::options`; gating by sysctl or by what was negotiated is done by `input`.

use super::read::{array, be16, be32, byte};
use crate::seq::Seq;

pub(super) const EOL: u8 = 0;
pub(super) const NOP: u8 = 1;
const MSS: u8 = 2;
const WSCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMP: u8 = 8;
const MD5: u8 = 19;
const FASTOPEN: u8 = 34;
const ACCECN0: u8 = 172;
const ACCECN1: u8 = 174;
const EXPERIMENT: u8 = 254;
/// TCPOPT_FASTOPEN_MAGIC: the experiment id of Fast Open before it had a kind of its own.
const FASTOPEN_MAGIC: u16 = 0xf989;
/// The data offset has four bits, which leaves forty bytes after the fixed header.
const MAX_LEN: usize = 40;
/// RFC 7323 §2.3: a larger shift is logged and used as 14.
pub(crate) const MAX_WSCALE: u8 = 14;

/// A range of sequence space: left edge, and the first number beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SackBlock {
    /// First sequence number of the block.
    pub start: Seq,
    /// The number after the last one.
    pub end: Seq,
}

/// Up to four SACK blocks in wire order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlocks {
    blocks: [SackBlock; 4],
    len: u8,
}

impl SackBlocks {
    /// Appends a block; a fifth one is ignored because no header has room for it.
    pub fn push(&mut self, block: SackBlock) {
        if let Some(slot) = self.blocks.get_mut(usize::from(self.len)) {
            *slot = block;
            self.len += 1;
        }
    }

    /// The blocks in order.
    #[must_use]
    pub fn as_slice(&self) -> &[SackBlock] {
        self.blocks.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// No SACK option, or one without blocks.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl FromIterator<SackBlock> for SackBlocks {
    fn from_iter<T: IntoIterator<Item = SackBlock>>(blocks: T) -> Self {
        let mut all = Self::default();
        blocks.into_iter().for_each(|block| all.push(block));
        all
    }
}

/// The timestamps option, RFC 7323 §3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ts {
    /// TSval.
    pub val: u32,
    /// TSecr.
    pub ecr: u32,
}

/// A Fast Open option in a SYN or SYN-ACK, RFC 7413 §4.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fastopen {
    /// The experimental form (kind 254) rather than kind 34.
    pub exp: bool,
    /// `Some(empty)` asks for a cookie; `None` is a cookie of a length that cannot be one.
    pub cookie: Option<Vec<u8>>,
}

/// An Accurate ECN option, RFC 9768 §3.2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccEcn {
    /// Kind 174: ECT(1) bytes come first. Kind 172 has ECT(0) bytes first.
    pub first_e1b: bool,
    /// Up to three 24-bit counters in wire order.
    pub counters: [Option<u32>; 3],
}

/// What Linux's parser keeps of an option area. Later options win over earlier ones of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size; SYN only, 0 counts as absent.
    pub mss: Option<u16>,
    /// Window scale, clamped to 14; SYN only.
    pub wscale: Option<u8>,
    /// SACK permitted; SYN only.
    pub sack_permitted: bool,
    /// Timestamps.
    pub ts: Option<Ts>,
    /// SACK blocks.
    pub sack: SackBlocks,
    /// Fast Open; SYN only.
    pub fastopen: Option<Fastopen>,
    /// Accurate ECN.
    pub accecn: Option<AccEcn>,
    /// An MD5 signature is present.
    pub md5: Option<[u8; 16]>,
    /// An option Linux does not know is present.
    pub unknown: bool,
}

impl Options {
    /// Reads an option area. A bad length ends the walk and never rejects the segment; an option
    /// of a known kind and a wrong length is skipped.
    ///
    /// Linux: tcp_parse_options (net/ipv4/tcp_input.c)
    #[must_use]
    pub fn parse(area: &[u8], syn: bool) -> Self {
        let mut options = Self::default();
        let mut rest = area;
        while let Some((kind, body, after)) = next(rest) {
            options.take(kind, body, syn);
            rest = after;
        }
        options
    }

    fn take(&mut self, kind: u8, body: &[u8], syn: bool) {
        match (kind, body.len()) {
            (MSS, 2) if syn => self.mss = be16(body, 0).filter(|&mss| mss != 0).or(self.mss),
            (WSCALE, 1) if syn => self.wscale = byte(body, 0).map(|shift| shift.min(MAX_WSCALE)),
            (SACK_PERMITTED, 0) if syn => self.sack_permitted = true,
            (TIMESTAMP, 8) => {
                self.ts = be32(body, 0).zip(be32(body, 4)).map(|(val, ecr)| Ts { val, ecr });
            }
            (SACK, len) if len >= 8 && len.is_multiple_of(8) => self.sack = sack_blocks(body),
            (MD5, 16) => self.md5 = array(body, 0),
            (FASTOPEN, _) if syn => self.take_fastopen(body, false),
            (ACCECN0, _) => self.accecn = Some(accecn(body, false)),
            (ACCECN1, _) => self.accecn = Some(accecn(body, true)),
            (EXPERIMENT, _) if be16(body, 0) == Some(FASTOPEN_MAGIC) => {
                if syn {
                    self.take_fastopen(body.get(2..).unwrap_or_default(), true);
                }
            }
            (MSS | WSCALE | SACK_PERMITTED | TIMESTAMP | SACK | MD5 | FASTOPEN, _) => {}
            _ => self.unknown = true,
        }
    }

    /// Linux: tcp_parse_fastopen_option (net/ipv4/tcp_input.c)
    fn take_fastopen(&mut self, cookie: &[u8], exp: bool) {
        let cookie = match cookie.len() {
            odd if !odd.is_multiple_of(2) => return,
            // TCP_FASTOPEN_COOKIE_MIN and _MAX; 0 is a request.
            0 | 4..=16 => Some(cookie.to_vec()),
            _ => None,
        };
        self.fastopen = Some(Fastopen { exp, cookie });
    }
}

/// The first option with a length, its body, and what follows it; `None` where the walk ends.
fn next(area: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let nops = area.iter().take_while(|&&kind| kind == NOP).count();
    let rest = area.get(nops..)?;
    let kind = byte(rest, 0).filter(|&kind| kind != EOL)?;
    let len = byte(rest, 1).map(usize::from)?;
    Some((kind, rest.get(2..len)?, rest.get(len..)?))
}

fn sack_blocks(body: &[u8]) -> SackBlocks {
    let edge = |at| be32(body, at).map(Seq);
    (0..body.len())
        .step_by(8)
        .filter_map(|at| edge(at).zip(edge(at + 4)))
        .map(|(start, end)| SackBlock { start, end })
        .collect()
}

fn accecn(body: &[u8], first_e1b: bool) -> AccEcn {
    let counter = |at| array::<3>(body, at).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]));
    AccEcn { first_e1b, counters: [counter(0), counter(3), counter(6)] }
}

/// An option area, encoded: at most forty bytes, in the order pushed.
///
/// An option that does not fit is refused as a whole; `push_*` says whether it was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OptionBuf {
    bytes: [u8; MAX_LEN],
    len: u8,
}

impl Default for OptionBuf {
    fn default() -> Self {
        Self { bytes: [0; MAX_LEN], len: 0 }
    }
}

impl std::fmt::Debug for OptionBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OptionBuf").field(&self.as_bytes()).finish()
    }
}

impl OptionBuf {
    /// An area as received; bytes beyond forty cannot occur and are ignored.
    #[must_use]
    pub(super) fn from_wire(area: &[u8]) -> Self {
        let mut buf = Self::default();
        buf.push(area.get(..area.len().min(MAX_LEN)).unwrap_or_default());
        buf
    }

    /// The bytes so far, without padding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Length on the wire: rounded up to whole words (`emit` pads with NOP).
    #[must_use]
    pub const fn padded_len(&self) -> usize {
        (self.len as usize).next_multiple_of(4)
    }

    /// Bytes that still fit.
    #[must_use]
    pub const fn room(&self) -> usize {
        MAX_LEN - self.len as usize
    }

    /// No-operation, kind 1.
    pub fn push_nop(&mut self) -> bool {
        self.push(&[NOP])
    }

    /// End of option list, kind 0.
    pub fn push_eol(&mut self) -> bool {
        self.push(&[EOL])
    }

    /// Maximum segment size, kind 2.
    pub fn push_mss(&mut self, mss: u16) -> bool {
        let [high, low] = mss.to_be_bytes();
        self.push(&[MSS, 4, high, low])
    }

    /// Window scale, kind 3.
    pub fn push_wscale(&mut self, shift: u8) -> bool {
        self.push(&[WSCALE, 3, shift])
    }

    /// SACK permitted, kind 4.
    pub fn push_sack_permitted(&mut self) -> bool {
        self.push(&[SACK_PERMITTED, 2])
    }

    /// SACK, kind 5; blocks in the order given.
    pub fn push_sack(&mut self, blocks: &[SackBlock]) -> bool {
        let mut body = Vec::with_capacity(blocks.len() * 8);
        for block in blocks {
            body.extend(block.start.0.to_be_bytes());
            body.extend(block.end.0.to_be_bytes());
        }
        self.push_kind(SACK, &body)
    }

    /// Timestamps, kind 8.
    pub fn push_ts(&mut self, ts: Ts) -> bool {
        let mut body = [0; 8];
        let (val, ecr) = body.split_at_mut(4);
        val.copy_from_slice(&ts.val.to_be_bytes());
        ecr.copy_from_slice(&ts.ecr.to_be_bytes());
        self.push_kind(TIMESTAMP, &body)
    }

    /// MD5 signature, kind 19.
    pub fn push_md5(&mut self, digest: &[u8; 16]) -> bool {
        self.push_kind(MD5, digest)
    }

    /// Fills in the digest of a signature that was pushed without one.
    pub fn set_md5(&mut self, digest: &[u8; 16]) {
        let slot = self.md5_end().and_then(|end| self.bytes.get_mut(end - digest.len()..end));
        if let Some(slot) = slot {
            slot.copy_from_slice(digest);
        }
    }

    /// Where the signature ends, if there is one.
    fn md5_end(&self) -> Option<usize> {
        let mut rest = self.as_bytes();
        while let Some((kind, body, after)) = next(rest) {
            if kind == MD5 && body.len() == 16 {
                return Some(self.as_bytes().len() - after.len());
            }
            rest = after;
        }
        None
    }

    /// Fast Open: an empty cookie is a request. `exp` selects the experimental form.
    pub fn push_fastopen(&mut self, cookie: &[u8], exp: bool) -> bool {
        if !exp {
            return self.push_kind(FASTOPEN, cookie);
        }
        let body = [&FASTOPEN_MAGIC.to_be_bytes(), cookie].concat();
        self.push_kind(EXPERIMENT, &body)
    }

    /// Accurate ECN, kind 172 or 174; counters after the first absent one are not written.
    pub fn push_accecn(&mut self, option: AccEcn) -> bool {
        let kind = if option.first_e1b { ACCECN1 } else { ACCECN0 };
        let counters = option.counters.iter().map_while(|&counter| counter);
        let body: Vec<u8> =
            counters.flat_map(|counter| counter.to_be_bytes().into_iter().skip(1)).collect();
        self.push_kind(kind, &body)
    }

    fn push_kind(&mut self, kind: u8, body: &[u8]) -> bool {
        let Ok(len) = u8::try_from(body.len() + 2) else { return false };
        self.push(&[&[kind, len], body].concat())
    }

    fn push(&mut self, bytes: &[u8]) -> bool {
        let start = usize::from(self.len);
        let Some(slot) = self.bytes.get_mut(start..start + bytes.len()) else { return false };
        slot.copy_from_slice(bytes);
        self.len += u8::try_from(bytes.len()).unwrap_or(0);
        true
    }
}

#[cfg(test)]
mod tests;
