use std::path::Path;

use rstest::rstest;

use super::*;
use crate::script::source::Span;

/// A socket in ESTABLISHED with cwnd 20, the options TIMESTAMPS and SYN_DATA, an RTT of 10 ms.
fn snapshot() -> SockSnapshot {
    let mut tcp_info = vec![0; 240];
    tcp_info[0] = 1;
    tcp_info[5] = 1 | 32;
    tcp_info[68..72].copy_from_slice(&10_000_u32.to_ne_bytes());
    tcp_info[80..84].copy_from_slice(&20_u32.to_ne_bytes());
    SockSnapshot { tcp_info, cc_info: Vec::new(), meminfo: Vec::new() }
}

fn captured(text: &str) -> Captured {
    let block = CodeBlock { text: text.to_owned(), span: Span::default() };
    Captured { block, line: 7, snapshot: snapshot() }
}

fn run_with(blocks: &[&str], code_command: &str) -> Result<String, Box<CodeFailure>> {
    let blocks = blocks.iter().map(|text| captured(text)).collect::<Vec<_>>();
    let script_path = Path::new("dir/it's.pkt").to_owned();
    let options = CodeOptions { code_command: code_command.to_owned(), script_path };
    run(&blocks, &options).map(|report| report.output)
}

fn failure(blocks: &[&str]) -> CodeFailure {
    *run_with(blocks, "").unwrap_err()
}

/// What `print(expression)` prints, or the message of the failure.
fn printed(expression: &str) -> String {
    match run_with(&[&format!("print({expression})")], "") {
        Ok(output) => output.trim_end_matches('\n').to_owned(),
        Err(failure) => failure.message,
    }
}

#[rstest]
#[case("1 + 2 * 3", "7")]
#[case("7 / 2", "3.5")]
#[case("-7 // 2", "-4")]
#[case("7 // -2", "-4")]
#[case("-7 % 3", "2")]
#[case("7 % -3", "-2")]
#[case("-7.5 // 2", "-4.0")]
#[case("-7.5 % 2", "0.5")]
#[case("7.0 // 2, 7 % 2.5", "3.0 2.0")]
#[case("2 ** 10, 2 ** -1, 2.0 ** 0.5", "1024 0.5 1.4142135623730951")]
#[case("1 << 70 >> 68", "4")]
#[case("-1 >> 200", "-1")]
#[case("0x7fffffff & 0xff, 5 | 2, 5 ^ 1, ~5", "255 7 4 -6")]
#[case("0xffffffffffffffffff", "4722366482869645213695")]
#[case("1_000, 0b101, 0o17", "1000 5 15")]
#[case("True + True, True & False, not 0", "2 False True")]
#[case("1 < 2 < 3, 1 < 3 < 2, 3 > 2 >= 2 != 1", "True False True")]
#[case("1 == 1.0, 'a' == 1, (1, 2) == (1, 2.0)", "True False True")]
#[case(
    "9007199254740993 == 9007199254740992.0, 9007199254740993 > 9007199254740992.0",
    "False True"
)]
#[case("'b' > 'a', (1, 'x') < (1, 'y'), [1] < [1, 0]", "True True True")]
#[case("1 in (1, 2), 3 not in [1, 2], 'b' in 'abc'", "True True True")]
#[case("None is None, 1 is not None", "True True")]
#[case("0 or 'x', 1 and 2, 0 and 1 / 0", "x 2 0")]
#[case("'yes' if tcpi_snd_cwnd > 10 else 'no'", "yes")]
#[case("(1, 2, 3)[-1], [4, 5][0], 'abc'[1]", "3 4 b")]
#[case("(1,), (), [1, 'a', None, 1.0]", "(1,) () [1, 'a', None, 1.0]")]
#[case("'a' + 'b' * 3, (1,) + (2,), [0] * 2", "abbb (1, 2) [0, 0]")]
#[case("abs(-3), abs(-2.5), min(3, 1, 2), max((1, 5, 2))", "3 2.5 1 5")]
#[case("len('abc'), len((1, 2))", "3 2")]
#[case("int(3.9), int(-3.9), int(' 12 '), float(2), float('1e3')", "3 -3 12 2.0 1000.0")]
#[case("str(1) + repr('a'), bool([]), bool(0.1), hex(255)", "1'a' False True 0xff")]
#[case("round(2.5), round(3.5), round(2.675, 2), round(7, 1)", "2 4 2.67 7")]
#[case(
    "1e16, 1e15, 1e-4, 1e-5, 0.1 + 0.2",
    "1e+16 1000000000000000.0 0.0001 1e-05 0.30000000000000004"
)]
#[case("1.5e300 * 1e10, -0.0", "inf -0.0")]
#[case("'cwnd=%d' % tcpi_snd_cwnd", "cwnd=20")]
#[case("'%d %s %r %%' % (3.9, 'a', 'b')", "3 a 'b' %")]
#[case("'[%5d|%-5d|%05d|%+d]' % (42, 42, -42, 42)", "[   42|42   |-0042|+42]")]
#[case("'%x %X %#x %o' % (255, 255, 255, 8)", "ff FF 0xff 10")]
#[case("'%.2f|%8.3f|%f' % (1.005, 2.5, 1)", "1.00|   2.500|1.000000")]
#[case("'%5s|%-5s|%.1s' % ('ab', 'ab', 'ab')", "   ab|ab   |a")]
#[case("f'{tcpi_snd_cwnd} {tcpi_rtt:>8d} {tcpi_snd_cwnd!r} {1.5:.2f}'", "20    10000 20 1.50")]
#[case(
    "f'{tcpi_snd_cwnd=} {255:#x} {7:03d} {\"ab\":>4} {\"ab\":*^6}'",
    "tcpi_snd_cwnd=20 0xff 007   ab **ab**"
)]
#[case("'a' 'b', 1, sep='-', end='!'", "ab-1!")]
#[case("\"it's\", [\"it's\", 'q\"', 'n\\n']", "it's [\"it's\", 'q\"', 'n\\n']")]
#[case("_file, _line", "dir/it's.pkt 7")]
#[case("TCP_ESTABLISHED, TCP_CLOSING, TCP_CA_Loss, TCPI_OPT_SYN_DATA", "1 11 4 32")]
fn expressions(#[case] expression: &str, #[case] want: &str) {
    assert_eq!(printed(expression), want);
}

