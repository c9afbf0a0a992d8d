//! Encapsulation headers in the notation of scripts, each with its colon and a blank.

use crate::packet::model::{Ip, MplsEntry, Outer};

/// `ipv4 1.1.1.1 > 2.2.2.2: `. Of IP the ECN or TOS byte and the TTL are written when they differ
/// from what a script means without them (0 and 255). UDP, which scripts write behind the segment,
/// gives nothing.
pub(super) fn header_text(header: &Outer) -> String {
    match header {
        Outer::Ip(ip) => ip_text(ip),
        Outer::Gre { flags, sum, off, key, seq } => {
            let flags = gre_flags(*flags);
            format!("gre flags {flags}, sum {sum:#x}, off {off:#x}, key={key:#x}, seq {seq:#x}: ")
        }
        Outer::Mpls(stack) => {
            let entries = stack.iter().map(mpls_text).collect::<Vec<_>>().join(" ");
            format!("mpls {entries}: ")
        }
        Outer::Udp { .. } => String::new(),
    }
}

fn ip_text(ip: &Ip) -> String {
    let version = if ip.src.is_ipv4() { "ipv4" } else { "ipv6" };
    let everything = super::TextOptions {
        tos: super::Show::NotDefault,
        flow_label: super::Show::NotDefault,
        ttl: super::Show::NotDefault,
        ..super::TextOptions::default()
    };
    let info = super::ip_info(ip, &everything);
    format!("{version} {info}{} > {}: ", ip.src, ip.dst)
}

/// The flags by name, or the number when it has bits without one.
fn gre_flags(flags: u16) -> String {
    const NAMES: [(u16, &str); 3] =
        [(0x8000, "checksum present"), (0x2000, "key present"), (0x1000, "sequence# present")];
    if flags & !0xb000 != 0 {
        return format!("{flags:#06x}");
    }
    let set = NAMES.iter().filter(|(bit, _)| flags & bit != 0).map(|&(_, name)| name);
    let names = set.collect::<Vec<_>>();
    if names.is_empty() { "[none]".to_owned() } else { format!("[{}]", names.join(",")) }
}

fn mpls_text(entry: &MplsEntry) -> String {
    let bottom = if entry.bottom { "[S], " } else { "" };
    format!("(label {}, tc {}, {bottom}ttl {})", entry.label, entry.tc, entry.ttl)
}
