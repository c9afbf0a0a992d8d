use rstest::rstest;

use crate::script::Defines;
use crate::script::ast::{EventKind, Field, OptionsSpec, PacketBody, Script, TcpSpec, Time};
use crate::script::parse;
use crate::script::print::event_text;
use crate::script::source::SourceFile;

fn parsed(text: &str) -> (Script, Vec<&'static str>) {
    let (script, found) = parse(&SourceFile::new("<test>", text), &Defines::new());
    (script, found.iter().map(|diagnostic| diagnostic.code).collect())
}

fn tcp(script: &Script) -> &TcpSpec {
    match &script.events[0].kind {
        EventKind::Packet(packet) => match &packet.body {
            PacketBody::Tcp(tcp) => tcp,
            PacketBody::Udp(_) | PacketBody::Icmp(_) => panic!("no TCP"),
        },
        EventKind::Syscall(_)
        | EventKind::Command(_)
        | EventKind::Code(_)
        | EventKind::State(_) => panic!("no packet"),
    }
}

#[rstest]
#[case("0", Time::Absolute(0))]
#[case("0.000001", Time::Absolute(1))]
#[case("0.0000019", Time::Absolute(1))]
#[case("0.29", Time::Absolute(290_000))]
#[case("+1.5", Time::Relative(1_500_000))]
#[case("+ .25", Time::Relative(250_000))]
#[case("*", Time::Any)]
#[case("1~2.5", Time::AbsoluteRange(1_000_000, 2_500_000))]
#[case("+0.1 ~ +0.2", Time::RelativeRange(100_000, 200_000))]
fn times(#[case] text: &str, #[case] expected: Time) {
    let (script, _found) = parsed(&format!("{text} > . 1:1(0)"));
    assert_eq!(script.events[0].time.node, expected);
}

#[rstest]
#[case("S", 0x002, None)]
#[case("S.", 0x012, None)]
#[case("FSRPEWAU.", 0x1ff, None)]
#[case("PP", 0x008, None)]
#[case("-", 0, None)]
#[case(".", 0x010, None)]
#[case(".7", 0x1d0, Some(7))]
#[case("P.2", 0x098, Some(2))]
#[case("P4.", 0x118, Some(4))]
#[case("S1", 0x042, Some(1))]
#[case(".0", 0x010, None)]
fn flags(#[case] text: &str, #[case] bits: u16, #[case] ace: Option<u8>) {
    let (script, found) = parsed(&format!("0 > {text} 1:1(0)"));
    assert_eq!(found, [] as [&str; 0]);
    let flags = tcp(&script).flags.node.value().unwrap();
    assert_eq!((flags.bits, flags.ace), (bits, ace));
}

#[rstest]
#[case("1:11(10)", Field::Value(1), Field::Value(10), None)]
#[case("1:11(10)!", Field::Any, Field::Value(10), Some(1))]
#[case("...(10)", Field::Any, Field::Value(10), None)]
#[case("*(10)", Field::Any, Field::Value(10), None)]
#[case("*", Field::Any, Field::Any, None)]
fn sequences(
    #[case] text: &str,
    #[case] start: Field<u32>,
    #[case] len: Field<u16>,
    #[case] ignored: Option<u32>,
) {
    let (script, found) = parsed(&format!("0 > . {text}"));
    assert_eq!(found, [] as [&str; 0]);
    let seq = tcp(&script).seq;
    assert_eq!((seq.start, seq.len, seq.ignored_start), (start, len, ignored));
}

#[test]
fn no_options_no_list_and_any_options_differ() {
    let options = |text: &str| tcp(&parsed(&format!("0 > . 1:1(0) {text}")).0).options.clone();
    assert!(matches!(options(""), OptionsSpec::None));
    assert!(matches!(options("<...>"), OptionsSpec::Any(_)));
    assert!(matches!(options("<nop,nop,nop,nop>"), OptionsSpec::List(list, _) if list.len() == 4));
}

/// Productions by their canonical text: each is the canonical text of itself.
#[rstest]
#[case("close(3) = 0")]
#[case("read(3, ..., 10) = -1 EAGAIN (text)")]
#[case("socket(..., SOCK_STREAM, 0) = -1 (Not now)")]
#[case("f(0, -1, SYMBOL, \"text\", [], [1, [2]], {...}, *) = A|B|1")]
#[case(
    "f({a=1, TCP_NLA_X=...}, {fd=1, events=2}, {msg_name(...)=..., msg_iov(1)=[{..., 3}], msg_flags=0}) = 0"
)]
#[case("f(htons(80), inet_addr(\"1.2.3.4\"), inet6_addr(\"::1\"), 1.2.3.4, fd00::1) = 0")]
#[case("f({(label 1, tc 2, [S], ttl 3) (label 4, tc 5, ttl 6)}) = 0")]
#[case("f({flags [checksum present,sequence# present], sum 0x1, off 0x2, key=0x3, seq 0x4}) = 0")]
#[case("f(\"ab\"*500, [* as A], $B|1, * as C) = * as D")]
#[case("< 8080 > $P P. 1:7(6) ack 1 win 1 <nop,nop,TS val 1 ecr $T> \"abc\"*2 /but(cut 1)")]
#[case("> * as P > 8080 S 0:0(0) <TS val * as T ecr *,FO * as C,nop> \"\"")]
#[case("tcp_state(3) = TCP_LISTEN")]
#[case("tcp_state(1 > 2) = TCP_CLOSE")]
#[case("> icmp unreachable frag_needed mtu 1 id 2 [udp (3)]")]
#[case("> mpls: . 1:1(0)")]
#[case("> ipv6 [tos 0x00,ttl 1] ::1 > ::2: udp 1 > 2 (3)")]
fn productions(#[case] text: &str) {
    let (script, found) = parsed(&format!("0 {text}"));
    assert_eq!(found, [] as [&str; 0]);
    assert_eq!(event_text(&script.events[0].kind), text);
}

