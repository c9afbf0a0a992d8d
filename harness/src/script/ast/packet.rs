//! Packets as scripts write them.

use std::net::IpAddr;

use super::{NamedPart, Text};
use crate::packet::Malform;
use crate::script::source::{Span, Spanned};

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// `<`: injected.
    Inbound,
    /// `>`: expected from the target.
    Outbound,
}

/// A field that may be left open with `*` (extension; outbound only).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// Written out.
    Value(T),
    /// `*`: anything.
    Any,
}

impl<T: Copy> Field<T> {
    /// The value, if one is written.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(v) => Some(v),
            Self::Any => None,
        }
    }
}

/// One packet line.
#[derive(Clone, Debug, PartialEq)]
pub struct PacketSpec {
    /// `<` or `>`.
    pub direction: Spanned<Direction>,
    /// `ipv4 a > b:`, `gre …:`, `mpls …:`, outermost first.
    pub encap: Vec<Encap>,
    /// `[..]` or `(..)` before the transport.
    pub ip: IpInfo,
    /// `encap psp spi N`.
    pub psp: Option<Spanned<u32>>,
    /// The transport.
    pub body: PacketBody,
    /// Trailing `/udp(SRC > DST)` (FreeBSD).
    pub outer_udp: Option<Spanned<Ports>>,
    /// `/but(data_offset 4)`: what is wrong with its bytes (extension; inbound only).
    pub malform: Vec<Spanned<Malform>>,
    /// Parts that have a name instead of a value (extension), in the order of the text.
    pub names: Vec<NamedPart>,
    /// From the direction to the last token.
    pub span: Span,
}

/// `SRC > DST` ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Source port.
    pub src: u16,
    /// Destination port.
    pub dst: u16,
}

/// What `[ect0]`, `(ttl 3)`, `[tos 0x10,flowlabel 0x1]` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpInfo {
    /// ECN name or whole TOS byte.
    pub tos: Option<Spanned<Tos>>,
    /// 20-bit IPv6 flow label (a name, see the language reference).
    pub flow_label: Option<Spanned<u32>>,
    /// TTL or hop limit (`ttl N`, FreeBSD `hlim N`).
    pub ttl: Option<Spanned<u8>>,
}

/// The traffic class as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tos {
    /// `noecn`, `ect1`, `ect0`, `ce`: the two low bits, 0 to 3.
    Ecn(u8),
    /// `ect01`: either of the two; outbound only.
    Ect01,
    /// `tos 0xNN` (FreeBSD `class 0xNN`): the whole byte.
    Byte(u8),
}

/// One encapsulation header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encap {
    /// Which header.
    pub kind: EncapKind,
    /// Colon included.
    pub span: Span,
}

/// Encapsulation headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncapKind {
    /// `ipv4 [info] 1.1.1.1 > 2.2.2.2:` or `ipv6 …`.
    Ip {
        /// TOS, TTL, flow label.
        info: IpInfo,
        /// Literal source.
        src: IpAddr,
        /// Literal destination.
        dst: IpAddr,
    },
    /// `gre flags …, sum …, off …, key=…, seq …:`.
    Gre(GreSpec),
    /// `mpls (label …) …:`.
    Mpls(Vec<MplsLabel>),
}

/// GRE header as written, also the argument of GRE sockopts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GreSpec {
    /// The 16-bit flags field: 0x8000 checksum, 0x2000 key, 0x1000 sequence.
    pub flags: u16,
    /// `sum`.
    pub sum: u16,
    /// `off`.
    pub off: u16,
    /// `key`.
    pub key: u32,
    /// `seq`.
    pub seq: u32,
}

/// One entry of an MPLS label stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MplsLabel {
    /// 20-bit label.
    pub label: u32,
    /// 3-bit traffic class.
    pub tc: u8,
    /// Bottom of stack.
    pub bottom: bool,
    /// Time to live.
    pub ttl: u8,
}

/// The transport of a packet line.
#[derive(Clone, Debug, PartialEq)]
pub enum PacketBody {
    /// TCP segment.
    Tcp(TcpSpec),
    /// `udp SRC > DST (LEN)`.
    Udp(UdpSpec),
    /// `icmp TYPE CODE …`.
    Icmp(IcmpSpec),
}

