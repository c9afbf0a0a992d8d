//! Packet lines as text.

use std::fmt::Display;

use crate::script::ast::{
    Direction, Echoed, Encap, EncapKind, Field, Flags, GreSpec, IcmpSpec, IpInfo, MplsLabel,
    NamedPart, OptionsSpec, PacketBody, PacketSpec, Part, Ports, Role, SeqSpec, TcpOptionSpec,
    TcpSpec, Tos, UdpSpec,
};

use super::call::quoted;

/// `> S. 0:0(0) ack 1 <mss 1460,nop,wscale 8>`
#[must_use]
pub fn packet_text(packet: &PacketSpec) -> String {
    let direction = match packet.direction.node {
        Direction::Inbound => "<",
        Direction::Outbound => ">",
    };
    let mut parts = vec![direction.to_owned()];
    parts.extend(packet.encap.iter().map(encap));
    parts.extend(ip_info(&packet.ip));
    parts.extend(packet.psp.as_ref().map(|spi| format!("encap psp spi {}", spi.node)));
    parts.push(match &packet.body {
        PacketBody::Tcp(segment) => tcp(segment, &packet.names),
        PacketBody::Udp(datagram) => udp(datagram),
        PacketBody::Icmp(message) => icmp(message),
    });
    let mut text = parts.join(" ");
    if let Some(ports) = &packet.outer_udp {
        text.push_str(&outer_udp(ports.node));
    }
    if !packet.malform.is_empty() {
        let list: Vec<String> = packet.malform.iter().map(|one| one.node.to_string()).collect();
        text.push_str(&format!(" /but({})", list.join(", ")));
    }
    text
}

fn outer_udp(ports: Ports) -> String {
    format!("/udp({})", port_pair(ports))
}

fn port_pair(ports: Ports) -> String {
    format!("{} > {}", ports.src, ports.dst)
}

fn encap(header: &Encap) -> String {
    match &header.kind {
        EncapKind::Ip { info, src, dst } => {
            let version = if src.is_ipv4() { "ipv4" } else { "ipv6" };
            let info = ip_info(info).map_or_else(String::new, |info| format!("{info} "));
            format!("{version} {info}{src} > {dst}:")
        }
        EncapKind::Gre(gre) if *gre == GreSpec::default() => "gre:".to_owned(),
        EncapKind::Gre(gre) => format!("gre {}:", gre_text(gre)),
        EncapKind::Mpls(stack) if stack.is_empty() => "mpls:".to_owned(),
        EncapKind::Mpls(stack) => format!("mpls {}:", mpls_text(stack)),
    }
}

/// `flags [key present], sum 0x0, off 0x0, key=0x1, seq 0x0`
pub(super) fn gre_text(gre: &GreSpec) -> String {
    let named =
        [(0x8000, "checksum present"), (0x2000, "key present"), (0x1000, "sequence# present")];
    let names: Vec<&str> =
        named.iter().filter(|(bit, _)| gre.flags & bit != 0).map(|(_, name)| *name).collect();
    let known = named.iter().fold(0, |all, (bit, _)| all | bit);
    let flags = match names.as_slice() {
        _ if gre.flags & !known != 0 => format!("{:#x}", gre.flags),
        [] => "[none]".to_owned(),
        names => format!("[{}]", names.join(",")),
    };
    let GreSpec { sum, off, key, seq, .. } = gre;
    format!("flags {flags}, sum {sum:#x}, off {off:#x}, key={key:#x}, seq {seq:#x}")
}

/// `(label 1, tc 0, ttl 3) (label 2, tc 0, [S], ttl 3)`
pub(super) fn mpls_text(stack: &[MplsLabel]) -> String {
    let entries: Vec<String> = stack
        .iter()
        .map(|entry| {
            let bottom = if entry.bottom { "[S], " } else { "" };
            format!("(label {}, tc {}, {bottom}ttl {})", entry.label, entry.tc, entry.ttl)
        })
        .collect();
    entries.join(" ")
}

