//! What is due with time is missed when it does not come, and only then.

use synproof_fuzz::play::arrival::Arrival;
use synproof_fuzz::play::duty::Duty;
use synproof_fuzz::play::seen::{ACK, FIN, Seen};
use synproof_fuzz::play::wire::Property;
use synproof_stack::state::TcpState::{self, Close, CloseWait, Established, FinWait2, TimeWait};
use synproof_stack::time::Instant;

const IRS: u32 = 5000;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn ack(number: u32) -> Seen {
    Seen { flags: ACK, seq: 1001, ack: number, ..Seen::default() }
}

/// A FIN came a second after the start.
fn fin(from: TcpState, to: TcpState) -> Duty {
    let mut duty = Duty::default();
    let fin = Arrival { flags: FIN | ACK, seq: IRS, plain: true, ..Arrival::default() };
    duty.arrived(&fin, (from, to), [Some(IRS); 2], at(1000));
    duty
}

fn starts(property: Option<Property>, with: &str) -> bool {
    property.is_some_and(|property| property.starts_with(with))
}

#[test]
fn a_fin_is_acknowledged_within_half_a_second() {
    let mut duty = fin(Established, CloseWait);
    assert_eq!(duty.passed(CloseWait, at(1500)), None);
    assert_eq!(duty.leaves(&ack(IRS), at(1500)), None);
    assert!(starts(duty.passed(CloseWait, at(1501)), "a FIN is acknowledged"));
    duty.leaves(&ack(IRS + 1), at(1502));
    assert_eq!(duty.passed(CloseWait, at(9000)), None);
}

#[test]
fn nobody_acknowledges_the_fin_of_a_connection_that_is_gone() {
    assert_eq!(fin(Established, CloseWait).passed(Close, at(9000)), None);
}

#[test]
fn time_wait_lasts_a_minute_unless_something_happens() {
    let mut duty = fin(FinWait2, TimeWait);
    duty.leaves(&ack(IRS + 1), at(1000));
    assert_eq!(duty.passed(TimeWait, at(60_999)), None);
    assert!(starts(duty.passed(Close, at(60_999)), "TIME-WAIT lasts"));
    let mut duty = fin(FinWait2, TimeWait);
    duty.leaves(&ack(IRS + 1), at(1000));
    assert_eq!(duty.passed(Close, at(61_000)), None);
    let mut duty = fin(FinWait2, TimeWait);
    duty.leaves(&ack(IRS + 1), at(1000));
    duty.is_now(Close, at(2000));
    assert_eq!(duty.passed(Close, at(2001)), None);
}

#[test]
fn copies_to_a_silent_peer_are_counted() {
    let data = Seen { flags: ACK, seq: 1001, payload: 10, ..Seen::default() };
    let send = |duty: &mut Duty, every_ms: u64| {
        (0..100).find_map(|copy| duty.leaves(&data, at(copy * every_ms)))
    };
    assert!(starts(send(&mut Duty::default(), 200), "a silent peer"));
    assert_eq!(send(&mut Duty::default(), 120_000), None);
    let mut heard = Duty::default();
    for copy in 0..1000 {
        assert_eq!(heard.leaves(&data, at(copy)), None);
        heard.stirred();
    }
}