/// A TCP segment line.
#[derive(Clone, Debug, PartialEq)]
pub struct TcpSpec {
    /// `SRC > DST`.
    pub ports: Option<Spanned<Ports>>,
    /// `SEWA.` letters; `*` leaves them unchecked.
    pub flags: Spanned<Field<Flags>>,
    /// `START:END(LEN)`.
    pub seq: SeqSpec,
    /// `ack N`; absent means 0 on the wire (and is compared as such).
    pub ack: Option<Spanned<Field<u32>>>,
    /// `win N`, raw header value.
    pub win: Option<Spanned<Field<u16>>>,
    /// `urg N`; absent means 0.
    pub urg: Option<Spanned<Field<u16>>>,
    /// `<…>`.
    pub options: OptionsSpec,
    /// `"text"`, the bytes of the payload (extension); zeros if absent.
    pub payload: Option<Spanned<Text>>,
}

/// TCP flags as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags {
    /// Bits as in the header: FIN 0x01, SYN 0x02, RST 0x04, PSH 0x08, ACK 0x10, URG 0x20,
    /// ECE 0x40, CWR 0x80, AE 0x100. A digit sets the last three.
    pub bits: u16,
    /// An ACE digit 1 to 7 was written (compared as one field).
    pub ace: Option<u8>,
}

/// `START:END(LEN)`, FreeBSD's `!` after it, or `*(LEN)` / `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqSpec {
    /// First sequence number; [`Field::Any`] for `*` and for FreeBSD's `!`.
    pub start: Field<u32>,
    /// Payload bytes; [`Field::Any`] only for a lone `*`.
    pub len: Field<u16>,
    /// START of FreeBSD's `START:END(LEN)!`, which is written but not compared.
    pub ignored_start: Option<u32>,
    /// As written.
    pub span: Span,
}

/// The `<…>` part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionsSpec {
    /// Not written: the packet has no options.
    None,
    /// `<...>`: outbound only, not compared.
    Any(Span),
    /// `<opt,opt>`.
    List(Vec<Spanned<TcpOptionSpec>>, Span),
}

/// One TCP option as written. Fields that can be left open with `*` are [`Field`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOptionSpec {
    /// `eol`
    Eol,
    /// `nop`
    Nop,
    /// `mss N`
    Mss(Field<u16>),
    /// `wscale N`
    Wscale(Field<u8>),
    /// `sackOK`
    SackOk,
    /// `sack L:R …`
    Sack(Vec<(u32, u32)>),
    /// `sack *`: any blocks.
    SackAny,
    /// `TS val N ecr N`
    Ts {
        /// TSval
        val: Field<u32>,
        /// TSecr
        ecr: Field<u32>,
    },
    /// `md5 HEX`, up to 16 bytes; `md5 *` for any digest.
    Md5(Option<Vec<u8>>),
    /// `md5 valid` (FreeBSD): the digest that `--tcp_md5_secret` gives for this segment.
    Md5Valid,
    /// `FO [HEX]` (`exp: false`) or `FOEXP [HEX]`; `FO *` for any cookie.
    Fastopen {
        /// Kind 254 with its magic number.
        exp: bool,
        /// The cookie; empty for a request; [`None`] for `*`.
        cookie: Option<Vec<u8>>,
    },
    /// `ECN e0b N ceb N e1b N` (AccECN0, kind 172) or `ECN e1b … ceb … e0b …` (AccECN1, 174).
    AccEcn {
        /// `e1b` comes first: kind 174.
        first_e1b: bool,
        /// One to three 24-bit counters in the order written.
        counters: Vec<u32>,
    },
    /// `raw HEX` (extension): these bytes, whatever they mean.
    Raw(Vec<u8>),
}

/// `udp SRC > DST (LEN)`.
#[derive(Clone, Debug, PartialEq)]
pub struct UdpSpec {
    /// Ports.
    pub ports: Option<Spanned<Ports>>,
    /// Payload bytes.
    pub len: u16,
}

/// `icmp TYPE CODE mtu N id N [echoed]`.
#[derive(Clone, Debug, PartialEq)]
pub struct IcmpSpec {
    /// Word or `type_N`, resolved per IP version when the packet is built.
    pub ty: Spanned<String>,
    /// Word or `code_N`.
    pub code: Option<Spanned<String>>,
    /// `mtu N`.
    pub mtu: Option<Spanned<u32>>,
    /// `id N`.
    pub id: Option<Spanned<u16>>,
    /// `[START:END(LEN)]`, `[udp (LEN)]`, `[raw (LEN)]`.
    pub echoed: Option<Spanned<Echoed>>,
    /// `/udp(SRC > DST)` inside the brackets (FreeBSD): the quoted packet was encapsulated.
    pub echoed_udp: Option<Spanned<Ports>>,
}

/// What an ICMP error quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echoed {
    /// A TCP segment.
    Tcp {
        /// First sequence number.
        seq: u32,
        /// Payload bytes of the quoted segment.
        len: u16,
    },
    /// A UDP datagram of that payload length.
    Udp(u16),
    /// That many bytes of ICMP, header included.
    Raw(u16),
}
