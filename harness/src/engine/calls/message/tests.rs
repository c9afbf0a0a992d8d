use rstest::rstest;

use super::super::super::sample;
use super::*;

/// The control message of a recvmsg line.
fn written(text: &str) -> ExpectedControl {
    let line = format!(
        "recvmsg(3, {{msg_name(...)=..., msg_iov(1)=[{{..., 1}}], msg_flags=0, \
         msg_control=[{text}]}}, 0) = 1"
    );
    let call = sample::call(&line);
    let members = args::members(&call.args[1]).unwrap();
    let control = args::list(&args::member(members, "msg_control").unwrap().value).unwrap();
    expected(&control[0]).unwrap_or_else(|(_, why)| panic!("{why}"))
}

fn received(level: i32, ty: i32, data: Vec<u8>) -> ControlMessage {
    ControlMessage { level, ty, data }
}

fn matches(text: &str, got: &ControlMessage) -> bool {
    let clock = Clocked { realtime_at_start_us: 1_000_000_000, tolerance_us: 4_000, behind_us: 0 };
    compare(&written(text), got, &clock).2
}

#[rstest]
#[case::int("{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}", 24)]
#[case::stamp(
    "{cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=0,scm_nsec=0}}",
    64
)]
#[case::error(
    "{cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, \
     cmsg_data={ee_errno=0,ee_origin=5,ee_type=0,ee_code=0,ee_info=0,ee_data=0}}",
    48
)]
#[case::error_v6(
    "{cmsg_level=SOL_IPV6, cmsg_type=IPV6_RECVERR, \
     cmsg_data={ee_errno=0,ee_origin=5,ee_type=0,ee_code=0,ee_info=0,ee_data=0}}",
    64
)]
fn room_for_exactly_what_is_expected(#[case] text: &str, #[case] space: usize) {
    assert_eq!(cmsg_space(written(text).room), space);
}

#[rstest]
#[case::same(6, 36, vec![5, 0, 0, 0], true)]
#[case::value(6, 36, vec![6, 0, 0, 0], false)]
#[case::level(1, 36, vec![5, 0, 0, 0], false)]
#[case::kind(6, 35, vec![5, 0, 0, 0], false)]
#[case::length(6, 36, vec![5, 0, 0, 0, 0, 0, 0, 0], false)]
fn ints(#[case] level: i32, #[case] ty: i32, #[case] data: Vec<u8>, #[case] ok: bool) {
    let text = "{cmsg_level=6, cmsg_type=36, cmsg_data=5}";
    assert_eq!(matches(text, &received(level, ty, data)), ok);
}

#[rstest]
#[case::exact(0, 200_000_000, 200_000, true)]
#[case::within(0, 200_000_000, 204_000, true)]
#[case::beyond(0, 200_000_000, 204_001, false)]
#[case::before(0, 200_000_000, 195_999, false)]
#[case::seconds(2, 500_000_000, 2_500_000, true)]
#[case::zero_is_not_compared(0, 0, 777, true)]
fn stamps_in_script_time(
    #[case] sec: i64,
    #[case] nsec: i64,
    #[case] actual_us: i64,
    #[case] ok: bool,
) {
    let wall = 1_000_000_000 + actual_us;
    // The stamp of the hardware is there, too: only the first is compared.
    let words = [wall / 1_000_000, wall % 1_000_000 * 1000, 0, 0, 9, 9];
    let data = words.iter().flat_map(|word: &i64| word.to_ne_bytes()).collect();
    let text =
        format!("{{cmsg_level=1, cmsg_type=37, cmsg_data={{scm_sec={sec},scm_nsec={nsec}}}}}");
    assert_eq!(matches(&text, &received(1, 37, data)), ok);
}

#[rstest]
#[case::timeval(29, 20_000, true)]
#[case::timespec(35, 20_000_000, true)]
#[case::not_micros(35, 20_000, false)]
fn one_time(#[case] ty: i32, #[case] fraction: i64, #[case] ok: bool) {
    let data = [1000_i64, fraction].into_iter().flat_map(i64::to_ne_bytes).collect();
    let text =
        format!("{{cmsg_level=1, cmsg_type={ty}, cmsg_data={{scm_sec=0,scm_nsec=20000000}}}}");
    assert_eq!(matches(&text, &received(1, ty, data)), ok);
}

