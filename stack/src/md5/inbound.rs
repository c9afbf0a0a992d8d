//! Whether a segment is signed as it has to be.
//!
//! RFC 2385 §2.0, §4.1 · Linux: tcp_inbound_hash, tcp_inbound_md5_hash (net/ipv4/tcp.c)

use super::{Md5Key, Md5Keys, tcp_v4_md5_hash_skb};
use crate::cx::Cx;
use crate::input::DropReason;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::wire::Segment;

const EOL: u8 = 0;
const NOP: u8 = 1;
const MD5: u8 = 19;
/// TCP-AO (RFC 5925), which no socket here has a key for.
const AO: u8 = 29;
/// TCPOLEN_MD5SIG: with fewer bytes left there can be no signature, and nobody looks.
const MD5_LEN: usize = 18;
/// The same for TCP-AO, of which a byte of the digest is enough.
const AO_LEAST: usize = 5;

/// Why the segment is dropped, if the keys of its socket say so. Nothing is answered.
///
/// RFC 2385 §2.0 · Linux: tcp_inbound_hash (net/ipv4/tcp.c)
pub(crate) fn tcp_inbound_hash(
    keys: &Md5Keys,
    seg: &Segment,
    cx: &mut Cx,
) -> Result<(), DropReason> {
    let has_md5 = match tcp_parse_auth_options(seg, cx) {
        Ok(found) => found,
        Err(_) if !cx.kernel.md5_malformed_refused => false,
        Err(reason) => return Err(reason),
    };
    let key = keys.lookup(seg.ip.src);
    let (counter, reason) = match (key, has_md5) {
        (None, false) => return Ok(()),
        (Some(_), false) if cx.mutant(Mutant::UnsignedTaken) => return Ok(()),
        (Some(_), true) if cx.mutant(Mutant::WrongSignatureTaken) => return Ok(()),
        (Some(_), false) => (Counter::TcpExtTCPMD5NotFound, DropReason::TcpMd5notfound),
        (None, true) => (Counter::TcpExtTCPMD5Unexpected, DropReason::TcpMd5unexpected),
        (Some(key), true) => {
            if seg.options.md5 == Some(tcp_v4_md5_hash_skb(seg, key)) {
                return Ok(());
            }
            (Counter::TcpExtTCPMD5Failure, DropReason::TcpMd5failure)
        }
    };
    cx.mib.inc(counter);
    Err(reason)
}

/// Who can sign the answer to a segment that belongs to no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The segment is not signed, and neither is the answer.
    Nobody,
    /// The holder of this key signed the segment.
    Key(Md5Key),
    /// The signature is nobody's we know: no answer.
    Unknown,
}

/// The connection is gone, but a listener on the peer's port number may still have the key: that is
/// what two routers look like, which both listen on one port.
///
/// RFC 2385 §4.1 · Linux: tcp_v4_send_reset (net/ipv4/tcp_ipv4.c)
pub(crate) fn signer(listener: Option<&Md5Keys>, seg: &Segment) -> Signer {
    let Some(digest) = seg.options.md5 else { return Signer::Nobody };
    let key = listener.and_then(|keys| keys.lookup(seg.ip.src));
    match key.filter(|key| tcp_v4_md5_hash_skb(seg, key) == digest) {
        Some(key) => Signer::Key(key.clone()),
        None => Signer::Unknown,
    }
}

/// Whether there is a signature. An area large enough to hold one must be well-formed, and have one
/// at most; one of TCP-AO is not for anybody here.
///
/// Linux: tcp_do_parse_auth_options (net/ipv4/tcp_input.c)
pub(crate) fn tcp_parse_auth_options(seg: &Segment, cx: &Cx) -> Result<bool, DropReason> {
    parse(seg.option_bytes.as_bytes(), cx.kernel.tcp_ao)
}

fn parse(area: &[u8], with_ao: bool) -> Result<bool, DropReason> {
    let mut found = false;
    let mut rest = area;
    let least = if with_ao { AO_LEAST } else { MD5_LEN };
    while rest.len() >= least {
        match *rest {
            [] | [EOL, ..] => break,
            [NOP, ref after @ ..] => rest = after,
            [kind, len, ..] => {
                let len = usize::from(len);
                let after = rest.get(len..).filter(|_| len >= 2);
                let is_md5 = kind == MD5;
                let is_bad = is_md5 && (found || len != MD5_LEN);
                if is_bad || (with_ao && kind == AO) {
                    return Err(DropReason::TcpAuthHdr);
                }
                found |= is_md5;
                rest = after.ok_or(DropReason::TcpAuthHdr)?;
            }
            [_] => break,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], Ok(false))]
    #[case(&[19, 4, 0, 0], Ok(false))]
    #[case(&[&[1, 1, 19, 18][..], &[7; 16]].concat(), Ok(true))]
    #[case(&[&[0, 1, 19, 18][..], &[7; 16]].concat(), Ok(false))]
    #[case(&[&[19, 17][..], &[7; 16]].concat(), Err(DropReason::TcpAuthHdr))]
    #[case(&[&[19, 18][..], &[7; 16], &[19, 18], &[7; 16]].concat(), Err(DropReason::TcpAuthHdr))]
    #[case(&[&[8, 1][..], &[7; 16]].concat(), Err(DropReason::TcpAuthHdr))]
    #[case(&[&[8, 40][..], &[7; 16]].concat(), Err(DropReason::TcpAuthHdr))]
    fn one_well_formed_signature(#[case] area: &[u8], #[case] found: Result<bool, DropReason>) {
        assert_eq!(parse(area, false), found);
    }

    #[rstest]
    #[case(&[1, 1, 5, 10, 0, 0, 0, 0], Err(DropReason::TcpAuthHdr))]
    #[case(&[29, 4, 0, 0], Ok(false))]
    #[case(&[29, 5, 0, 0, 0, 0, 0, 0], Err(DropReason::TcpAuthHdr))]
    #[case(&[8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], Ok(false))]
    fn with_tcp_ao_less_must_be_well_formed(
        #[case] area: &[u8],
        #[case] found: Result<bool, DropReason>,
    ) {
        assert_eq!(parse(area, true), found);
    }
}
