//! Numbers, shared completions and pages, without a connection around them.

use rstest::rstest;

use super::*;
use crate::Config;
use crate::sock::SockId;
use crate::wire::Flags;

fn scene() -> (Sock, Cx) {
    let cx = Cx::new(Config::default());
    let mut sk = Sock::new(SockId(1), false, &cx);
    sk.zerocopy.on = true;
    (sk, cx)
}

fn begin(sk: &mut Sock, len: usize, cx: &Cx) -> ZcCall {
    msg_zerocopy_realloc(sk, &[len], cx).unwrap().expect("the option is on")
}

fn queue(sk: &mut Sock, len: usize, call: &ZcCall) {
    let seq = sk.write_queue.end().unwrap_or_default();
    let mut chunk = Chunk::new(seq, Flags::NONE, vec![0; len]);
    assert_eq!(skb_zerocopy_iter_stream(&mut chunk, call, 0, len), Ok(len));
    sk.write_queue.push(chunk);
}

fn ranges(sk: &mut Sock, cx: &mut Cx) -> Vec<(u32, u32, u8)> {
    std::iter::from_fn(|| super::super::queue::sock_dequeue_err_skb(sk, cx))
        .map(|entry| (entry.ee.info, entry.ee.data, entry.ee.code))
        .collect()
}

#[test]
fn a_failed_call_gives_its_number_back() {
    let (mut sk, mut cx) = scene();
    let call = begin(&mut sk, 10, &cx);
    net_zcopy_put(&mut sk, &call, true, &mut cx);
    assert!(sk.error_queue.is_empty());
    assert_eq!(begin(&mut sk, 10, &cx).id, 0);
}

#[test]
fn calls_that_share_a_packet_share_a_completion() {
    let (mut sk, mut cx) = scene();
    let first = begin(&mut sk, 10, &cx);
    queue(&mut sk, 10, &first);
    net_zcopy_put(&mut sk, &first, false, &mut cx);
    let second = begin(&mut sk, 10, &cx);
    assert_eq!(second.id, first.id);
    net_zcopy_put(&mut sk, &second, false, &mut cx);
    assert!(sk.error_queue.is_empty(), "the packet is still there");
    sk.write_queue.purge();
    msg_zerocopy_complete(&mut sk, &mut cx);
    assert_eq!(ranges(&mut sk, &mut cx), [(0, 1, 0)]);
}

#[test]
fn more_than_half_a_megabyte_begins_a_completion_of_its_own() {
    let (mut sk, mut cx) = scene();
    let first = begin(&mut sk, BYTE_LIMIT, &cx);
    queue(&mut sk, 10, &first);
    net_zcopy_put(&mut sk, &first, false, &mut cx);
    let second = begin(&mut sk, 1, &cx);
    assert_eq!(second.id, 1);
    let tail = sk.write_queue.tail_mut().expect("it was queued");
    assert_eq!(skb_zerocopy_iter_stream(tail, &second, 0, 1), Err(NewSegment));
}

#[test]
fn completions_in_a_row_are_one_message_and_keep_its_code() {
    let (mut sk, mut cx) = scene();
    for copied in [true, false] {
        let call = begin(&mut sk, 10, &cx);
        queue(&mut sk, 10, &call);
        if copied {
            skb_copy_ubufs(&mut sk, Seq(0));
        }
        net_zcopy_put(&mut sk, &call, false, &mut cx);
        sk.write_queue.purge();
        msg_zerocopy_complete(&mut sk, &mut cx);
    }
    assert_eq!(ranges(&mut sk, &mut cx), [(0, 1, SO_EE_CODE_ZEROCOPY_COPIED)]);
}

#[test]
fn unread_completions_use_up_optmem_max() {
    let (mut sk, mut cx) = scene();
    cx.sysctl.set("net.core.optmem_max", "3000").unwrap();
    for _ in 0..3 {
        let call = begin(&mut sk, 10, &cx);
        queue(&mut sk, 10, &call);
        net_zcopy_put(&mut sk, &call, false, &mut cx);
        // What is at the tail would be shared.
        sk.write_queue.move_to_rtx(cx.now);
    }
    assert_eq!(msg_zerocopy_realloc(&mut sk, &[10], &cx), Err(Errno::ENOBUFS));
    sk.write_queue.purge();
    msg_zerocopy_complete(&mut sk, &mut cx);
    assert_eq!(sk.error_queue.count(Origin::Zerocopy), 1, "one message stands for three");
    assert!(msg_zerocopy_realloc(&mut sk, &[10], &cx).is_ok());
}

#[rstest]
#[case::one_page(&[4096], 0, Some(4096))]
#[case::second_page(&[5000], 4096, Some(5000))]
#[case::buffers_share_no_page(&[1, 2, 10_000], 1, Some(2))]
#[case::pages_count_from_the_buffer(&[1, 2, 10_000], 2, Some(4098))]
#[case::empty_buffers_have_none(&[0, 0, 3], 0, Some(3))]
#[case::beyond(&[3], 3, None)]
fn fragments(#[case] ends: &[usize], #[case] at: usize, #[case] end: Option<usize>) {
    assert_eq!(fragment_end(ends, at), end);
}

#[test]
fn a_packet_takes_seventeen_fragments() {
    let (mut sk, cx) = scene();
    let ends: Vec<usize> = (1..=18).collect();
    let call = msg_zerocopy_realloc(&mut sk, &ends, &cx).unwrap().expect("the option is on");
    let mut chunk = Chunk::new(Seq(0), Flags::NONE, Vec::new());
    assert_eq!(skb_zerocopy_iter_stream(&mut chunk, &call, 0, 18), Ok(17));
    assert_eq!(skb_zerocopy_iter_stream(&mut chunk, &call, 17, 1), Err(NewSegment));
}