fn extended_err_bytes(errno: u32, info: u32, addr: usize) -> Vec<u8> {
    let mut data = errno.to_ne_bytes().to_vec();
    data.extend([5, 1, 2, 0]);
    data.extend(info.to_ne_bytes());
    data.extend(7_u32.to_ne_bytes());
    data.resize(16 + addr, 0);
    data
}

#[rstest]
#[case::same(extended_err_bytes(111, 3, 16), true)]
#[case::errno(extended_err_bytes(110, 3, 16), false)]
#[case::info(extended_err_bytes(111, 4, 16), false)]
#[case::address_of_the_other_family(extended_err_bytes(111, 3, 28), false)]
fn extended_errors(#[case] data: Vec<u8>, #[case] ok: bool) {
    let text = "{cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=ECONNREFUSED,\
                ee_origin=5,ee_type=1,ee_code=2,ee_info=3,ee_data=7}}";
    assert_eq!(matches(text, &received(0, 11, data)), ok);
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[rstest]
#[case::same(100_000, 3, 1, true)]
#[case::time_within(104_000, 3, 1, true)]
#[case::time_beyond(104_001, 3, 1, false)]
#[case::count(100_000, 4, 1, false)]
#[case::open_value(100_000, 3, 200, true)]
fn statistics(#[case] busy: u64, #[case] segs: u64, #[case] state: u8, #[case] ok: bool) {
    let text = "{cmsg_level=1, cmsg_type=54, cmsg_data={TCP_NLA_BUSY=100000,\
                TCP_NLA_DATA_SEGS_OUT=3,TCP_NLA_CA_STATE=...}}";
    let kind = |name| u16::try_from(symbols::lookup(name).unwrap()).unwrap();
    let data = [
        attribute(kind("TCP_NLA_BUSY"), &busy.to_ne_bytes()),
        attribute(kind("TCP_NLA_DATA_SEGS_OUT"), &segs.to_ne_bytes()),
        attribute(kind("TCP_NLA_CA_STATE"), &[state]),
    ]
    .concat();
    assert_eq!(matches(text, &received(1, 54, data.clone())), ok);
    assert!(!matches(text, &received(1, 54, data[..16].to_vec())), "one attribute of three");
}

#[test]
fn zero_is_exact() {
    let text = "{cmsg_level=1, cmsg_type=54, cmsg_data={TCP_NLA_RWND_LIMITED=0}}";
    let kind = u16::try_from(symbols::lookup("TCP_NLA_RWND_LIMITED").unwrap()).unwrap();
    let data = |us: u64| attribute(kind, &us.to_ne_bytes());
    assert!(matches(text, &received(1, 54, data(0))));
    assert!(!matches(text, &received(1, 54, data(5))));
}

#[test]
fn garbage_is_not_followed() {
    assert_eq!(attributes(&[3, 0, 1, 0, 9, 9, 9, 9]), []);
    assert_eq!(attributes(&[200, 0, 1, 0, 9]), []);
    assert_eq!(attributes(&[1, 2, 3]), []);
    assert_eq!(attributes(&[4, 0, 1, 0]), [(1, 0)]);
}

/// A run that fell behind tells later times, never earlier ones.
#[rstest]
#[case::as_written(500_000, 0, true)]
#[case::late(521_000, 0, false)]
#[case::late_as_the_run_is(521_000, 20_000, true)]
#[case::later_than_that(525_000, 20_000, false)]
#[case::early(480_000, 20_000, false)]
fn a_stamp_may_be_as_late_as_the_run(#[case] at: i64, #[case] behind_us: i64, #[case] ok: bool) {
    let clock = Clocked { realtime_at_start_us: 0, tolerance_us: 4_000, behind_us };
    let want = written(
        "{cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, \
         cmsg_data={scm_sec=0,scm_nsec=500000000}}",
    );
    let mut data = vec![0; 48];
    data[8..16].copy_from_slice(&(at * 1000).to_ne_bytes());
    assert_eq!(compare(&want, &received(1, 37, data), &clock).2, ok);
}
