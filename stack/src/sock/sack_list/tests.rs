//! Order of blocks, by example and against the set of received numbers.

use super::*;
use crate::rng::Rng;
use rstest::rstest;
use std::collections::BTreeSet;

fn after(adds: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut list = SackList::default();
    for &(start, end) in adds {
        list.add(Seq(start), Seq(end));
    }
    list.as_slice().iter().map(|block| (block.start.0, block.end.0)).collect()
}

#[rstest]
#[case::newest_first(&[(10, 11), (20, 21), (30, 31)], &[(30, 31), (20, 21), (10, 11)])]
#[case::grown_block_moves_to_front(&[(10, 11), (20, 21), (11, 12)], &[(10, 12), (20, 21)])]
#[case::a_bridge_joins_two(&[(10, 11), (12, 13), (20, 21), (11, 12)], &[(10, 13), (20, 21)])]
#[case::the_fifth_pushes_out_the_oldest(
    &[(10, 11), (20, 21), (30, 31), (40, 41), (50, 51)],
    &[(50, 51), (40, 41), (30, 31), (20, 21)]
)]
#[case::order_of_the_others_stays(
    &[(10, 11), (20, 21), (30, 31), (10, 12)],
    &[(10, 12), (30, 31), (20, 21)]
)]
fn blocks_are_reported_most_recent_first(
    #[case] adds: &[(u32, u32)],
    #[case] blocks: &[(u32, u32)],
) {
    assert_eq!(after(adds), blocks);
}

#[test]
fn the_position_says_when_compression_must_end() {
    let mut list = SackList::default();
    assert_eq!(list.add(Seq(10), Seq(11)), 0);
    assert_eq!(list.add(Seq(20), Seq(21)), 1);
    assert_eq!(list.add(Seq(30), Seq(31)), 2);
    assert_eq!(list.add(Seq(11), Seq(12)), 2);
}

#[test]
fn blocks_stay_disjoint_true_and_led_by_the_newest() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let (mut list, mut have) = (SackList::default(), BTreeSet::new());
        let base = Seq(u32::MAX - 100);
        for _ in 0..60 {
            let start = 1 + rng.below(200);
            let end = start + 1 + rng.below(12);
            have.extend(start..end);
            list.add(base + start, base + end);
            assert!((base + start).within(list.as_slice()[0].start, list.as_slice()[0].end));
            check(list.as_slice(), base, &have);
        }
        list.remove_before(base + 1000);
        assert!(list.as_slice().is_empty());
    }
}

/// At most four blocks, of received numbers only, and none touching another.
fn check(blocks: &[SackBlock], base: Seq, have: &BTreeSet<u32>) {
    assert!(blocks.len() <= MAX);
    for (i, block) in blocks.iter().enumerate() {
        assert!((block.start - base..block.end - base).all(|n| have.contains(&n)));
        let apart =
            |other: &SackBlock| block.end.before(other.start) || other.end.before(block.start);
        assert!(blocks[i + 1..].iter().all(apart));
    }
}
