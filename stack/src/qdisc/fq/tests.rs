//! Departure times, order within a connection, and the limits.

use super::*;
use crate::qdisc::Owner;

fn packet(sock: u32, seq: u32, ms: u64) -> Packet {
    let owner = Owner { sock: SockId(sock), seq: Seq(seq), truesize: 1, stamp: None };
    Packet {
        datagrams: vec![seq.to_be_bytes().to_vec()],
        owner: Some(owner),
        time_to_send: Instant::from_millis(ms),
    }
}

fn seq_of(packet: Option<Packet>) -> Option<u32> {
    packet.and_then(|packet| packet.owner).map(|owner| owner.seq.0)
}

#[test]
fn what_is_due_leaves_at_once() {
    let mut fq = Fq::default();
    let (xmit, sent) = fq.enqueue(packet(1, 10, 5), Instant::from_millis(5));
    assert_eq!((xmit, seq_of(sent)), (Xmit::Sent, Some(10)));
    assert_eq!(fq.next_due(), None);
}

#[test]
fn departure_times_decide_and_connections_do_not_hold_up_each_other() {
    let mut fq = Fq::default();
    let now = Instant::ZERO;
    for held in [packet(1, 10, 8), packet(1, 11, 2), packet(2, 20, 4)] {
        assert!(fq.enqueue(held, now).1.is_none());
    }
    assert!(fq.holds(SockId(1), Seq(11)));
    assert_eq!(fq.next_due(), Some(Instant::from_millis(2)));
    assert_eq!(seq_of(fq.dequeue(Instant::from_millis(1))), None);
    let late = Instant::from_millis(9);
    let order: Vec<_> = std::iter::from_fn(|| seq_of(fq.dequeue(late))).collect();
    assert_eq!(order, [11, 20, 10]);
    assert!(!fq.holds(SockId(1), Seq(11)));
}

#[test]
fn a_connection_may_keep_a_hundred_packets() {
    let mut fq = Fq::default();
    let dropped = (0..150)
        .filter(|seq| fq.enqueue(packet(1, *seq, 1), Instant::ZERO).0 == Xmit::Dropped)
        .count();
    assert_eq!(dropped, 50);
    assert_eq!(fq.enqueue(packet(2, 0, 1), Instant::ZERO).0, Xmit::Queued);
}

#[test]
fn what_would_wait_longer_than_the_horizon_is_dropped() {
    let mut fq = Fq::default();
    assert_eq!(fq.enqueue(packet(1, 0, 10_001), Instant::ZERO).0, Xmit::Dropped);
    assert_eq!(fq.enqueue(packet(1, 0, 10_000), Instant::ZERO).0, Xmit::Queued);
}
