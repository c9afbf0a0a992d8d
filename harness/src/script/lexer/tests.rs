use rstest::rstest;

use super::*;

/// `kind:text` of every token that is no space.
fn tokens(text: &str) -> String {
    let lexed = lex(text, &Defines::new());
    let all: String = lexed.tokens.iter().map(|token| slice(text, token)).collect();
    assert_eq!(all, text);
    let shown: Vec<String> = lexed
        .tokens
        .iter()
        .filter(|token| token.kind != TokenKind::Space)
        .map(|token| format!("{:?}:{}", token.kind, slice(text, token)))
        .collect();
    shown.join(" ")
}

fn slice<'t>(text: &'t str, token: &Token) -> &'t str {
    &text[token.span.start as usize..token.span.end as usize]
}

#[rstest]
#[case("", "")]
#[case("S.", "Word:S Punct:.")]
#[case("SEWA", "Word:SEWA")]
#[case("P.5", "Word:P Float:.5")]
#[case("P5.", "Word:P5 Punct:.")]
#[case(".5", "Float:.5")]
#[case("1.", "Int:1 Punct:.")]
#[case("-1", "Int:-1")]
#[case("-.5", "Float:-.5")]
#[case("- 1", "Punct:- Int:1")]
#[case("1.5", "Float:1.5")]
#[case("0x1F", "Hex:0x1F")]
#[case("0xg", "Word:0xg")]
#[case("12ab", "Word:12ab")]
#[case("3021b9d889017eeb", "Word:3021b9d889017eeb")]
#[case("00012345", "Int:00012345")]
#[case("0...0.004", "Int:0 Ellipsis:... Float:0.004")]
#[case("0.1...0.3", "Float:0.1 Ellipsis:... Float:0.3")]
#[case("1....5", "Int:1 Ellipsis:... Float:.5")]
#[case("+0~+.04", "Punct:+ Int:0 Punct:~ Punct:+ Float:.04")]
#[case("1:1001(1000)", "Int:1 Punct:: Int:1001 Punct:( Int:1000 Punct:)")]
#[case("--mtu=1500", "Option:--mtu Punct:= Int:1500")]
#[case("--", "Punct:- Punct:-")]
#[case("ack", "Keyword:ack")]
#[case("acks", "Word:acks")]
#[case("$PORT", "Name:$PORT")]
#[case("$1.$", "Name:$1 Punct:. Punct:$")]
#[case("Flags flags FLAGS", "Keyword:Flags Keyword:flags Word:FLAGS")]
#[case("sequence# sequence #", "Keyword:sequence# Word:sequence Punct:#")]
#[case("ect0 ect01 ect011", "Keyword:ect0 Keyword:ect01 Word:ect011")]
#[case("1.2.3.4", "Ipv4:1.2.3.4")]
#[case("1.2.3", "Float:1.2 Float:.3")]
#[case("1.2.3.4:", "Ipv4:1.2.3.4 Punct::")]
#[case("::", "Ipv6:::")]
#[case("2::2:", "Ipv6:2::2 Punct::")]
#[case("fd3d:fa7b:d17d::1", "Ipv6:fd3d:fa7b:d17d::1")]
#[case("1:2:3:4:5:6:7:8", "Ipv6:1:2:3:4:5:6:7:8")]
#[case("1:2:3", "Int:1 Punct:: Int:2 Punct:: Int:3")]
#[case("::ffff:1.2.3.4", "Ipv6:::ffff:1.2.3.4")]
#[case("64:ff9b::1.2.3.4", "Ipv6:64:ff9b::1.2.3.4")]
#[case(r#""a\"b""#, r#"Str:"a\"b""#)]
#[case(r#""a\" b"#, r#"Str:"a\" Word:b"#)]
#[case("`a\nb`", "Command:`a\nb`")]
#[case("%{ a }% b", "Code:%{ a }% Word:b")]
#[case("%", "Punct:%")]
#[case("// a\nb", "Comment:// a Word:b")]
#[case("// a\r\nb", "Comment:// a Word:b")]
#[case("/* a\n** b */c", "Comment:/* a\n** b */ Word:c")]
#[case("/", "Punct:/")]
#[case("ä€", "Punct:ä Punct:€")]
#[case("\u{feff}a", "Word:a")]
#[case("\"a", "Error:\"a")]
#[case("`a", "Error:`a")]
#[case("%{ a", "Error:%{ a")]
#[case("/* a", "Error:/* a")]
#[case("a\n#else\n", "Word:a Directive:#else")]
#[case("a #else", "Word:a Punct:# Word:else")]
#[case(
    "#ifdef X\na\n#else\nb\n#endif",
    "Directive:#ifdef X Skipped:a\n Directive:#else Word:b Directive:#endif"
)]
#[case(
    "#ifndef X\na\n#else\nb\n#endif",
    "Directive:#ifndef X Word:a Directive:#else Skipped:b\n Directive:#endif"
)]
#[case(
    "#define X\n#ifdef X\na\n#endif",
    "Directive:#define X Directive:#ifdef X Word:a Directive:#endif"
)]
fn kinds(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(tokens(text), expected);
}

#[rstest]
#[case("SOL_IP", TokenKind::Word)]
#[case("3021b9d889017eeb", TokenKind::Word)]
#[case("12", TokenKind::Int)]
#[case("-1", TokenKind::Int)]
#[case("0x10", TokenKind::Int)]
#[case("010", TokenKind::Int)]
#[case("09", TokenKind::Word)]
#[case("", TokenKind::Word)]
#[case("\"reno\"", TokenKind::Str)]
#[case("`true`", TokenKind::Command)]
fn values_of_definitions(#[case] value: &str, #[case] kind: TokenKind) {
    let defines = Defines::from([("X".to_owned(), value.to_owned())]);
    let lexed = lex("ack X XX \"X\"", &defines);
    let expected = Substitution { kind, text: value.to_owned() };
    assert_eq!(lexed.substitutions.into_iter().collect::<Vec<_>>(), [(4, expected)]);
}

#[rstest]
#[case("--define=X=1 X", &["1"])]
#[case("--define=X=ab X --define=X=cd X", &["ab", "cd"])]
#[case("--define=\"X=ab\" X", &["ab"])]
#[case("#define X ab cd\nX\n#undef X\nX", &["ab cd"])]
#[case("--define=GIVEN=1 GIVEN", &["outside"])]
#[case("#define GIVEN 1\nGIVEN", &["outside"])]
#[case("X --define=X=1", &[])]
fn definitions_apply_to_what_follows(#[case] text: &str, #[case] expected: &[&str]) {
    let given = Defines::from([("GIVEN".to_owned(), "outside".to_owned())]);
    let found: Vec<String> =
        lex(text, &given).substitutions.into_values().map(|value| value.text).collect();
    assert_eq!(found, expected);
}

#[rstest]
#[case("0", Some(0))]
#[case("-0", Some(0))]
#[case("00", Some(0))]
#[case("017", Some(15))]
#[case("-0x10", Some(-16))]
#[case("+5", Some(5))]
#[case("08", None)]
#[case("0x", None)]
#[case("--5", None)]
#[case("1 ", None)]
#[case("99999999999999999999", None)]
fn numbers_of_any_base(#[case] text: &str, #[case] value: Option<i64>) {
    assert_eq!(base0(text), value);
}
