//! Tokens of the script language. See the table in `docs/language.md`.

use super::source::Span;

/// One token, trivia included; its text is the source under `span`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What kind.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

/// Kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Spaces, tabs, line ends.
    Space,
    /// `// …` or `/* … */`.
    Comment,
    /// A whole `#ifdef`, `#ifndef`, `#else`, `#endif`, `#define` or `#undef` line.
    Directive,
    /// The lines that a false `#ifdef` leaves out.
    Skipped,
    /// A reserved word, see [`is_keyword`].
    Keyword,
    /// Letters, digits and underscores that are no keyword and no number.
    Word,
    /// `--name`, without its value.
    Option,
    /// `42`, `-1`
    Int,
    /// `0x2a`
    Hex,
    /// `.5`, `-1.25`
    Float,
    /// `"…"`, quotes included.
    Str,
    /// `` `…` ``, quotes included.
    Command,
    /// `%{ … }%`, braces included.
    Code,
    /// A dotted quad.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// `$NAME`: a value that the target chose and the script named.
    Name,
    /// `...`
    Ellipsis,
    /// Any other single character.
    Punct,
    /// An opening quote or brace whose end is missing: everything up to the end of the text.
    Error,
}

impl TokenKind {
    /// Carries no meaning of its own: the parser never sees it.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Space | Self::Comment | Self::Directive | Self::Skipped)
    }

    /// How the kind is called in a message.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Space => "white space",
            Self::Comment => "a comment",
            Self::Directive => "a preprocessor line",
            Self::Skipped => "text left out by the preprocessor",
            Self::Keyword => "a keyword",
            Self::Word => "a word",
            Self::Option => "an option",
            Self::Int => "an integer",
            Self::Hex => "a hexadecimal integer",
            Self::Float => "a decimal fraction",
            Self::Str => "a string",
            Self::Command => "a shell command",
            Self::Code => "a code block",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Name => "a name",
            Self::Ellipsis => "`...`",
            Self::Punct => "a character",
            Self::Error => "unfinished text",
        }
    }
}

/// The word is reserved: packetdrill's lexer never gives it out as a plain word, so a script cannot
/// name a symbol or a system call like this. (A match is several times as fast as a search.)
#[must_use]
#[rustfmt::skip]
pub fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "ECN" | "FO" | "FOEXP" | "Flags" | "GREv0" | "TS" | "ack" | "ce" | "ceb" | "checksum"
        | "cmsg_data" | "cmsg_level" | "cmsg_type" | "e0b" | "e1b" | "ecr" | "ect0" | "ect01"
        | "ect1" | "ee_code" | "ee_data" | "ee_errno" | "ee_info" | "ee_origin" | "ee_type"
        | "encap" | "eol" | "events" | "fd" | "flags" | "flowlabel" | "gre" | "htons" | "icmp"
        | "id" | "inet6_addr" | "inet_addr" | "ipv4" | "ipv6" | "key" | "label" | "linger" | "md5"
        | "mpls" | "msg_control" | "msg_flags" | "msg_iov" | "msg_name" | "mss" | "mtu" | "noecn"
        | "none" | "nop" | "off" | "onoff" | "present" | "psp" | "ptr" | "raw" | "revents"
        | "sa_family" | "sack" | "sackOK" | "scm_nsec" | "scm_sec" | "seq" | "sequence#"
        | "sin_addr" | "sin_port" | "spi" | "sum" | "tc" | "tos" | "ttl" | "u32" | "u64" | "udp"
        | "urg" | "val" | "win" | "wscale"
    )
}
