//! A scenario from flat bytes: each field is the next bytes, whatever they are. What a fuzzer does
//! that knows the format of its input and nothing of TCP; kept to be compared with.

use synproof_harness::scenario::{
    Ack, Action, Call, How, Opt, Scenario, Segment, Seq, Slot, SockOption, Step,
};

/// As many steps as the bytes give.
#[must_use]
pub fn scenario(bytes: &[u8]) -> Scenario {
    let mut input = Input(bytes);
    let mut steps = Vec::new();
    while !input.0.is_empty() && steps.len() < 64 {
        let after_us = u64::from(input.long());
        let action = if input.byte() & 1 == 0 {
            Action::Segment(segment(&mut input))
        } else {
            Action::Call(call(&mut input))
        };
        steps.push(Step { after_us, action });
    }
    Scenario::of(steps)
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    fn long(&mut self) -> u32 {
        u32::from(self.word()) << 16 | u32::from(self.word())
    }
}

fn segment(input: &mut Input<'_>) -> Segment {
    let raw = usize::from(input.byte() % 41);
    Segment {
        conn: input.byte(),
        flags: input.word() & 0xfff,
        seq: Seq::At(input.long()),
        ack: Some(Ack::At(input.long())),
        window: input.word(),
        urgent: input.word(),
        payload: input.word(),
        options: vec![Opt::Raw((0..raw).map(|_| input.byte()).collect())],
        tos: input.byte(),
        malform: Vec::new(),
    }
}

fn call(input: &mut Input<'_>) -> Call {
    let slot = Slot(input.byte() % 4);
    match input.byte() % 14 {
        0 => Call::Socket { slot },
        1 => Call::Bind { slot },
        2 => Call::Listen { slot, backlog: i32::from(input.byte()) },
        3 => Call::Accept { slot, child: Slot(input.byte() % 4) },
        4 => Call::Connect { slot },
        5 => Call::Write { slot, len: u32::from(input.word()) },
        6 => Call::Read { slot, len: u32::from(input.word()) },
        7 => Call::Shutdown { slot, how: how(input.byte()) },
        8 => Call::Close { slot },
        9 => Call::Send { slot, len: u32::from(input.word()), flags: input.long().cast_signed() },
        10 => Call::Recv { slot, len: u32::from(input.word()), flags: input.long().cast_signed() },
        11 => Call::Disconnect { slot },
        12 => Call::Linger { slot, on: input.byte() & 1 == 1, seconds: input.word() },
        _ => {
            let all = SockOption::ALL;
            let option = all.get(usize::from(input.byte()) % all.len()).copied();
            Call::SetOption {
                slot,
                option: option.unwrap_or(SockOption::NoDelay),
                value: input.long().cast_signed(),
            }
        }
    }
}

const fn how(byte: u8) -> How {
    match byte % 3 {
        0 => How::Read,
        1 => How::Write,
        _ => How::Both,
    }
}
