//! Overlaps by example, and random arrivals against the set of received numbers.

use super::*;
use crate::rng::Rng;
use crate::sock::recv_queue::{Located, RecvQueue};
use rstest::rstest;
use std::collections::BTreeSet;

const BASE: Seq = Seq(u32::MAX - 700);

/// The byte with this offset in the stream.
fn pattern(n: u32) -> u8 {
    u8::try_from(n % 251).unwrap()
}

fn chunk(start: u32, end: u32) -> RecvChunk {
    let data = (start..end).map(pattern).collect();
    RecvChunk { seq: BASE + start, data, truesize: 1, tailroom: 100, ..RecvChunk::default() }
}

fn block(start: u32, end: u32) -> SackBlock {
    SackBlock { start: BASE + start, end: BASE + end }
}

use Duplicate::{Extend, Set};

#[rstest]
#[case::apart(&[(10, 20)], (30, 40), &[(10, 20), (30, 40)], vec![])]
#[case::appended(&[(10, 20)], (20, 30), &[(10, 30)], vec![])]
#[case::prepended_stays_separate(&[(10, 20)], (5, 10), &[(5, 10), (10, 20)], vec![])]
#[case::same_again(&[(10, 20)], (10, 20), &[(10, 20)], vec![Set(block(10, 20))])]
#[case::inside(&[(10, 20)], (12, 15), &[(10, 20)], vec![Set(block(12, 15))])]
#[case::over_the_end(&[(10, 20)], (15, 30), &[(10, 20), (15, 30)], vec![Set(block(15, 20))])]
#[case::same_start_longer(&[(10, 20)], (10, 30), &[(10, 30)], vec![Extend(block(10, 20))])]
#[case::over_the_start(&[(10, 20)], (5, 15), &[(5, 15), (10, 20)], vec![Extend(block(10, 15))])]
#[case::covers_two(
    &[(10, 20), (30, 40)], (5, 50), &[(5, 50)],
    vec![Extend(block(10, 20)), Extend(block(30, 40))]
)]
#[case::joins_and_reaches(
    &[(10, 20), (25, 40)], (20, 30), &[(10, 20), (20, 30), (25, 40)],
    vec![Extend(block(25, 30))]
)]
fn overlaps_are_reported_as_linux_reports_them(
    #[case] queued: &[(u32, u32)],
    #[case] new: (u32, u32),
    #[case] ranges: &[(u32, u32)],
    #[case] duplicates: Vec<Duplicate>,
) {
    let mut queue = OfoQueue::default();
    for &(start, end) in queued {
        queue.insert(chunk(start, end));
    }
    assert_eq!(queue.insert(chunk(new.0, new.1)).duplicates, duplicates);
    let got: Vec<_> = queue.chunks().map(|c| (c.seq - BASE, c.end_seq() - BASE)).collect();
    assert_eq!(got, ranges);
    assert!(queue.check());
}

#[test]
fn any_order_of_arrival_drains_to_the_stream() {
    for seed in 0..100 {
        let mut rng = Rng::new(seed);
        let (mut queue, mut have, mut reader) =
            (OfoQueue::default(), BTreeSet::new(), RecvQueue::default());
        reader.init(BASE);
        let mut rcv_nxt = BASE;
        for _ in 0..80 {
            let start = (rcv_nxt - BASE) + 1 + rng.below(150);
            let new = chunk(start, start + 1 + rng.below(40));
            let known = (start..new.end_seq() - BASE).all(|n| have.contains(&n));
            have.extend(start..new.end_seq() - BASE);
            let outcome = queue.insert(new);
            assert!(known || !outcome.redundant, "a chunk with news was dropped");
            assert!(queue.check());
            let queued: BTreeSet<_> =
                queue.chunks().flat_map(|c| c.seq - BASE..c.end_seq() - BASE).collect();
            assert_eq!(queued, have);
            if rng.below(3) == 0 {
                rcv_nxt = fill(&mut queue, &mut have, &mut reader);
            }
        }
        let mut stream: Vec<u8> = Vec::new();
        while let Located::Data(bytes, ..) = reader.locate(BASE.plus_len(stream.len())) {
            stream.extend(bytes);
        }
        assert!(stream.iter().zip(0..).all(|(&byte, n)| byte == pattern(n)));
        assert_eq!(stream.len(), (rcv_nxt - BASE) as usize);
    }
}

