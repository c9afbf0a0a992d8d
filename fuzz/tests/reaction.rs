//! Every rule of the reaction model can be broken, and is not broken by what it allows.

use rstest::rstest;
use synproof_fuzz::oracles::reaction::{Situation, judge};
use synproof_fuzz::play::arrival::Arrival;
use synproof_fuzz::play::seen::{ACK, FIN, RST, SYN, Seen};
use synproof_fuzz::play::wire::{Lenience, Wire};
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;

const ISS: u32 = 1000;
const IRS: u32 = 5000;

/// A connection whose SYNs were exchanged: 1001 is to be acknowledged, 5001 to be received.
fn wire() -> Wire {
    opened_by(None)
}

/// The same, with this timestamp on the peer's SYN.
fn opened_by(tsval: Option<u32>) -> Wire {
    let mut wire = Wire::new(8080, 40_001);
    let syn = arrival(SYN, IRS, 0, 0);
    wire.arrives(&Arrival { window: 1000, tsval, ..syn }, Instant::ZERO);
    let syn_ack =
        Seen { flags: SYN | ACK, seq: ISS, ack: IRS + 1, window: 1000, ..Seen::default() };
    assert_eq!(wire.leaves(&syn_ack, &[], Lenience::default()), None);
    wire
}

fn arrival(flags: u16, seq: u32, ack: u32, payload: u32) -> Arrival {
    Arrival { flags, seq, ack, payload, plain: true, ..Arrival::default() }
}

fn sent(flags: u16, seq: u32, ack: u32) -> Seen {
    Seen { flags, seq, ack, ..Seen::default() }
}

/// The property that is broken, up to its reference; empty if none is.
fn judged(
    (before, after): (TcpState, TcpState),
    listens: bool,
    seg: &Arrival,
    out: &[Seen],
) -> String {
    judged_after((before, after), listens, false, seg, out)
}

/// The same, with nothing said for a while if it is `quiet`.
fn judged_after(
    (before, after): (TcpState, TcpState),
    listens: bool,
    quiet: bool,
    seg: &Arrival,
    out: &[Seen],
) -> String {
    let wire = wire();
    let situation = Situation { before, after, listens, quiet, aborts: false, wire: &wire };
    let property = judge(&situation, seg, out).map_or("", |finding| finding.property);
    property.split(" [").next().unwrap_or_default().to_owned()
}

use TcpState::{Close, Established, NewSynRecv, SynSent, TimeWait};

#[rstest]
#[case::reset_to_reset(Established, Close, arrival(RST, 5001, 0, 0), vec![sent(RST, 1001, 0)], "a reset is never answered with a reset")]
#[case::nobody_silent(Close, Close, arrival(ACK, 7, 9, 0), vec![], "a segment to nobody is answered with one reset")]
#[case::nobody_wrong_number(Close, Close, arrival(ACK, 7, 9, 0), vec![sent(RST, 8, 0)], "a segment to nobody is answered with one reset")]
#[case::old_data_moves(Established, Close, arrival(ACK, 4000, 1001, 10), vec![], "an unacceptable segment changes nothing and is at most acknowledged")]
#[case::beyond_the_window(Established, Established, arrival(ACK, 9000, 1001, 10), vec![sent(RST, 1001, 0)], "an unacceptable segment changes nothing and is at most acknowledged")]
#[case::blind_reset(Established, Close, arrival(RST, 5500, 0, 0), vec![], "a reset counts at RCV.NXT only")]
#[case::blind_syn(Established, Close, arrival(SYN, 5500, 0, 0), vec![], "a SYN in a synchronized state is at most acknowledged")]
#[case::unsent(Established, Established, arrival(ACK, 5001, 2000, 0), vec![sent(ACK | FIN, 1001, 5001)], "an ACK of what was not sent changes nothing")]
#[case::no_ack(Established, TcpState::CloseWait, arrival(FIN, 5001, 0, 0), vec![], "a segment without ACK, RST and SYN is dropped")]
#[case::resets(Established, Close, arrival(ACK, 5001, 1001, 10), vec![sent(RST, 1001, 0)], "a synchronized connection is not reset by an acceptable segment")]
#[case::opens_for_nothing(NewSynRecv, Established, arrival(ACK, 5001, 77, 0), vec![], "a half-open connection opens by the ACK of its SYN")]
#[case::sent_silent(SynSent, SynSent, arrival(ACK, 1, 5, 0), vec![], "SYN-SENT answers an unacceptable ACK with a reset")]
#[case::sent_believes(SynSent, Close, arrival(RST, 1, 0, 0), vec![], "SYN-SENT believes a reset only with an acceptable ACK")]
#[case::sent_rest(SynSent, SynSent, arrival(FIN, 1, 0, 0), vec![sent(ACK, 1001, 2)], "SYN-SENT drops what is neither SYN nor RST")]
#[case::wait_resets(TimeWait, TimeWait, arrival(ACK, 5001, 1001, 5), vec![sent(RST, 1001, 0)], "TIME-WAIT sends no reset")]
fn a_wrong_reaction_is_found(
    #[case] before: TcpState,
    #[case] after: TcpState,
    #[case] seg: Arrival,
    #[case] out: Vec<Seen>,
    #[case] property: &str,
) {
    assert_eq!(judged((before, after), false, &seg, &out), property);
}

