//! The queue against a byte vector with a cursor.

use super::*;
use crate::rng::Rng;

const IRS: Seq = Seq(u32::MAX - 3000);

/// Takes up to `max` bytes, chunk by chunk.
fn read(queue: &mut RecvQueue, max: usize) -> Vec<u8> {
    let mut got = peek(queue, 0, max);
    got.truncate(max);
    let seq = queue.copied_seq().plus_len(got.len());
    queue.advance_to(seq);
    got
}

/// Up to `max` bytes behind the next `offset`.
fn peek(queue: &RecvQueue, offset: usize, max: usize) -> Vec<u8> {
    let mut got = Vec::new();
    let mut seq = queue.copied_seq().plus_len(offset);
    while let Located::Data(bytes, ..) = queue.locate(seq) {
        got.extend(bytes);
        seq = seq.plus_len(bytes.len());
    }
    got.truncate(max);
    got
}

fn take_fin(queue: &mut RecvQueue) -> bool {
    let seq = queue.copied_seq();
    let is_fin = queue.locate(seq) == Located::Fin;
    if is_fin {
        queue.advance_to(seq + 1);
    }
    is_fin
}

fn byte(n: u32) -> u8 {
    u8::try_from(n).unwrap()
}

fn chunk(offset: usize, data: &[u8]) -> RecvChunk {
    RecvChunk {
        seq: IRS.plus_len(offset),
        data: data.to_vec(),
        truesize: 100,
        ..RecvChunk::default()
    }
}

#[test]
fn reads_and_peeks_see_the_byte_stream() {
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let (mut queue, mut stream, mut at) = (RecvQueue::default(), Vec::new(), 0);
        queue.init(IRS);
        for _ in 0..400 {
            if rng.below(2) == 0 {
                let overlap = (rng.below(20) as usize).min(stream.len() - at);
                let start = stream.len() - overlap;
                let new: Vec<u8> = (0..=rng.below(300)).map(|_| byte(rng.below(256))).collect();
                let data = [&stream[start..], &new].concat();
                queue.push(chunk(start, &data));
                stream.extend(new);
            } else if rng.below(2) == 0 {
                let got = read(&mut queue, rng.below(400) as usize);
                assert_eq!(got, stream[at..at + got.len()]);
                at += got.len();
            } else {
                at += queue.skip(rng.below(5) as usize);
            }
            assert!(queue.check());
            assert_eq!(queue.available() as usize, stream.len() - at);
            assert_eq!(queue.copied_seq(), IRS.plus_len(at));
            let offset = rng.below(30) as usize;
            let rest = stream[at..].iter().copied().skip(offset).take(50).collect::<Vec<_>>();
            assert_eq!(peek(&queue, offset, 50), rest);
        }
        read(&mut queue, usize::MAX);
        assert_eq!(queue.truesize(), 0);
    }
}

#[test]
fn the_fin_is_taken_after_the_last_byte() {
    let mut queue = RecvQueue::default();
    queue.init(IRS);
    let mut last = chunk(0, b"ab");
    last.fin = true;
    queue.push(last);
    assert_eq!(queue.available(), 2);
    assert!(!take_fin(&mut queue));
    assert_eq!(read(&mut queue, 10), b"ab");
    assert!(!queue.is_empty());
    assert!(take_fin(&mut queue) && queue.is_empty());
    assert_eq!(queue.copied_seq(), IRS + 3);
    assert!(!take_fin(&mut queue));
}

#[test]
fn memory_goes_with_the_chunk() {
    let mut queue = RecvQueue::default();
    queue.init(IRS);
    queue.push(chunk(0, b"ab"));
    queue.push(chunk(2, b"cd"));
    assert_eq!(queue.truesize(), 200);
    read(&mut queue, 1);
    assert_eq!(queue.truesize(), 200);
    read(&mut queue, 1);
    assert_eq!(queue.truesize(), 100);
}

#[test]
fn what_fits_behind_the_last_chunk_costs_nothing() {
    let mut queue = RecvQueue::default();
    queue.init(IRS);
    assert!(!queue.push(RecvChunk { tailroom: 3, ..chunk(0, b"ab") }));
    assert!(queue.push(chunk(2, b"cd")));
    assert!(!queue.push(chunk(4, b"ef")), "one byte of room is left");
    assert_eq!(queue.truesize(), 200);
    assert!(queue.push(RecvChunk { fin: true, ..chunk(6, b"") }));
    assert_eq!(read(&mut queue, 10), b"abcdef");
    assert!(take_fin(&mut queue));
}