fn ip_info(info: &IpInfo) -> Option<String> {
    let tos = info.tos.as_ref().map(|tos| match tos.node {
        Tos::Ecn(0) => "noecn".to_owned(),
        Tos::Ecn(1) => "ect1".to_owned(),
        Tos::Ecn(2) => "ect0".to_owned(),
        Tos::Ecn(_) => "ce".to_owned(),
        Tos::Ect01 => "ect01".to_owned(),
        Tos::Byte(byte) => format!("tos {byte:#04x}"),
    });
    let label = info.flow_label.as_ref().map(|label| format!("flowlabel {:#x}", label.node));
    let ttl = info.ttl.as_ref().map(|ttl| format!("ttl {}", ttl.node));
    let parts: Vec<String> = [tos, label, ttl].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("[{}]", parts.join(",")))
}

// ---- TCP -------------------------------------------------------------------------------------

fn tcp(segment: &TcpSpec, names: &[NamedPart]) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(segment.ports.as_ref().map(|ports| {
        let port = |part, port: u16| name(names, part).unwrap_or_else(|| port.to_string());
        let Ports { src, dst } = ports.node;
        format!("{} > {}", port(Part::SrcPort, src), port(Part::DstPort, dst))
    }));
    parts.push(flags(segment.flags.node));
    parts.push(seq(&segment.seq));
    parts.extend(segment.ack.as_ref().map(|ack| format!("ack {}", field(ack.node))));
    parts.extend(segment.win.as_ref().map(|win| format!("win {}", field(win.node))));
    parts.extend(segment.urg.as_ref().map(|urg| format!("urg {}", field(urg.node))));
    match &segment.options {
        OptionsSpec::None => {}
        OptionsSpec::Any(_) => parts.push("<...>".to_owned()),
        OptionsSpec::List(list, _) => {
            let list: Vec<String> =
                list.iter().map(|one| named_option_text(&one.node, names)).collect();
            parts.push(format!("<{}>", list.join(",")));
        }
    }
    parts.extend(segment.payload.as_ref().map(|text| quoted(&text.node)));
    parts.join(" ")
}

/// `* as NAME` or `$NAME`, if that part has one.
fn name(names: &[NamedPart], part: Part) -> Option<String> {
    let named = names.iter().find(|named| named.part == part)?;
    Some(match named.role {
        Role::Given => format!("* as {}", named.name.node),
        Role::Used => format!("${}", named.name.node),
    })
}

fn named_option_text(option: &TcpOptionSpec, names: &[NamedPart]) -> String {
    let number = |part, value| name(names, part).unwrap_or_else(|| field(value));
    if let TcpOptionSpec::Ts { val, ecr } = option {
        let (val, ecr) = (number(Part::TsVal, *val), number(Part::TsEcr, *ecr));
        return format!("TS val {val} ecr {ecr}");
    }
    if let TcpOptionSpec::Fastopen { exp, cookie: None } = option
        && let Some(name) = name(names, Part::Cookie)
    {
        return format!("{} {name}", if *exp { "FOEXP" } else { "FO" });
    }
    option_text(option)
}

fn field<T: Display>(field: Field<T>) -> String {
    match field {
        Field::Value(value) => value.to_string(),
        Field::Any => "*".to_owned(),
    }
}

fn flags(flags: Field<Flags>) -> String {
    let Field::Value(flags) = flags else { return "*".to_owned() };
    let named = [
        ('F', 0x001),
        ('S', 0x002),
        ('R', 0x004),
        ('P', 0x008),
        ('E', 0x040),
        ('W', 0x080),
        ('A', 0x100),
        ('U', 0x020),
    ];
    // The digit stands for E, W and A together.
    let spelled = if flags.ace.is_some() { flags.bits & !0x1c0 } else { flags.bits };
    let mut text: String =
        named.iter().filter(|(_, bit)| spelled & bit != 0).map(|(letter, _)| *letter).collect();
    let ack = if flags.bits & 0x010 != 0 { "." } else { "" };
    match flags.ace {
        // `P5.` is a word and a dot; without a letter only `.5` reads as flags.
        Some(ace) if text.is_empty() => text = format!("{ack}{ace}"),
        Some(ace) => text.push_str(&format!("{ace}{ack}")),
        None => text.push_str(ack),
    }
    if text.is_empty() { "-".to_owned() } else { text }
}