#[rstest]
#[case::rst(arrival(RST, 1, 0, 0), vec![sent(ACK, 1, 1)], "LISTEN ignores a reset")]
#[case::ack(arrival(ACK, 1, 9, 0), vec![], "LISTEN answers an ACK with a reset")]
#[case::syn(arrival(SYN, 1, 0, 0), vec![sent(SYN | ACK, 9, 4)], "LISTEN answers a SYN with a SYN-ACK or not at all")]
#[case::rest(arrival(FIN, 1, 0, 0), vec![sent(RST | ACK, 0, 2)], "LISTEN drops what is neither RST, ACK nor SYN")]
fn a_listener_that_reacts_wrongly_is_found(
    #[case] seg: Arrival,
    #[case] out: Vec<Seen>,
    #[case] property: &str,
) {
    assert_eq!(judged((Close, Close), true, &seg, &out), property);
}

#[rstest]
#[case(Close, Close, arrival(ACK, 7, 9, 0), vec![sent(RST, 9, 0)])]
#[case(Close, Close, arrival(SYN, 7, 0, 3), vec![sent(RST | ACK, 0, 11)])]
#[case(Established, Close, arrival(RST, 5001, 0, 0), vec![])]
#[case(Established, Established, arrival(RST, 5500, 0, 0), vec![sent(ACK, 1001, 5001)])]
#[case(Established, Established, arrival(ACK, 4000, 1001, 10), vec![sent(ACK, 1001, 5001)])]
#[case(Established, Established, arrival(ACK, 4000, 1001, 10), vec![])]
#[case(SynSent, SynSent, arrival(ACK, 1, 5, 0), vec![sent(RST, 5, 0)])]
#[case(SynSent, Established, arrival(SYN | ACK, 1, 1001, 0), vec![sent(ACK, 1001, 2)])]
#[case(TimeWait, TimeWait, arrival(ACK, 5001, 1001, 5), vec![sent(ACK, 1001, 5001)])]
fn a_right_reaction_is_left_alone(
    #[case] before: TcpState,
    #[case] after: TcpState,
    #[case] seg: Arrival,
    #[case] out: Vec<Seen>,
) {
    assert_eq!(judged((before, after), false, &seg, &out), "");
}

#[rstest]
#[case::syn(Established, arrival(SYN, 5500, 0, 0), true)]
#[case::old_data(Established, arrival(ACK, 4000, 1001, 10), true)]
#[case::reset(Established, arrival(RST, 9000, 0, 0), false)]
#[case::next_ack(Established, arrival(ACK, 5001, 1001, 0), false)]
#[case::remainder(TcpState::FinWait2, arrival(ACK, 4000, 1001, 10), false)]
fn what_is_unacceptable_is_answered_when_nothing_was_said_for_a_while(
    #[case] state: TcpState,
    #[case] seg: Arrival,
    #[case] must: bool,
) {
    let property = judged_after((state, state), false, true, &seg, &[]);
    assert_eq!(property == "an unacceptable segment or a SYN is answered", must, "{property}");
    let answered = judged_after((state, state), false, true, &seg, &[sent(ACK, 1001, 5001)]);
    assert_ne!(answered, "an unacceptable segment or a SYN is answered");
}

#[test]
fn an_old_timestamp_is_told_by_what_was_echoed() {
    let mut wire = opened_by(Some(600));
    let echo = Seen { ecr: Some(700), ..data(1001, 5001, &[]).0 };
    assert_eq!(wire.leaves(&echo, &[], Lenience::default()), None);
    let stamped = |tsval| Arrival { tsval: Some(tsval), ..arrival(ACK, 5001, 1001, 10) };
    assert!(!wire.is_stale(&Arrival { payload: 0, ..stamped(698) }), "it may have been overtaken");
    assert!(wire.is_stale(&stamped(698)));
    assert!(!wire.is_stale(&stamped(699)) && !wire.is_stale(&stamped(700)));
    wire.came_next(&stamped(705));
    assert!(wire.is_stale(&stamped(703)) && !wire.is_stale(&stamped(704)));
    let mut without = opened_by(None);
    assert_eq!(without.leaves(&echo, &[], Lenience::default()), None);
    assert!(!without.is_stale(&stamped(600)));
}

#[test]
fn a_segment_with_a_wrong_checksum_must_have_no_effect() {
    let corrupt = Arrival { plain: false, corrupt: true, ..arrival(ACK, 5001, 1001, 10) };
    let property = judged((Established, Established), false, &corrupt, &[sent(ACK, 1001, 5011)]);
    assert_eq!(property, "a segment with a wrong checksum is as if it had not come");
    assert_eq!(judged((Established, Established), false, &corrupt, &[]), "");
}

/// The first bytes of what an application writes.
fn ours() -> Vec<u8> {
    synproof_fuzz::play::numbers::Stream::Ours.bytes(0, 4)
}

fn data(seq: u32, ack: u32, payload: &[u8]) -> (Seen, Vec<u8>) {
    let len = u32::try_from(payload.len()).unwrap_or_default();
    let seen = Seen { flags: ACK, seq, ack, window: 1000, payload: len, ..Seen::default() };
    (seen, payload.to_vec())
}

#[rstest]
#[case::right(data(1001, 5001, &ours()), "")]
#[case::other_bytes(data(1002, 5001, &ours()), "every copy of a byte is the byte that was written")]
#[case::not_sent(data(1001, 5002, &[]), "an acknowledgment covers only what was sent")]
#[case::backwards(data(1001, 5000, &[]), "an acknowledgment never goes backwards")]
#[case::shrinks((Seen { window: 900, ..data(1001, 5001, &[]).0 }, vec![]), "the right edge of the window does not move left")]
fn what_is_sent_is_judged(#[case] (seen, bytes): (Seen, Vec<u8>), #[case] property: &str) {
    let mut wire = wire();
    assert_eq!(wire.leaves(&data(1001, 5001, &[]).0, &[], Lenience::default()), None);
    let broken =
        wire.leaves(&seen, &bytes, Lenience::default()).map_or("", |(property, _)| property);
    assert_eq!(broken.split(" [").next(), Some(property));
}