#[rstest]
#[case("nope", "NameError: name 'nope' is not defined")]
#[case("nope(1)", "NameError: name 'nope' is not defined")]
#[case("1 / 0", "ZeroDivisionError: division by zero")]
#[case("1 % 0", "ZeroDivisionError: integer modulo by zero")]
#[case("1 // 0", "ZeroDivisionError: integer division or modulo by zero")]
#[case("1 << -1", "ValueError: negative shift count")]
#[case("1 + 'a'", "TypeError: unsupported operand type(s) for +: 'int' and 'str'")]
#[case("'a' + 1", "TypeError: can only concatenate str (not \"int\") to str")]
#[case("1 < 'a'", "TypeError: '<' not supported between instances of 'int' and 'str'")]
#[case("1.5 & 1", "TypeError: unsupported operand type(s) for &: 'float' and 'int'")]
#[case("-'a'", "TypeError: bad operand type for unary -: 'str'")]
#[case("(1, 2)[5]", "IndexError: tuple index out of range")]
#[case("5[0]", "TypeError: 'int' object is not subscriptable")]
#[case("(1,)['a']", "TypeError: tuple indices must be integers or slices, not str")]
#[case("1 in 5", "TypeError: argument of type 'int' is not iterable")]
#[case("'%d' % 'a'", "TypeError: %d format: a real number is required, not str")]
#[case("'%d %d' % 1", "TypeError: not enough arguments for format string")]
#[case("'%d' % (1, 2)", "TypeError: not all arguments converted during string formatting")]
#[case("'%' % 1", "ValueError: incomplete format")]
#[case("'%y' % 1", "ValueError: unsupported format character 'y' (0x79)")]
#[case("len(5)", "TypeError: object of type 'int' has no len()")]
#[case("int('12x')", "ValueError: invalid literal for int() with base 10: '12x'")]
#[case("tcpi_rtt()", "TypeError: 'int' object is not callable")]
#[case("round(1, 1.5)", "TypeError: 'float' object cannot be interpreted as an integer")]
#[case("(1,) + [1]", "TypeError: can only concatenate tuple (not \"list\") to tuple")]
#[case("[1] * 1.5", "TypeError: can't multiply sequence by non-int of type 'float'")]
#[case("1.5 % 0", "ZeroDivisionError: float modulo")]
#[case("max(())", "ValueError: max() iterable argument is empty")]
fn exceptions(#[case] expression: &str, #[case] want: &str) {
    let failure = failure(&[&format!("pass\nprint({expression})")]);
    assert_eq!(failure.message, want);
    assert_eq!((failure.kind, failure.line_in_block), (FailureKind::Python, 2));
}

