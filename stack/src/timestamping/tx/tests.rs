//! Which packet has the mark, and what it says.

use rstest::rstest;

use super::*;
use crate::Config;
use crate::sock::SockId;
use crate::wire::Flags;

const ALL: u32 = TsFlags::TX_SCHED | TsFlags::TX_SOFTWARE | TsFlags::TX_ACK | TsFlags::SOFTWARE;

fn stamp(key: u32) -> TxStamp {
    TxStamp { sched: true, snd: true, ack: true, key: Seq(key) }
}

#[rstest]
#[case::in_front(9, true)]
#[case::first_of_the_rest(10, false)]
#[case::behind(15, false)]
fn the_mark_goes_where_its_byte_goes(#[case] key: u32, #[case] stays: bool) {
    let mut head = stamp(key);
    let tail = head.split_off(Seq(10));
    assert_eq!((head.is_set(), tail.is_set()), (stays, !stays));
    assert_eq!(if stays { head } else { tail }, stamp(key));
}

#[test]
fn joined_packets_report_the_later_byte() {
    let mut first = TxStamp { ack: false, ..stamp(5) };
    first.collapse(TxStamp { sched: false, ..stamp(9) });
    assert_eq!(first, stamp(9));
    first.collapse(TxStamp::default());
    assert_eq!(first, stamp(9));
}

fn scene(flags: u32) -> (Sock, Cx) {
    let cx = Cx::new(Config::default());
    let mut sk = Sock::new(SockId(1), false, &cx);
    sk.tstamp.flags = TsFlags(flags);
    sk.tstamp.tskey = Seq(100);
    sk.write_queue.push(Chunk::new(Seq(100), Flags::NONE, vec![7; 10]));
    tcp_tx_timestamp(&mut sk, TsFlags(flags));
    (sk, cx)
}

#[rstest]
#[case::data(ALL, 0, 10)]
#[case::numbered(ALL | TsFlags::OPT_ID, 9, 10)]
#[case::time_only(ALL | TsFlags::OPT_TSONLY, 0, 0)]
fn an_ack_reports_the_last_byte_once(#[case] flags: u32, #[case] data: u32, #[case] len: usize) {
    let (mut sk, mut cx) = scene(flags);
    let chunk = sk.write_queue.tail_mut().expect("it was pushed").clone();
    for (prior, una, reported) in [(100, 109, false), (109, 110, true), (110, 111, false)] {
        sk.snd.una = Seq(una);
        tcp_ack_tstamp(&mut sk, &chunk, Seq(prior), &mut cx);
        let entry = sk.error_queue.take();
        assert_eq!(entry.is_some(), reported, "{prior} {una}");
        let Some(entry) = entry else { continue };
        assert_eq!((entry.ee.info, entry.ee.data), (SkbTstamp::Ack as u32, data));
        assert_eq!((entry.payload.len(), entry.stamp), (len, Some(cx.now)));
    }
}

#[test]
fn nothing_is_reported_into_a_full_buffer() {
    let (mut sk, mut cx) = scene(ALL);
    sk.opts.rcvbuf = 100;
    sk.skb_tstamp_tx(stamp(109), SkbTstamp::Snd, &[0; 10], &mut cx);
    assert!(sk.error_queue.is_empty());
}