/// The next byte in order arrives, and whatever it makes ready follows.
fn fill(queue: &mut OfoQueue, have: &mut BTreeSet<u32>, reader: &mut RecvQueue) -> Seq {
    let at = reader.end_seq() - BASE;
    reader.push(chunk(at, at + 1));
    while let Some(ready) = queue.pop_ready(reader.end_seq()) {
        if ready.end_seq().after(reader.end_seq()) {
            reader.push(ready);
        }
    }
    let rcv_nxt = reader.end_seq();
    have.retain(|&n| n >= rcv_nxt - BASE);
    rcv_nxt
}

#[test]
fn memory_is_counted_and_released() {
    let mut queue = OfoQueue::default();
    queue.insert(chunk(10, 20));
    queue.insert(chunk(30, 40));
    queue.insert(chunk(12, 13));
    assert_eq!(queue.truesize(), 2);
    assert_eq!(queue.pop_ready(BASE), None);
    assert_eq!(queue.pop_last().map(|c| c.seq), Some(BASE + 30));
    assert_eq!(queue.truesize(), 1);
    queue.purge();
    assert!(queue.is_empty());
}

#[test]
fn ranges_are_packed_and_lonely_chunks_left_alone() {
    let mut queue = OfoQueue::default();
    let big = |start, end| RecvChunk { tailroom: 0, truesize: 100, ..chunk(start, end) };
    for (start, end) in [(10, 20), (30, 40), (40, 55), (50, 60), (70, 80)] {
        queue.insert(big(start, end));
    }
    let alloc = |len: usize| (u32::try_from(len).unwrap() + 1, 1);
    let packing = Packing { is_bloated: &|_| true, max: 20, alloc: &alloc, tiny_limit: 1000 };
    assert_eq!(queue.collapse(&packing), 3);
    let got: Vec<_> = queue.chunks().map(|c| (c.seq - BASE, c.end_seq() - BASE)).collect();
    assert_eq!(got, [(10, 20), (30, 50), (50, 60), (70, 80)]);
    assert!(queue.chunks().all(|c| {
        c.data
            .iter()
            .enumerate()
            .all(|(i, byte)| *byte == pattern(c.seq - BASE + u32::try_from(i).unwrap()))
    }));
    assert!(queue.check() && queue.truesize() == 100 + 21 + 11 + 100);
}

#[test]
fn a_range_is_packed_up_to_its_fin() {
    let mut queue = OfoQueue::default();
    let big = |start, end| RecvChunk { tailroom: 0, truesize: 100, ..chunk(start, end) };
    // First, as it would join what it follows.
    queue.insert(RecvChunk { fin: true, ..big(40, 40) });
    for (start, end) in [(10, 20), (20, 30), (30, 40)] {
        queue.insert(big(start, end));
    }
    let alloc = |len: usize| (u32::try_from(len).unwrap() + 1, 0);
    let packing = Packing { is_bloated: &|_| true, max: 20, alloc: &alloc, tiny_limit: 1000 };
    assert_eq!(queue.collapse(&packing), 3);
    let got: Vec<_> = queue.chunks().map(|c| (c.seq - BASE, c.end_seq() - BASE)).collect();
    assert_eq!(got, [(10, 30), (30, 40), (40, 41)]);
    // The second has room for the FIN, which stays where it is.
    assert!(queue.check() && queue.truesize() == 21 + 12 + 100);
    assert_eq!(queue.chunks().map(|c| c.tailroom).collect::<Vec<_>>(), [0, 1, 0]);
}