#[rstest]
#[case("for i in (1, 2):\n  pass", 1, "a for loop")]
#[case("while 1: pass", 1, "a while loop")]
#[case("import re", 1, "an import")]
#[case("def f(): pass", 1, "a function definition")]
#[case("x = {}", 1, "a dictionary")]
#[case("x = [i for i in (1, 2)]", 1, "a comprehension")]
#[case("x = (1, 2)[0:1]", 1, "a slice")]
#[case("x = 'a'.upper()", 1, "the method .upper()")]
#[case("x = sum((1, 2))", 1, "the function sum()")]
#[case("x = int('ff', 16)", 1, "int() with 2 arguments")]
#[case("x = 1 << 127", 1, "an integer of more than 128 bits")]
#[case("x = 10 ** 40", 1, "an integer of more than 128 bits")]
#[case("x = 2 ** 100 / 3", 1, "a division of integers above 2**53")]
#[case("x = '%e' % 1.5", 1, "the format %e")]
#[case("x = (1, 2) is (1, 2)", 1, "`is` between values other than None, True and False")]
#[case("x = [1]\nx += [2]", 2, "changing a list in place")]
#[case("x = [1]\nx[0] = 2", 2, "an assignment to part of an object")]
#[case("x = 1j", 1, "a complex number")]
#[case("x = print", 1, "the built-in print as a value")]
#[case("x = 'a' * 100000", 1, "a sequence of this length")]
fn beyond_the_subset(#[case] text: &str, #[case] line: usize, #[case] what: &str) {
    let failure = failure(&["pass", text]);
    let want = format!("{what} is beyond the built-in Python, and --code_command names no other");
    assert_eq!(failure.message, want);
    assert_eq!((failure.kind, failure.block_index), (FailureKind::Beyond, 1));
    assert_eq!(failure.line_in_block, line);
}

#[rstest]
#[case(&["x = y = 3; x += 1; x *= 2; print(x, y)"], "8 3\n")]
#[case(&["a, (b, c) = 1, [2, 3]; print(a, b, c)"], "1 2 3\n")]
#[case(&["cwnd = tcpi_snd_cwnd", "cwnd += 10\nassert cwnd == 30, cwnd", "print(cwnd)"], "30\n")]
#[case(&["tcpi_rtt = 5", "print(tcpi_rtt)"], "10000\n")]
#[case(&["if tcpi_snd_cwnd == 1:\n  print('a')\nelif tcpi_snd_cwnd == 20:\n  print('b')\nelse:\n  print('c')"], "b\n")]
#[case(&["if 0:\n  import re\n"], "")]
#[case(&["assert 5000 <= tcpi_rtt <= 20000, 'srtt=%d us' % tcpi_rtt"], "")]
#[case(&["assert tcpi_rtt == 10000, tcpi_rtt;\\\n\t  assert 0 == tcpi_lost, tcpi_lost;\\"], "")]
#[case(&["# only a comment", ""], "")]
fn statements(#[case] blocks: &[&str], #[case] want: &str) {
    assert_eq!(run_with(blocks, ""), Ok(want.to_owned()));
}

#[rstest]
#[case("assert tcpi_snd_cwnd == 10", "tcpi_snd_cwnd == 10 is false: tcpi_snd_cwnd = 20", &[])]
#[case(
    "assert tcpi_state == TCP_CLOSE, tcpi_state",
    "tcpi_state == TCP_CLOSE is false: tcpi_state = 1 (TCP_ESTABLISHED), TCP_CLOSE = 7",
    &["message of the assertion: 1"]
)]
#[case(
    "assert (tcpi_options & TCPI_OPT_SYN_DATA) == 0, 'no data'",
    "(tcpi_options & TCPI_OPT_SYN_DATA) == 0 is false: tcpi_options = 33 \
     (TCPI_OPT_TIMESTAMPS|TCPI_OPT_SYN_DATA), TCPI_OPT_SYN_DATA = 32",
    &["tcpi_options & TCPI_OPT_SYN_DATA = 32", "message of the assertion: no data"]
)]
#[case(
    "assert tcpi_lost == 0 and \\\n  15000 <= tcpi_rtt <= 20000",
    "15000 <= tcpi_rtt <= 20000 is false: tcpi_rtt = 10000",
    &["in: tcpi_lost == 0 and 15000 <= tcpi_rtt <= 20000"]
)]
#[case("assert max(tcpi_lost, 0)", "max(tcpi_lost, 0) is false: tcpi_lost = 0", &[])]
#[case("assert 0", "0 is false", &[])]
fn failed_assertions(#[case] text: &str, #[case] message: &str, #[case] extra: &[&str]) {
    let failure = failure(&["print('before')", &format!("\n{text}")]);
    assert_eq!(failure.message, message);
    assert_eq!(failure.kind, FailureKind::Assertion);
    assert_eq!((failure.block_index, failure.line_in_block), (1, 2));
    assert_eq!(failure.output, "before\n");
    for line in extra {
        assert!(failure.detail.iter().any(|own| own == line), "{line:?} in {:?}", failure.detail);
    }
}

