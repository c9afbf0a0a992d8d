use rstest::rstest;

use super::super::super::sample;
use super::super::EventSpec;
use super::*;
use crate::target::EpollEvent;
use crate::target::syscall::ControlMessage;

fn clock(tolerance_us: i64) -> Clocked {
    Clocked { realtime_at_start_us: 0, tolerance_us, behind_us: 0 }
}

fn ok(value: i64) -> Returned {
    Returned::ok(value)
}

fn err(errno: i32) -> Returned {
    Returned::err(Errno(errno))
}

/// The first difference in words, and the token it points at.
fn difference(text: &str, expect: &Expect, returned: &Returned) -> Option<(String, String)> {
    let judged = judge(&sample::call(text), expect, returned, &clock(4_000)).unwrap();
    let bad = judged.fields.iter().find(|field| !field.ok)?;
    let text = sample::script(&format!("0 close(9) = 0\n0 {text}"));
    let token = text.source.slice(judged.first_bad.unwrap()).to_owned();
    Some((format!("{}: expected {}, got {}", bad.name, bad.expected, bad.actual), token))
}

#[rstest]
#[case::same("read(3, ..., 9) = 9", ok(9))]
#[case::any("read(3, ..., 9) = ...", err(11))]
#[case::symbolic("fcntl(3, F_GETFL) = O_RDWR|O_NONBLOCK", ok(0o4002))]
#[case::low_half("read(3, ..., 9) = -1", ok(0xffff_ffff))]
#[case::errno("read(3, ..., 9) = -1 EAGAIN (again)", err(11))]
#[case::another_name("read(3, ..., 9) = -1 EWOULDBLOCK (again)", err(11))]
#[case::no_errno_takes_any("read(3, ..., 9) = -1", err(104))]
#[case::only_a_comment("read(3, ..., 9) = -1 (whatever)", err(104))]
fn results_that_are_right(#[case] text: &str, #[case] returned: Returned) {
    assert_eq!(difference(text, &Expect::Nothing, &returned), None);
}

#[rstest]
#[case::value("read(3, ..., 9) = 9", ok(8), "return value: expected 9, got 8", "9")]
#[case::failed("read(3, ..., 9) = 9", err(11), "return value: expected 9, got -1 EAGAIN", "9")]
#[case::unknown_errno(
    "read(3, ..., 9) = 9",
    err(4000),
    "return value: expected 9, got -1 errno 4000",
    "9"
)]
#[case::did_not_fail(
    "read(3, ..., 9) = -1 EAGAIN (again)",
    ok(9),
    "return value: expected -1 EAGAIN, got 9",
    "-1"
)]
#[case::other_errno(
    "read(3, ..., 9) = -1 EAGAIN (again)",
    err(104),
    "errno: expected EAGAIN, got ECONNRESET",
    "EAGAIN"
)]
fn results_that_are_wrong(
    #[case] text: &str,
    #[case] returned: Returned,
    #[case] message: &str,
    #[case] token: &str,
) {
    let found = difference(text, &Expect::Nothing, &returned);
    assert_eq!(found, Some((message.into(), token.into())));
}

#[rstest]
#[case::any_number_will_do("socket(..., 1, 0) = 3", ok(77), None)]
#[case::an_error_will_not(
    "socket(..., 1, 0) = 3",
    err(24),
    Some("return value: expected 3, got -1 EMFILE")
)]
#[case::an_expected_error("socket(..., 1, 0) = -1 EMFILE (full)", err(24), None)]
#[case::a_descriptor_in_place_of_an_error(
    "socket(..., 1, 0) = -1",
    ok(5),
    Some("return value: expected -1, got 5")
)]
fn new_descriptors_are_labels(
    #[case] text: &str,
    #[case] returned: Returned,
    #[case] message: Option<&str>,
) {
    let found = difference(text, &Expect::NewDescriptor, &returned);
    assert_eq!(found.map(|(message, _)| message).as_deref(), message);
}

#[test]
fn unknown_names_are_the_fault_of_the_script() {
    let judged = |text: &str| judge(&sample::call(text), &Expect::Nothing, &ok(0), &clock(0));
    assert_eq!(judged("close(3) = EWHAT").unwrap_err().1, "unknown symbol EWHAT");
    assert_eq!(judged("close(3) = -1 EWHAT (hm)").unwrap_err().1, "unknown errno EWHAT");
}

