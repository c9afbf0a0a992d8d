//! Datagrams that nobody meant: noise, and real ones with a few bytes changed.

use synproof_stack::rng::Rng;

fn byte(rng: &mut Rng) -> u8 {
    rng.next_u32().to_le_bytes()[0]
}

fn below(rng: &mut Rng, ceil: usize) -> usize {
    usize::try_from(rng.below(u32::try_from(ceil).unwrap_or(u32::MAX))).unwrap_or(0)
}

/// Noise, most of it with the first byte of an IP header.
pub(crate) fn noise(rng: &mut Rng) -> Vec<u8> {
    let len = below(rng, 120);
    let mut bytes: Vec<u8> = (0..len).map(|_| byte(rng)).collect();
    let first = [0x45, 0x60, 0x46, 0x4f, 0xff][below(rng, 5)];
    if let Some(byte) = bytes.first_mut() {
        *byte = first;
    }
    bytes
}

/// Turns a few bytes of `datagram` into others; half of the time nothing shows it, because the
/// checksums are right again.
pub(crate) fn mutate(rng: &mut Rng, datagram: &mut Vec<u8>) {
    for _ in 0..1 + rng.below(3) {
        let at = below(rng, datagram.len().min(90));
        if let Some(place) = datagram.get_mut(at) {
            *place = if rng.below(2) == 0 { byte(rng) } else { *place ^ 1 << rng.below(8) };
        }
    }
    if rng.below(8) == 0 {
        let len = below(rng, datagram.len() + 1);
        datagram.truncate(len);
    }
    if rng.below(8) == 0 {
        datagram.extend((0..rng.below(60)).map(|_| 0));
    }
    if rng.below(2) == 0 {
        repair(datagram);
    }
}

/// Back to whence it came.
pub(crate) fn reflect(datagram: &mut [u8]) {
    let (addrs, len) = if is_v6(datagram) { (8, 16) } else { (12, 4) };
    let tcp = header_len(datagram);
    if datagram.len() < tcp + 20 {
        return;
    }
    for at in 0..len {
        datagram.swap(addrs + at, addrs + len + at);
    }
    datagram.swap(tcp, tcp + 2);
    datagram.swap(tcp + 1, tcp + 3);
}

fn is_v6(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| first >> 4 == 6)
}

fn header_len(datagram: &[u8]) -> usize {
    let first = datagram.first().copied().unwrap_or(0);
    if first >> 4 == 6 { 40 } else { usize::from(first & 0xf) * 4 }
}

/// Lengths and checksums as a sender would have them.
fn repair(datagram: &mut [u8]) {
    let tcp = header_len(datagram);
    if tcp < 20 || datagram.len() < tcp + 20 {
        return;
    }
    let length = u16::try_from(datagram.len()).unwrap_or(u16::MAX);
    let payload = u16::try_from(datagram.len() - tcp).unwrap_or(u16::MAX);
    let pseudo = if is_v6(datagram) {
        datagram[4..6].copy_from_slice(&payload.to_be_bytes());
        datagram[6] = 6;
        sum(&datagram[8..40])
    } else {
        datagram[2..4].copy_from_slice(&length.to_be_bytes());
        datagram[9] = 6;
        datagram[10..12].fill(0);
        let header = !fold(sum(&datagram[..tcp]));
        datagram[10..12].copy_from_slice(&header.to_be_bytes());
        sum(&datagram[12..20])
    };
    datagram[tcp + 16..tcp + 18].fill(0);
    let whole = !fold(pseudo + 6 + u64::from(payload) + sum(&datagram[tcp..]));
    datagram[tcp + 16..tcp + 18].copy_from_slice(&whole.to_be_bytes());
}

fn sum(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)))
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(0)
}
