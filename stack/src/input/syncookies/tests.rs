use std::net::SocketAddr;

use rstest::rstest;

use super::*;
use crate::Config;

fn cx() -> Cx {
    Cx::new(Config { seed: 7, ..Config::default() })
}

fn flow(v6: bool) -> Flow {
    let end = |v4: &str, six: &str| if v6 { six } else { v4 }.parse::<SocketAddr>().unwrap();
    Flow::new(end("192.0.2.1:80", "[2001:db8::1]:80"), end("192.0.2.9:4000", "[2001:db8::9]:4000"))
}

#[rstest]
#[case(false, 100, 536)]
#[case(false, 1299, 536)]
#[case(false, 1300, 1300)]
#[case(false, 9000, 1460)]
#[case(true, 100, 1220)]
#[case(true, 1440, 1440)]
#[case(true, 65_535, 8940)]
fn cookie_remembers_mss_for_two_minutes(#[case] v6: bool, #[case] mss: u32, #[case] kept: u32) {
    let mut cx = cx();
    let mut sk = Sock::new(crate::sock::SockId(1), v6, &cx);
    let flow = flow(v6);
    let mut rounded = mss;
    let sseq = Seq(0xffff_fff0);
    let cookie = cookie_init_sequence(&mut sk, flow, sseq, &mut rounded, &mut cx);
    assert_eq!(rounded, kept);
    assert!(!tcp_synq_no_recent_overflow(&sk, &cx));
    let mut seg = Segment::new(flow.remote, flow.local, crate::wire::Flags::ACK);
    (seg.seq, seg.ack) = (sseq + 1, cookie + 1);
    assert_eq!(cookie_mss(flow, &seg, &cx), Some(kept));
    seg.seq += 1000;
    assert_eq!(cookie_mss(flow, &seg, &cx), None);
    seg.seq -= 1000;
    // The minutes of a cookie are those of the tick counter, which begins 47.296 s after one.
    cx.now = Instant::from_millis(72_703);
    assert_eq!(cookie_mss(flow, &seg, &cx), Some(kept));
    cx.now = Instant::from_millis(72_704);
    assert_eq!(cookie_mss(flow, &seg, &cx), None);
    cx.now = Instant::from_millis(120_000);
    assert!(!tcp_synq_no_recent_overflow(&sk, &cx));
    cx.now = Instant::from_millis(120_001);
    assert!(tcp_synq_no_recent_overflow(&sk, &cx));
}

#[rstest]
#[case(0, true, Some(7), true)]
#[case(63, false, Some(0), false)]
#[case(1_000_000, true, None, true)]
#[case(u64::from(u32::MAX) + 5, false, Some(14), true)]
fn timestamp_remembers_options(
    #[case] ms: u64,
    #[case] sack: bool,
    #[case] wscale: Option<u8>,
    #[case] ecn: bool,
) {
    let mut cx = cx();
    cx.now = Instant::from_millis(ms);
    let sk = Sock::new(crate::sock::SockId(1), false, &cx);
    let state = StateCell::of_listener();
    let mut req = RequestSock::new(&sk, flow(false), state, Seq(1), Seq(2));
    req.rx_opt.sack_ok = sack;
    req.rx_opt.wscale_ok = wscale.is_some();
    req.rx_opt.snd_wscale = wscale.unwrap_or(0);
    req.ecn_ok = ecn;
    let tsval = cookie_init_timestamp(&req, cx.now);
    let age = tcp_time_stamp(cx.now, 0).wrapping_sub(tsval);
    assert!(age < 64, "{age}");
    let ts = Ts { val: 5, ecr: tsval };
    let read = cookie_timestamp_decode(Some(ts), tsval, &cx).unwrap();
    assert_eq!(read.sack_ok, sack);
    assert_eq!(read.wscale_ok.then_some(read.snd_wscale), wscale);
    assert_eq!(tsval & TS_OPT_ECN != 0, ecn);
}

#[test]
fn options_this_host_has_turned_off_cannot_come_from_it() {
    let mut cx = cx();
    let ts = Some(Ts { val: 1, ecr: TS_OPT_SACK | 3 });
    assert!(cookie_timestamp_decode(ts, TS_OPT_SACK | 3, &cx).is_some());
    cx.sysctl.tcp_sack = 0;
    assert!(cookie_timestamp_decode(ts, TS_OPT_SACK | 3, &cx).is_none());
    assert!(cookie_timestamp_decode(None, 0, &cx).is_some());
}