#[rstest]
#[case("0 `a`\n+0 > . 1:1(0\n+0 `b`", 2, &["parse::expected"])]
#[case("0 f(\n+0 g(\n+0 `b`", 1, &["parse::expected", "parse::expected"])]
#[case("?\n0 `a`", 1, &["parse::expected"])]
#[case("0 `a` ? ? ? +0 `b`\n+0 `c`", 2, &["parse::expected"])]
#[case("0 < . 1:2(3) ack 4 <nop>\n", 1, &["parse::inbound-window", "parse::seq-mismatch", "parse::options-padding"])]
#[case("0 f() = 1 ) ) )\n`cleanup`", 1, &["parse::expected"])]
fn recovery(#[case] text: &str, #[case] events: usize, #[case] codes: &[&str]) {
    let (script, found) = parsed(text);
    assert_eq!((script.events.len(), found.as_slice()), (events, codes));
}

#[test]
fn parts_of_a_script() {
    let text = "//! a: b : c\n--x_y\n`i`\n0 `e`\n`c`\n";
    let (script, found) = parsed(text);
    assert_eq!(found, ["parse::unknown-option"]);
    assert_eq!(script.metadata[0].key, "a");
    assert_eq!(script.metadata[0].value, "b : c");
    assert_eq!(script.options[0].name, "x_y");
    assert_eq!(script.init.unwrap().text, "i");
    assert_eq!(script.events.len(), 1);
    assert_eq!(script.cleanup.unwrap().text, "c");
}

#[test]
fn spans_are_places_in_the_source() {
    let text = "0 `true`\n+0.5...1 read(3, ..., 10) = -1 EAGAIN (Try again) // no part of it\n";
    let (script, _found) = parsed(text);
    let event = &script.events[1];
    assert_eq!(
        script.source.slice(event.span),
        "+0.5...1 read(3, ..., 10) = -1 EAGAIN (Try again)"
    );
    assert_eq!(script.source.slice(event.time.span), "+0.5");
    assert_eq!(script.source.slice(event.end.unwrap().span), "1");
    assert_eq!(script.source.line_col(event.span.start), (2, 1));
}

#[test]
fn defined_words_are_what_they_stand_for() {
    let defines = Defines::from(
        [("MSS", "1460"), ("COOKIE", "00112233"), ("TEXT", "\"a\""), ("CODE", "host_unreachable")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let text = "0 > S 0:0(0) <mss MSS,FO COOKIE,nop,nop>\n+0 < icmp unreachable CODE\n\
                +0 f(TEXT \"b\", MSS) = 0\n";
    let (script, found) = parse(&SourceFile::new("<test>", text), &defines);
    assert_eq!(found, []);
    let events: Vec<String> = script.events.iter().map(|event| event_text(&event.kind)).collect();
    assert_eq!(
        events,
        [
            "> S 0:0(0) <mss 1460,FO 00112233,nop,nop>",
            "< icmp unreachable host_unreachable",
            "f(\"ab\", 1460) = 0",
        ]
    );
}

/// The events of a script as text, and the rows they are of.
fn rows(text: &str) -> Vec<(String, u16)> {
    let (script, found) = parsed(text);
    assert_eq!(found, [] as [&str; 0]);
    script.events.iter().map(|event| (event_text(&event.kind), event.span.row)).collect()
}

#[test]
fn loops_are_written_out() {
    let text = "0 `a`\nfor A, B in (F., 1:3(2)), (-, 5:5(0)) { +0 > A B\n+0 f(A) = 1 }\n+0 `A`\n\
        for N in (<mss 1,nop,nop,eol,eol>) {\n+0 > S 0:0(0) N\n}";
    // The flags of the first row are no expression.
    let (_, found) = parsed(text);
    assert_eq!(found, ["parse::expected", "parse::expected"]);
    let text = text.replace("+0 f(A) = 1", "+0 f(\"A\") = 1");
    let of = |text: &str, row: u16| (text.to_owned(), row);
    let expected = [
        of("`a`", 0),
        of("> F. 1:3(2)", 1),
        of("f(\"A\") = 1", 1),
        of("> - 5:5(0)", 2),
        of("f(\"A\") = 1", 2),
        of("`A`", 0),
        of("> S 0:0(0) <mss 1,nop,nop,eol,eol>", 3),
    ];
    assert_eq!(rows(&text), expected);
}

#[test]
fn loops_are_bounded() {
    let row = "(1),".repeat(1001);
    let text = format!("0 `a`\nfor A in {} {{ +0 `b` }}", row.trim_end_matches(','));
    let (script, found) = parsed(&text);
    assert_eq!((script.events.len(), found), (1, vec!["parse::loop"]));
}
