//! RFC 9293 §3.10.7: what each state answers to each kind of segment, and where it goes.
//!
//! One table, one row per state and segment. The numbers are relative; our FIN, where there is one,
//! has number 1, and the peer's as well.

mod testkit;

use rstest::rstest;
use synproof_stack::state::TcpState::{self, *};
use testkit::{A, F, P, R, S, Scene};

/// A segment of the peer: flags, seq, ack, data.
type Arrives = (u8, u32, u32, &'static str);

#[rstest]
// CLOSED: §3.10.7.1
#[case::closed_ack(Close, (A, 1, 1, ""), &["R 1:1(0)"], Close)]
#[case::closed_syn(Close, (S, 0, 0, ""), &["R. 0:0(0) ack 1"], Close)]
#[case::closed_rst(Close, (R, 0, 0, ""), &[], Close)]
#[case::closed_fin_with_data(Close, (F, 5, 0, "ab"), &["R. 0:0(0) ack 8"], Close)]
// LISTEN: §3.10.7.2
#[case::listen_rst(Listen, (R, 0, 0, ""), &[], Listen)]
#[case::listen_ack(Listen, (A, 1, 1, ""), &["R 1:1(0)"], Listen)]
#[case::listen_synack(Listen, (S | A, 0, 1, ""), &["R 1:1(0)"], Listen)]
#[case::listen_nothing(Listen, (0, 0, 0, ""), &[], Listen)]
#[case::listen_syn_fin(Listen, (S | F, 0, 0, ""), &[], Listen)]
// SYN-RECEIVED after a passive open
#[case::half_open_syn_again(NewSynRecv, (S, 0, 0, ""), &["S. 0:0(0) ack 1"], NewSynRecv)]
#[case::half_open_bad_ack(NewSynRecv, (A, 1, 5, ""), &["R 5:5(0)"], NewSynRecv)]
#[case::half_open_rst(NewSynRecv, (R, 1, 0, ""), &[], Listen)]
#[case::half_open_syn_in_window(NewSynRecv, (S, 9, 0, ""), &["R. 0:0(0) ack 10"], Listen)]
#[case::half_open_ack(NewSynRecv, (A, 1, 1, ""), &[], Established)]
// SYN-SENT: §3.10.7.3
#[case::syn_sent_bad_ack(SynSent, (A, 0, 9, ""), &["R 9:9(0)"], SynSent)]
#[case::syn_sent_rst_bad_ack(SynSent, (R | A, 0, 9, ""), &[], SynSent)]
#[case::syn_sent_rst_ack(SynSent, (R | A, 0, 1, ""), &[], Close)]
#[case::syn_sent_rst(SynSent, (R, 0, 0, ""), &[], SynSent)]
#[case::syn_sent_synack(SynSent, (S | A, 0, 1, ""), &[". 1:1(0) ack 1"], Established)]
#[case::syn_sent_syn(SynSent, (S, 0, 0, ""), &["S. 0:0(0) ack 1"], SynRecv)]
#[case::syn_sent_ack_only(SynSent, (A, 0, 1, ""), &[], SynSent)]
// SYN-RECEIVED after a simultaneous open
#[case::syn_recv_ack(SynRecv, (A, 1, 1, ""), &[], Established)]
#[case::syn_recv_synack(SynRecv, (S | A, 0, 1, ""), &[". 1:1(0) ack 1"], Established)]
#[case::syn_recv_bad_ack(SynRecv, (A, 1, 9, ""), &["R 9:9(0)"], SynRecv)]
#[case::syn_recv_rst(SynRecv, (R, 1, 0, ""), &[], Close)]
#[case::syn_recv_fin(SynRecv, (F | A, 1, 1, ""), &[". 1:1(0) ack 2"], CloseWait)]
// ESTABLISHED
#[case::established_rst(Established, (R, 1, 0, ""), &[], Listen)]
#[case::established_rst_in_window(Established, (R, 2, 0, ""), &[". 1:1(0) ack 1"], Established)]
#[case::established_rst_outside(Established, (R, 99_999, 0, ""), &[], Established)]
#[case::established_syn(Established, (S, 1, 0, ""), &[". 1:1(0) ack 1"], Established)]
#[case::established_fin(Established, (F | A, 1, 1, ""), &[". 1:1(0) ack 2"], CloseWait)]
#[case::established_no_ack(Established, (P, 1, 0, "x"), &[], Established)]
#[case::established_unsent_ack(Established, (A, 1, 99, ""), &[". 1:1(0) ack 1"], Established)]
#[case::established_old_data(Established, (P | A, 0, 1, "x"), &[". 1:1(0) ack 1"], Established)]
// FIN-WAIT-1
#[case::fin_wait1_ack(FinWait1, (A, 1, 2, ""), &[], FinWait2)]
#[case::fin_wait1_fin(FinWait1, (F | A, 1, 1, ""), &[". 2:2(0) ack 2"], Closing)]
#[case::fin_wait1_fin_ack(FinWait1, (F | A, 1, 2, ""), &[". 2:2(0) ack 2"], TimeWait)]
#[case::fin_wait1_data(FinWait1, (P | A, 1, 1, "x"), &["R 1:1(0)"], Listen)]
#[case::fin_wait1_rst(FinWait1, (R, 1, 0, ""), &[], Listen)]
// FIN-WAIT-2
#[case::fin_wait2_fin(FinWait2, (F | A, 1, 2, ""), &[". 2:2(0) ack 2"], TimeWait)]
#[case::fin_wait2_rst(FinWait2, (R, 1, 0, ""), &[], Listen)]
// CLOSING
#[case::closing_ack(Closing, (A, 2, 2, ""), &[], TimeWait)]
#[case::closing_rst(Closing, (R, 2, 0, ""), &[], Listen)]
#[case::closing_fin_again(Closing, (F | A, 1, 1, ""), &[". 2:2(0) ack 2"], Closing)]
// CLOSE-WAIT
#[case::close_wait_fin_again(CloseWait, (F | A, 1, 1, ""), &[". 1:1(0) ack 2"], CloseWait)]
#[case::close_wait_rst(CloseWait, (R, 2, 0, ""), &[], Listen)]
#[case::close_wait_data(CloseWait, (P | A, 2, 1, "x"), &[], CloseWait)]
// LAST-ACK
#[case::last_ack_ack(LastAck, (A, 2, 2, ""), &[], Listen)]
#[case::last_ack_rst(LastAck, (R, 2, 0, ""), &[], Listen)]
// TIME-WAIT
#[case::time_wait_fin_again(TimeWait, (F | A, 1, 2, ""), &[". 2:2(0) ack 2"], TimeWait)]
#[case::time_wait_ack(TimeWait, (A, 2, 2, ""), &[], TimeWait)]
#[case::time_wait_rst(TimeWait, (R, 2, 0, ""), &[], Listen)]
fn a_segment_arrives(
    #[case] state: TcpState,
    #[case] (flags, seq, ack, data): Arrives,
    #[case] answers: &[&str],
    #[case] after: TcpState,
) {
    let mut scene = Scene::in_state(state);
    scene.peer(flags, seq, ack, data.as_bytes());
    scene.wait_ms(1);
    assert_eq!(answer_text(&mut scene, state), answers);
    assert_eq!(scene.state(), after);
}

/// A reset without a connection has number 0 on the wire, not relative to anything.
fn answer_text(scene: &mut Scene, state: TcpState) -> Vec<String> {
    let mut sent = scene.sent();
    for seen in &mut sent {
        let absolute = seen.flags == R | A && matches!(state, NewSynRecv);
        if absolute {
            seen.seq = 0;
        }
    }
    sent.iter().map(ToString::to_string).collect()
}