fn epoll(events: u32, data: u64, data_mask: u64) -> Expect {
    Expect::Epoll(
        Some(EventSpec { event: EpollEvent { events, data }, data_mask }),
        Span::new(0, 1),
    )
}

fn opt(bytes: Option<&[u8]>, len: usize) -> Expect {
    Expect::OptVal { bytes: bytes.map(<[u8]>::to_vec), len, span: Span::new(0, 1) }
}

fn message_with(flags: i32, control: Vec<ExpectedControl>) -> Expect {
    Expect::Message { content: Vec::new(), flags, control, span: Span::new(0, 1) }
}

fn event(events: u32, data: u64) -> Output {
    Output::Epoll(vec![EpollEvent { events, data }, EpollEvent { events: 99, data: 99 }])
}

fn received(flags: i32, control: usize) -> Output {
    let one = ControlMessage { level: 1, ty: 2, data: Vec::new() };
    Output::Message { data: Vec::new(), flags, control: vec![one; control] }
}

const ALL: u64 = u64::MAX;

#[rstest]
#[case::option(opt(Some(&[1, 0, 0, 0]), 4), Output::OptVal(vec![1, 0, 0, 0]), None)]
#[case::option_value(
    opt(Some(&[1, 0, 0, 0]), 4),
    Output::OptVal(vec![2, 0, 0, 0]),
    Some("option value: expected 1, got 2")
)]
#[case::option_text(
    opt(Some(b"ab"), 2),
    Output::OptVal(b"ac".to_vec()),
    Some("option value: expected \"ab\", got \"ac\"")
)]
#[case::option_bytes(
    opt(Some(&[0, 0xff]), 2),
    Output::OptVal(vec![0, 1]),
    Some("option value: expected \\x00\\xff, got \\x00\\x01")
)]
#[case::option_length(
    opt(None, 4),
    Output::OptVal(vec![1]),
    Some("option length: expected 4, got 1")
)]
#[case::any_option(opt(None, 2), Output::OptVal(vec![1, 9]), None)]
#[case::ioctl(Expect::Int(5, Span::new(0, 1)), Output::Int(6), Some("value: expected 5, got 6"))]
#[case::poll(Expect::Poll(vec![(4, Span::new(0, 1))]), Output::Poll(vec![4]), None)]
#[case::second_of_poll(
    Expect::Poll(vec![(4, Span::new(0, 1)), (0, Span::new(0, 1))]),
    Output::Poll(vec![4, 1]),
    Some("revents of entry 2: expected 0x0000, got 0x0001")
)]
#[case::epoll_looks_at_the_first(epoll(1, 13, ALL), event(1, 13), None)]
#[case::epoll_events(epoll(1, 13, ALL), event(5, 13), Some("events: expected 0x1, got 0x5"))]
#[case::epoll_data(epoll(1, 13, ALL), event(1, 14), Some("data: expected 13, got 14"))]
#[case::epoll_half(epoll(1, 1, 0xffff_ffff), event(1, 0x1_0000_0001), None)]
#[case::epoll_whole(
    epoll(1, 1, ALL),
    event(1, 0x1_0000_0001),
    Some("data: expected 1, got 4294967297")
)]
#[case::epoll_unwritten(Expect::Epoll(None, Span::new(0, 1)), event(7, 7), None)]
#[case::message(message_with(0, Vec::new()), received(0, 0), None)]
#[case::message_flags(
    message_with(0, Vec::new()),
    received(8, 0),
    Some("msg_flags: expected 0x0, got 0x8")
)]
#[case::more_control(
    message_with(0, Vec::new()),
    received(0, 1),
    Some("control messages: expected 0, got 1")
)]
fn what_a_call_writes(
    #[case] expect: Expect,
    #[case] output: Output,
    #[case] message: Option<&str>,
) {
    let returned = Returned { value: 0, errno: None, output };
    let found = difference("close(3) = 0", &expect, &returned).map(|(message, _)| message);
    assert_eq!(found.as_deref(), message);
}

#[test]
fn what_a_failed_call_left_behind_is_not_looked_at() {
    let expect = Expect::Int(5, Span::new(0, 1));
    let returned = Returned { value: -1, errno: Some(Errno(22)), output: Output::Int(6) };
    assert_eq!(difference("close(3) = -1", &expect, &returned), None);
}