#[test]
fn a_syntax_error_anywhere_comes_first() {
    let failure = failure(&["assert 0", "pass\nx = = 1"]);
    assert!(failure.message.starts_with("SyntaxError: "), "{}", failure.message);
    assert_eq!((failure.kind, failure.block_index), (FailureKind::Python, 1));
    assert_eq!((failure.line_in_block, failure.output.as_str()), (2, ""));
}

#[rstest]
#[case("1+", "1")]
#[case("(", "1")]
#[case("1**", "1")]
#[case("not ", "1")]
#[case("1 if 1 else ", "1")]
#[case("-", "1")]
#[case("[", "")]
fn deep_nesting_has_an_answer(#[case] part: &str, #[case] end: &str) {
    for count in [90, 4_000, 40_000] {
        let text = format!("x = {}{end}", part.repeat(count));
        let _ = run_with(&[&text], "");
    }
}

#[test]
fn text_starts_below_the_brace() {
    let source = SourceFile::new("x.pkt", "0 `true`\n+0 %{\n  assert 1\n}%\n");
    let span = Span::new(12, 27);
    let block = CodeBlock { text: "assert 1".to_owned(), span };
    assert_eq!(text_line(&block, &source), 3);
}

/// The interpreter is part of the environment: without it these say so and pass.
fn python() -> Option<&'static str> {
    let there = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !there {
        println!("skipped: no python3");
    }
    there.then_some("python3 -B")
}

#[test]
fn beyond_the_subset_all_blocks_go_to_the_interpreter() {
    let Some(python) = python() else { return };
    let blocks = ["n = 0\nfor i in range(3):\n  n += i", "print(n, tcpi_snd_cwnd, _line, _file)"];
    assert_eq!(run_with(&blocks, python), Ok("3 20 7 dir/it's.pkt\n".to_owned()));
}

#[rstest]
#[case(
    "import re\nassert tcpi_snd_cwnd == 10, tcpi_snd_cwnd",
    FailureKind::Assertion,
    2,
    "assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd failed: AssertionError: 20"
)]
#[case(
    "import re\n\nre.nope()",
    FailureKind::Python,
    3,
    "AttributeError: module 're' has no attribute 'nope'"
)]
#[case(
    "import sys; sys.exit(3)",
    FailureKind::Interpreter,
    1,
    "`python3 -B` failed: exit status: 3"
)]
fn failures_of_the_interpreter_are_attributed(
    #[case] text: &str,
    #[case] kind: FailureKind,
    #[case] line: usize,
    #[case] message: &str,
) {
    let Some(python) = python() else { return };
    let failure = run_with(&["print('one')", text], python).unwrap_err();
    assert_eq!((failure.kind, failure.block_index, failure.line_in_block), (kind, 1, line));
    assert_eq!(failure.message, message);
    assert_eq!(failure.output, "one\n");
}

#[test]
fn a_missing_interpreter_is_named() {
    let failure = run_with(&["pass", "pass\nimport re"], "no-such-python -u").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Beyond);
    assert_eq!((failure.block_index, failure.line_in_block), (1, 2));
    let want = "an import is beyond the built-in Python, and the interpreter `no-such-python` \
                (--code_command) is not there";
    assert_eq!(failure.message, want);
}

/// Pieces that mean something to Python, in 3,000 random orders.
#[test]
fn any_text_has_an_answer() {
    const PIECES: [&str; 26] = [
        "assert ", "tcpi_rtt", " == ", "1", "0", "(", ")", ", ", "[", "]", "'", "%d", " % ", "\n",
        ";", "print", "if ", ":\n ", "else", "f'{", "}", " = ", "\u{e9}", "-", "\\\n", "round",
    ];
    let mut seed = 1_u64;
    for _ in 0..3_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PIECES[usize::try_from(seed >> 33).unwrap() % PIECES.len()]);
        }
        if let Err(failure) = run_with(&["pass", &text], "") {
            assert_eq!(failure.block_index, 1, "{text:?}");
            assert!(failure.line_in_block <= text.matches('\n').count() + 3, "{text:?}");
        }
    }
}
