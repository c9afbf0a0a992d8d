//! The queues against a plain byte string with two cursors.

use super::*;
use crate::rng::Rng;

/// Some byte that tells offsets apart.
fn pattern(base: usize, i: u32) -> u8 {
    u8::try_from((base + i as usize) % 251).unwrap()
}

const ISS: Seq = Seq(u32::MAX - 5000);

/// What the queues stand for: all bytes ever written, and where sending and acknowledging are.
struct Model {
    queue: WriteQueue,
    written: Vec<u8>,
    una: usize,
    nxt: usize,
}

impl Model {
    fn seq(offset: usize) -> Seq {
        ISS.plus_len(offset)
    }

    fn step(&mut self, rng: &mut Rng) {
        match rng.below(5) {
            0 => self.write(1 + rng.below(4000)),
            1 => {
                self.queue.fragment_send_head(rng.below(3000) as usize);
            }
            2 => {
                if let Some(chunk) = self.queue.move_to_rtx(Instant::ZERO) {
                    self.nxt += chunk.data.len();
                }
            }
            3 => {
                let index = rng.below(8) as usize;
                self.queue.fragment_rtx(index, rng.below(2000) as usize);
            }
            _ => self.acknowledge(rng),
        }
    }

    fn write(&mut self, len: u32) {
        let seq = Self::seq(self.written.len());
        let data: Vec<u8> = (0..len).map(|i| pattern(self.written.len(), i)).collect();
        self.written.extend(&data);
        let mut chunk = Chunk::new(seq, Flags::ACK, data);
        chunk.set_tso_segs(1000);
        self.queue.push(chunk);
    }

    fn acknowledge(&mut self, rng: &mut Rng) {
        let in_flight = u32::try_from(self.nxt - self.una).unwrap();
        self.una += rng.below(in_flight + 1) as usize;
        let una = Self::seq(self.una);
        while self.queue.rtx_head().is_some_and(|chunk| !chunk.end_seq().after(una)) {
            self.queue.pop_rtx_head();
        }
        self.queue.trim_rtx_head(una);
    }

    fn check(&self) {
        assert!(self.queue.check());
        let collect = |chunks: Vec<&Chunk>| {
            chunks.iter().flat_map(|chunk| chunk.data.clone()).collect::<Vec<u8>>()
        };
        let (rtx, unsent) =
            (collect(self.queue.rtx().collect()), collect(self.queue.unsent().collect()));
        assert_eq!(rtx, self.written[self.una..self.nxt]);
        assert_eq!(unsent, self.written[self.nxt..]);
        assert_eq!(self.queue.bytes() as usize, self.written.len() - self.una);
        if let Some(head) = self.queue.rtx_head() {
            assert_eq!(head.seq, Self::seq(self.una));
        }
    }
}

#[test]
fn any_sequence_of_operations_keeps_every_byte_in_place() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let mut model = Model { queue: WriteQueue::default(), written: Vec::new(), una: 0, nxt: 0 };
        for _ in 0..200 {
            model.step(&mut rng);
            model.check();
        }
    }
}

#[test]
fn a_cut_leaves_syn_in_front_and_takes_fin_and_push_along() {
    let mut queue = WriteQueue::default();
    let mut chunk =
        Chunk::new(Seq(10), Flags::SYN | Flags::FIN | Flags::PSH | Flags::ACK, vec![7; 5]);
    chunk.eor = true;
    chunk.marks.lost = true;
    assert_eq!((chunk.len(), chunk.end_seq()), (5, Seq(17)));
    queue.push_rtx(chunk);
    assert!(queue.fragment_rtx(0, 2));
    let [head, tail] = [queue.rtx_get(0).unwrap(), queue.rtx_get(1).unwrap()];
    assert_eq!((head.seq, head.end_seq(), head.flags), (Seq(10), Seq(13), Flags::SYN | Flags::ACK));
    assert_eq!((tail.seq, tail.end_seq()), (Seq(13), Seq(17)));
    assert_eq!(tail.flags, Flags::FIN | Flags::PSH | Flags::ACK);
    assert!(tail.eor && !head.eor && tail.marks.lost && head.marks.lost);
    assert!(!queue.fragment_rtx(0, 2) && !queue.fragment_rtx(0, 0) && !queue.fragment_rtx(9, 1));
}

#[test]
fn trimming_a_syn_with_data_and_a_fin() {
    let mut queue = WriteQueue::default();
    queue.push_rtx(Chunk::new(Seq(0), Flags::SYN | Flags::FIN, vec![1, 2, 3]));
    assert_eq!(queue.trim_rtx_head(Seq(0)), 0);
    assert_eq!(queue.trim_rtx_head(Seq(1)), 0);
    assert_eq!(queue.rtx_head().map(|chunk| chunk.seq), Some(Seq(1)));
    assert_eq!(queue.trim_rtx_head(Seq(3)), 2);
    assert_eq!(queue.rtx_head().map(|chunk| chunk.data.clone()), Some(vec![3]));
    assert_eq!(queue.trim_rtx_head(Seq(4)), 1);
    assert_eq!(queue.rtx_head().map(Chunk::end_seq), Some(Seq(5)));
    assert_eq!(queue.pop_rtx_head().map(|chunk| chunk.flags), Some(Flags::FIN));
}

#[test]
fn segments_are_counted_by_the_size_they_are_cut_into() {
    let mut chunk = Chunk::new(Seq(0), Flags::ACK, vec![0; 2500]);
    assert_eq!(chunk.pcount(), 1);
    chunk.set_tso_segs(1000);
    assert_eq!((chunk.pcount(), chunk.gso_size), (3, 1000));
    chunk.set_tso_segs(2500);
    assert_eq!((chunk.pcount(), chunk.gso_size), (1, 0));
}
