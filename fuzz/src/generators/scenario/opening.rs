//! How each state is reached by what a program and a network can do.

use synproof_harness::scenario::{
    Ack, Call, How, Number, Opt, Segment, Seq, Slot, SockOption, Stamp, Step,
};

use crate::Seeded;
use crate::play::seen::{ACK, FIN, SYN};

/// The listening socket, and the connection.
const LISTENER: Slot = Slot(0);
const CONN: Slot = Slot(1);

/// Where an opening stops.
const STATES: [fn(&mut Opening); 14] = [
    Opening::listen,
    Opening::half_open,
    Opening::established,
    Opening::established,
    Opening::syn_sent,
    Opening::syn_recv,
    Opening::connected,
    Opening::fin_wait1,
    Opening::fin_wait2,
    Opening::closing,
    Opening::close_wait,
    Opening::last_ack,
    Opening::time_wait,
    Opening::fast_open,
];

/// The steps to one of the states, with one of the usual sets of options.
#[must_use]
pub fn opening(seeded: &mut Seeded) -> Vec<Step> {
    let state = *seeded.pick(&STATES).unwrap_or(&STATES[0]);
    let mut opening = Opening { steps: Vec::new(), seeded: seeded.clone(), stamps: false };
    state(&mut opening);
    *seeded = opening.seeded;
    opening.steps
}

struct Opening {
    steps: Vec<Step>,
    seeded: Seeded,
    /// The peer's SYN has timestamps, so every segment has.
    stamps: bool,
}

impl Opening {
    fn call(&mut self, call: Call) {
        self.steps.push(Step::now(call));
    }

    fn segment(&mut self, mut segment: Segment) {
        if self.stamps && segment.options.is_empty() {
            segment.options = vec![Opt::Nop, Opt::Nop, recent()];
        }
        self.steps.push(Step::after(1000, segment));
    }

    fn option(&mut self, slot: Slot) {
        if self.seeded.one_in(3) {
            let option = super::pieces::option(&mut self.seeded);
            let value = super::pieces::int(&mut self.seeded);
            self.call(Call::SetOption { slot, option, value });
        }
    }

    fn listen(&mut self) {
        self.call(Call::Socket { slot: LISTENER });
        self.option(LISTENER);
        self.call(Call::Bind { slot: LISTENER });
        let backlog = *self.seeded.pick(&[1, 1, 0, 5]).unwrap_or(&1);
        self.call(Call::Listen { slot: LISTENER, backlog });
    }

    fn syn(&mut self, flags: u16) -> Segment {
        let options = syn_options(&mut self.seeded);
        self.stamps = options.iter().any(|option| matches!(option, Opt::Ts { .. }));
        let seq = *self.seeded.pick(&[0, 0, 0x7fff_fff0, 0xffff_fff8]).unwrap_or(&0);
        let ack = (flags & ACK != 0).then_some(Ack::SndNxt(0));
        let window = *self.seeded.pick(&[65_535, 1000, 0, 32_792]).unwrap_or(&65_535);
        Segment { seq: Seq::At(seq), ack, window, options, ..Segment::new(flags) }
    }

    fn half_open(&mut self) {
        self.listen();
        let syn = self.syn(SYN);
        self.steps.push(Step::after(1000, Segment { conn: CONN_NUMBER, ..syn }));
    }

    fn established(&mut self) {
        self.half_open();
        self.segment(Segment::new(ACK));
        self.call(Call::Accept { slot: LISTENER, child: CONN });
    }

    fn syn_sent(&mut self) {
        self.call(Call::Socket { slot: CONN });
        self.option(CONN);
        self.call(Call::Connect { slot: CONN });
    }

    fn syn_recv(&mut self) {
        self.syn_sent();
        let syn = self.syn(SYN);
        self.steps.push(Step::after(1000, syn));
    }

    fn connected(&mut self) {
        self.syn_sent();
        let syn = self.syn(SYN | ACK);
        self.steps.push(Step::after(1000, syn));
    }

    /// Established one way or the other.
    fn open(&mut self) {
        if self.seeded.one_in(2) { self.connected() } else { self.established() }
    }

    /// The sending side ends, with the descriptor or without.
    fn finish(&mut self) {
        if self.seeded.one_in(2) {
            self.call(Call::Close { slot: CONN });
        } else {
            self.call(Call::Shutdown { slot: CONN, how: How::Write });
        }
    }

    fn fin_wait1(&mut self) {
        self.open();
        if self.seeded.one_in(3) {
            self.call(Call::Write { slot: CONN, len: 3000 });
        }
        self.finish();
    }

    fn fin_wait2(&mut self) {
        self.fin_wait1();
        self.segment(Segment::new(ACK));
    }

    fn closing(&mut self) {
        self.fin_wait1();
        self.segment(Segment { ack: Some(Ack::SndUna(0)), ..Segment::new(FIN | ACK) });
    }

    fn close_wait(&mut self) {
        self.open();
        self.segment(Segment::new(FIN | ACK));
    }

    fn last_ack(&mut self) {
        self.close_wait();
        self.finish();
    }

    fn time_wait(&mut self) {
        self.fin_wait2();
        self.segment(Segment::new(FIN | ACK));
    }

    /// Data with the SYN: to a listener, or from a client.
    fn fast_open(&mut self) {
        let slot = if self.seeded.one_in(2) { LISTENER } else { CONN };
        self.call(Call::Socket { slot });
        if slot == CONN {
            self.call(Call::SendTo { slot, len: 500, flags: 0 });
            return;
        }
        self.call(Call::SetOption { slot, option: SockOption::FastOpen, value: 5 });
        self.call(Call::Bind { slot });
        self.call(Call::Listen { slot, backlog: 5 });
        let mut syn = self.syn(SYN);
        let cookie = if self.seeded.one_in(2) { Vec::new() } else { vec![1, 2, 3, 4, 5, 6, 7, 8] };
        syn.options.extend([Opt::FastOpen(cookie), Opt::Nop, Opt::Nop]);
        self.steps.push(Step::after(1000, Segment { conn: CONN_NUMBER, payload: 100, ..syn }));
        self.call(Call::Accept { slot, child: CONN });
    }
}

/// The peer's first connection.
const CONN_NUMBER: Number = 1;

/// A timestamp as a peer without peculiarities sends it.
#[must_use]
pub fn recent() -> Opt {
    Opt::Ts { val: Stamp::Recent(0), ecr: Stamp::Recent(0) }
}

/// Options of a SYN, as hosts send them.
#[must_use]
pub fn syn_options(seeded: &mut Seeded) -> Vec<Opt> {
    let mss = Opt::Mss(*seeded.pick(&[1460, 1000, 100, 536]).unwrap_or(&1460));
    let shift = *seeded.pick(&[7, 0, 14, 2]).unwrap_or(&7);
    match seeded.below(5) {
        0 => Vec::new(),
        1 => vec![mss],
        2 => vec![mss, Opt::Nop, Opt::Wscale(shift)],
        3 => vec![mss, Opt::SackOk, Opt::Nop, Opt::Nop, Opt::Nop, Opt::Wscale(shift)],
        _ => vec![mss, Opt::SackOk, recent(), Opt::Nop, Opt::Wscale(shift)],
    }
}