fn seq(seq: &SeqSpec) -> String {
    let range =
        |start: u32, len: u16| format!("{start}:{}({len})", start.wrapping_add(u32::from(len)));
    match (seq.start, seq.ignored_start, seq.len) {
        (Field::Value(start), _, Field::Value(len)) => range(start, len),
        (Field::Any, Some(start), Field::Value(len)) => format!("{}!", range(start, len)),
        (Field::Any, None, Field::Value(len)) => format!("*({len})"),
        (_, _, Field::Any) => "*".to_owned(),
    }
}

/// `mss 1460`, `wscale *`, `TS val 1 ecr *`.
#[must_use]
pub fn option_text(option: &TcpOptionSpec) -> String {
    match option {
        TcpOptionSpec::Eol => "eol".to_owned(),
        TcpOptionSpec::Nop => "nop".to_owned(),
        TcpOptionSpec::Mss(value) => format!("mss {}", field(*value)),
        TcpOptionSpec::Wscale(shift) => format!("wscale {}", field(*shift)),
        TcpOptionSpec::SackOk => "sackOK".to_owned(),
        TcpOptionSpec::Sack(blocks) => {
            let blocks: Vec<String> =
                blocks.iter().map(|(left, right)| format!("{left}:{right}")).collect();
            format!("sack {}", blocks.join(" "))
        }
        TcpOptionSpec::SackAny => "sack *".to_owned(),
        TcpOptionSpec::Ts { val, ecr } => format!("TS val {} ecr {}", field(*val), field(*ecr)),
        TcpOptionSpec::Md5(digest) => format!("md5{}", bytes(digest.as_deref())),
        TcpOptionSpec::Md5Valid => "md5 valid".to_owned(),
        TcpOptionSpec::Fastopen { exp, cookie } => {
            let name = if *exp { "FOEXP" } else { "FO" };
            format!("{name}{}", bytes(cookie.as_deref()))
        }
        TcpOptionSpec::AccEcn { first_e1b, counters } => accecn(*first_e1b, counters),
        TcpOptionSpec::Raw(raw) => format!("raw{}", bytes(Some(raw))),
    }
}

/// ` 0a1b`, ` *`, or nothing for no bytes.
fn bytes(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => " *".to_owned(),
        Some([]) => String::new(),
        Some(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(" {hex}")
        }
    }
}

fn accecn(first_e1b: bool, counters: &[u32]) -> String {
    let order = if first_e1b { ["e1b", "ceb", "e0b"] } else { ["e0b", "ceb", "e1b"] };
    let fields = order.iter().zip(counters).map(|(name, value)| format!(" {name} {value}"));
    format!("ECN{}", fields.collect::<String>())
}

// ---- UDP and ICMP ----------------------------------------------------------------------------

fn udp(datagram: &UdpSpec) -> String {
    match &datagram.ports {
        Some(ports) => format!("udp {} ({})", port_pair(ports.node), datagram.len),
        None => format!("udp ({})", datagram.len),
    }
}

fn icmp(message: &IcmpSpec) -> String {
    let mut parts = vec!["icmp".to_owned(), message.ty.node.clone()];
    parts.extend(message.code.as_ref().map(|code| code.node.clone()));
    parts.extend(message.mtu.as_ref().map(|mtu| format!("mtu {}", mtu.node)));
    parts.extend(message.id.as_ref().map(|id| format!("id {}", id.node)));
    if let Some(echoed) = &message.echoed {
        let what = match echoed.node {
            Echoed::Tcp { seq, len } => {
                format!("{seq}:{}({len})", seq.wrapping_add(u32::from(len)))
            }
            Echoed::Udp(len) => format!("udp ({len})"),
            Echoed::Raw(len) => format!("raw ({len})"),
        };
        let outer = message.echoed_udp.as_ref().map(|ports| outer_udp(ports.node));
        parts.push(format!("[{what}{}]", outer.unwrap_or_default()));
    }
    parts.join(" ")
}
