use std::net::SocketAddr;

use rstest::rstest;

use super::super::connection::{Connection, Isn, Protocol};
use super::*;

/// Script: our SYN is 1000, the target's 7. Live: 1000 and 0xffff_fff0.
fn connection() -> Connection {
    let addr = |port| SocketAddr::new("192.0.2.1".parse().unwrap(), port);
    let mut connection = Connection::new(Protocol::Tcp, addr(8080), addr(40_001));
    connection.remote_isn = Isn { script: 1000, live: 1000 };
    connection.local_isn = Isn { script: 7, live: 0xffff_fff0 };
    connection
}

fn segment(flags: u16, seq: u32, ack: u32) -> Tcp {
    Tcp { flags, seq, ack, ..Tcp::default() }
}

const S: u16 = flag::SYN;
const A: u16 = flag::ACK;

#[rstest]
#[case::data(segment(A, 1, 33), segment(A, 1001, 0x11))]
#[case::wraps(segment(A, 0xffff_ffff, 1), segment(A, 999, 0xffff_fff1))]
#[case::syn_is_absolute(segment(S, 5000, 0), segment(S, 5000, 0))]
#[case::syn_ack_acknowledges_the_scripted_number(
    segment(S | A, 5000, 8),
    segment(S | A, 5000, 0xffff_fff1)
)]
#[case::no_ack_no_mapping(segment(flag::RST, 1, 3), segment(flag::RST, 1001, 3))]
fn inbound(#[case] script: Tcp, #[case] live: Tcp) {
    let mut tcp = script;
    to_live(&connection(), &mut tcp, UnknownEcr::Refused).unwrap();
    assert_eq!(tcp, live);
}

#[rstest]
#[case::data(segment(A, 0x11, 1001), segment(A, 33, 1))]
#[case::syn_ack(segment(S | A, 0xffff_fff0, 1001), segment(S | A, 7, 1001))]
#[case::bare_reset(segment(flag::RST, 0xffff_fff1, 0), segment(flag::RST, 1, 0))]
fn outbound(#[case] live: Tcp, #[case] script: Tcp) {
    let mut tcp = live;
    to_script(&mut connection(), &mut tcp);
    assert_eq!(tcp, script);
}

#[test]
fn sack_blocks_follow_the_ack() {
    let mut tcp =
        Tcp { options: vec![TcpOption::Sack(vec![(1, 17), (20, 30)])], ..segment(A, 1, 1) };
    to_live(&connection(), &mut tcp, UnknownEcr::Refused).unwrap();
    let live = TcpOption::Sack(vec![(0xffff_fff1, 1), (4, 14)]);
    assert_eq!(tcp.options, vec![live]);

    let mut tcp = Tcp { options: vec![TcpOption::Sack(vec![(1001, 2001)])], ..segment(A, 0, 1001) };
    to_script(&mut connection(), &mut tcp);
    assert_eq!(tcp.options, vec![TcpOption::Sack(vec![(1, 1001)])]);
}

#[rstest]
#[case::sent(100, UnknownEcr::Refused, Ok(5_100))]
#[case::sent_last(101, UnknownEcr::Refused, Ok(5_177))]
#[case::never_sent(
    150,
    UnknownEcr::Refused,
    Err("no outbound packet has carried TS val 150, so ecr 150 has no live value")
)]
#[case::scaled(150, UnknownEcr::Scaled, Ok(5_150))]
#[case::scaled_backwards(90, UnknownEcr::Scaled, Ok(5_090))]
#[case::guessed(150, UnknownEcr::Guessed, Ok(5_150))]
fn timestamps_are_echoed_live(
    #[case] ecr: u32,
    #[case] unknown: UnknownEcr,
    #[case] expected: Result<u32, &str>,
) {
    let mut connection = connection();
    connection.timestamps.learn(100, 5_100);
    connection.timestamps.learn(101, 5_102);
    connection.timestamps.learn(101, 5_177);
    let mut tcp = Tcp { options: vec![TcpOption::Ts { val: 1, ecr }], ..segment(A, 1, 1) };
    let result = to_live(&connection, &mut tcp, unknown);
    match expected {
        Ok(live) => {
            result.unwrap();
            assert_eq!(tcp.options, vec![TcpOption::Ts { val: 1, ecr: live }]);
        }
        Err(why) => assert_eq!(result, Err(why.to_owned())),
    }
}

#[test]
fn an_echo_without_ack_is_sent_as_it_is() {
    let mut tcp = Tcp { options: vec![TcpOption::Ts { val: 1, ecr: 9 }], ..segment(S, 0, 0) };
    to_live(&connection(), &mut tcp, UnknownEcr::Refused).unwrap();
    assert_eq!(tcp.options, vec![TcpOption::Ts { val: 1, ecr: 9 }]);
}

#[test]
fn the_first_pair_of_timestamps_is_the_base() {
    let mut connection = connection();
    let told = |connection: &mut Connection, val: u32| {
        let mut tcp = Tcp { options: vec![TcpOption::Ts { val, ecr: 3 }], ..segment(A, 0, 0) };
        to_script(connection, &mut tcp);
        tcp.options
    };
    let is = |val: u32| vec![TcpOption::Ts { val, ecr: 3 }];
    // Before that, the first value.
    assert_eq!(told(&mut connection, 5_000), is(0));
    assert_eq!(told(&mut connection, 5_007), is(7));
    connection.timestamps.learn(10, 4_900);
    connection.timestamps.learn(11, 6_000);
    assert_eq!(told(&mut connection, 5_000), is(110));
}

#[test]
fn before_a_line_names_a_value_an_echo_is_guessed_from_the_first_that_was_seen() {
    let mut timestamps = super::super::connection::Timestamps::default();
    assert_eq!(timestamps.live_ecr(7, UnknownEcr::Guessed), Some(7));
    assert_eq!(timestamps.script_val(5_000), 0);
    assert_eq!(timestamps.live_ecr(7, UnknownEcr::Guessed), Some(5_007));
    assert_eq!(timestamps.live_ecr(7, UnknownEcr::Scaled), None);
}
