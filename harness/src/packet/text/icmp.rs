//! ICMP messages in the notation of scripts: `icmp unreachable frag_needed mtu 1400 [1:1(0)]`.

use super::write_to;
use crate::packet::icmp::{
    IpFamily, MtuField, QuotedTransport, code_name, is_error, mtu_field, quoted, type_name,
};
use crate::packet::model::{Icmp, Ip};

/// Code 0 of a type without words for codes is left out, as are an MTU and an id of 0.
pub(super) fn icmp_text(icmp: &Icmp, ip: &Ip) -> String {
    let family = IpFamily::of(ip.src);
    let mut text = format!("icmp {}", type_name(family, icmp.ty));
    let code = code_name(family, icmp.ty, icmp.code);
    if code != "code_0" {
        write_to(&mut text, format_args!(" {code}"));
    }
    let [_, _, low_hi, low_lo] = icmp.rest.to_be_bytes();
    let mtu = match mtu_field(family, icmp.ty, icmp.code) {
        Some(MtuField::Low16) => u32::from(u16::from_be_bytes([low_hi, low_lo])),
        Some(MtuField::All32) => icmp.rest,
        None => 0,
    };
    if mtu != 0 {
        write_to(&mut text, format_args!(" mtu {mtu}"));
    }
    let id = icmp.rest >> 16;
    if is_echo(family, icmp.ty) && id != 0 {
        write_to(&mut text, format_args!(" id {id}"));
    }
    text.push_str(&echoed_text(icmp, family));
    text
}

fn is_echo(family: IpFamily, ty: u8) -> bool {
    match family {
        IpFamily::V4 => matches!(ty, 0 | 8),
        IpFamily::V6 => matches!(ty, 128 | 129),
    }
}

/// The quoted segment, or the size of the message where it quotes none that a script can name.
fn echoed_text(icmp: &Icmp, family: IpFamily) -> String {
    let inside = if is_error(family, icmp.ty) { quoted(&icmp.body) } else { None };
    match inside.map(|packet| (packet.transport, packet.len)) {
        Some((QuotedTransport::Tcp { seq, .. }, len)) => {
            format!(" [{seq}:{}({len})]", seq.wrapping_add(u32::from(len)))
        }
        Some((QuotedTransport::Udp { .. }, len)) => format!(" [udp ({len})]"),
        Some((QuotedTransport::Other(..), _)) | None => {
            format!(" [raw ({})]", 8 + icmp.body.len())
        }
    }
}
