//! TCP option lists, bytes to [`TcpOption`]s and back (RFC 9293 §3.1, 2018, 2385, 7323, 7413, 9768).
//!
//! Every list of bytes has a reading, and encoding that reading gives the bytes again.

use super::build::BuildError;
use super::model::TcpOption;

/// Magic number of the experimental Fast Open option (RFC 7413 appendix A, RFC 6994).
const FASTOPEN_MAGIC: [u8; 2] = [0xf9, 0x89];

/// What the options part of a TCP header says.
///
/// Reading stops at EOL: zero bytes after it are EOLs too, and anything else there is kept as one
/// [`TcpOption::Malformed`], as is an option whose length is 0, 1 or beyond the header. A known
/// kind with a length it cannot have is [`TcpOption::Unknown`].
pub(super) fn decode(mut bytes: &[u8]) -> Vec<TcpOption> {
    let mut options = Vec::new();
    while let Some((&kind, rest)) = bytes.split_first() {
        let (option, left) = match kind {
            0 => return after_eol(options, bytes),
            1 => (TcpOption::Nop, rest),
            _ => match sized(bytes) {
                Some((data, left)) => (known(kind, data), left),
                None => (TcpOption::Malformed(bytes.to_vec()), [].as_slice()),
            },
        };
        options.push(option);
        bytes = left;
    }
    options
}

fn after_eol(mut options: Vec<TcpOption>, bytes: &[u8]) -> Vec<TcpOption> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    options.extend(std::iter::repeat_n(TcpOption::Eol, zeros));
    match bytes.get(zeros..) {
        None | Some([]) => {}
        Some(garbage) => options.push(TcpOption::Malformed(garbage.to_vec())),
    }
    options
}

/// Data of the option at the start of `bytes`, and what follows it.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = usize::from(*bytes.get(1)?);
    Some((bytes.get(2..len)?, bytes.get(len..)?))
}

fn known(kind: u8, data: &[u8]) -> TcpOption {
    match (kind, data) {
        (2, &[hi, lo]) => TcpOption::Mss(u16::from_be_bytes([hi, lo])),
        (3, &[shift]) => TcpOption::Wscale(shift),
        (4, []) => TcpOption::SackOk,
        (5, blocks) if blocks.len().is_multiple_of(8) => TcpOption::Sack(sack_blocks(blocks)),
        (8, &[v0, v1, v2, v3, e0, e1, e2, e3]) => TcpOption::Ts {
            val: u32::from_be_bytes([v0, v1, v2, v3]),
            ecr: u32::from_be_bytes([e0, e1, e2, e3]),
        },
        (19, digest) if digest.len() <= 16 => TcpOption::Md5(digest.to_vec()),
        (34, cookie) => TcpOption::Fastopen { exp: false, cookie: cookie.to_vec() },
        (254, &[0xf9, 0x89, ref cookie @ ..]) => {
            TcpOption::Fastopen { exp: true, cookie: cookie.to_vec() }
        }
        (172 | 174, counters) if matches!(counters.len(), 0 | 3 | 6 | 9) => {
            TcpOption::AccEcn { first_e1b: kind == 174, counters: accecn_counters(counters) }
        }
        _ => TcpOption::Unknown { kind, data: data.to_vec() },
    }
}

fn sack_blocks(data: &[u8]) -> Vec<(u32, u32)> {
    let edges = data.as_chunks::<4>().0.iter().map(|edge| u32::from_be_bytes(*edge));
    edges.clone().step_by(2).zip(edges.skip(1).step_by(2)).collect()
}

fn accecn_counters(data: &[u8]) -> Vec<u32> {
    let counters = data.as_chunks::<3>().0;
    counters.iter().map(|&[high, mid, low]| u32::from_be_bytes([0, high, mid, low])).collect()
}

/// The bytes of an option list, in order, nothing added.
pub(super) fn encode(options: &[TcpOption]) -> Result<Vec<u8>, BuildError> {
    let mut bytes = Vec::new();
    for option in options {
        encode_one(option, &mut bytes)?;
    }
    if bytes.len() > 40 {
        return Err(BuildError::OptionsTooLong(bytes.len()));
    }
    if !bytes.len().is_multiple_of(4) {
        return Err(BuildError::OptionsNotPadded { len: bytes.len(), excess: bytes.len() % 4 });
    }
    Ok(bytes)
}

fn encode_one(option: &TcpOption, to: &mut Vec<u8>) -> Result<(), BuildError> {
    match option {
        TcpOption::Eol => to.push(0),
        TcpOption::Nop => to.push(1),
        TcpOption::Mss(mss) => put(to, 2, &[&mss.to_be_bytes()])?,
        TcpOption::Wscale(shift) => put(to, 3, &[&[*shift]])?,
        TcpOption::SackOk => put(to, 4, &[])?,
        TcpOption::Sack(blocks) => {
            let edges = blocks.iter().flat_map(|&(left, right)| [left, right]);
            put(to, 5, &[&edges.flat_map(u32::to_be_bytes).collect::<Vec<u8>>()])?;
        }
        TcpOption::Ts { val, ecr } => put(to, 8, &[&val.to_be_bytes(), &ecr.to_be_bytes()])?,
        TcpOption::Md5(digest) => put(to, 19, &[digest])?,
        TcpOption::Fastopen { exp: false, cookie } => put(to, 34, &[cookie])?,
        TcpOption::Fastopen { exp: true, cookie } => put(to, 254, &[&FASTOPEN_MAGIC, cookie])?,
        TcpOption::AccEcn { first_e1b, counters } => {
            let kind = if *first_e1b { 174 } else { 172 };
            put(to, kind, &[&accecn_bytes(counters)?])?;
        }
        TcpOption::Unknown { kind: kind @ (0 | 1), .. } => {
            return Err(BuildError::OptionKind(*kind));
        }
        TcpOption::Unknown { kind, data } => put(to, *kind, &[data])?,
        TcpOption::Malformed(raw) => to.extend_from_slice(raw),
    }
    Ok(())
}

fn accecn_bytes(counters: &[u32]) -> Result<Vec<u8>, BuildError> {
    if counters.len() > 3 {
        return Err(BuildError::AccEcnCounters(counters.len()));
    }
    let mut bytes = Vec::new();
    for &counter in counters {
        let [0, low @ ..] = counter.to_be_bytes() else {
            return Err(BuildError::AccEcnCounter(counter));
        };
        bytes.extend_from_slice(&low);
    }
    Ok(bytes)
}

/// Kind, length, and the parts one after the other.
fn put(to: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) -> Result<(), BuildError> {
    let len = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    to.push(kind);
    to.push(u8::try_from(len).map_err(|_| BuildError::OptionsTooLong(len))?);
    for part in parts {
        to.extend_from_slice(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
