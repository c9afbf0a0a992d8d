//! Errors of the queue and the error of the socket; who is named in which family.

use std::net::{Ipv4Addr, SocketAddr};

use rstest::rstest;

use super::super::inet_recv_error;
use super::*;
use crate::Config;
use crate::seq::Seq;
use crate::sock::SockId;

fn scene(is_v6: bool) -> (Sock, Cx) {
    let cx = Cx::new(Config::default());
    let mut sk = Sock::new(SockId(1), is_v6, &cx);
    sk.opts.rcvbuf = 10_000;
    (sk, cx)
}

fn icmp(ty: u8, word: u32) -> IcmpError {
    let end = |last| SocketAddr::new(Ipv4Addr::new(10, 0, 0, last).into(), 80);
    IcmpError {
        from: Ipv4Addr::new(10, 0, 0, 9).into(),
        local: end(1),
        remote: end(2),
        seq: Seq(0),
        ty,
        code: 0,
        mtu: 0,
        word,
        quoted: vec![1; 20],
    }
}

#[test]
fn the_error_of_the_socket_follows_the_queue() {
    let (mut sk, mut cx) = scene(false);
    for errno in [Errno::EHOSTUNREACH, Errno::ECONNREFUSED] {
        ip_icmp_error(&mut sk, &icmp(3, 0), errno, &mut cx);
    }
    sk.err = Some(Errno::EHOSTUNREACH);
    assert!(inet_recv_error(&mut sk, 100, &mut cx).is_ok());
    assert_eq!(sk.err, Some(Errno::ECONNREFUSED));
    assert!(inet_recv_error(&mut sk, 100, &mut cx).is_ok());
    assert_eq!(sk.err, None);
    assert_eq!(inet_recv_error(&mut sk, 100, &mut cx), Err(Errno::EAGAIN));
}

#[test]
fn a_full_buffer_takes_no_message() {
    let (mut sk, mut cx) = scene(false);
    for _ in 0..100 {
        ip_icmp_error(&mut sk, &icmp(3, 0), Errno::ECONNREFUSED, &mut cx);
    }
    assert!(sk.error_queue.rmem() < sk.opts.rcvbuf);
    sk.error_queue.purge();
    assert!(sk.error_queue.is_empty());
}

#[rstest]
#[case::unreachable(3, 0x1234_5678, 0)]
#[case::parameter(12, 0x1400_0000, 0x14)]
fn what_the_message_says(#[case] ty: u8, #[case] word: u32, #[case] info: u32) {
    let (mut sk, mut cx) = scene(false);
    ip_icmp_error(&mut sk, &icmp(ty, word), Errno::EPROTO, &mut cx);
    let received = inet_recv_error(&mut sk, 8, &mut cx).expect("it was queued");
    assert_eq!((received.len, received.flags), (8, 0x2020), "MSG_ERRQUEUE and MSG_TRUNC");
    let [message] = received.control.as_slice() else { panic!("{received:?}") };
    let mut expected = 71_u32.to_ne_bytes().to_vec();
    expected.extend([2, ty, 0, 0]);
    expected.extend(info.to_ne_bytes());
    expected.extend([0; 4]);
    expected.extend(2_u16.to_ne_bytes());
    expected.extend([0, 0, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((message.level, message.ty, &message.data), (0, 11, &expected));
}

#[test]
fn an_ipv6_socket_sees_a_mapped_offender() {
    let (mut sk, mut cx) = scene(true);
    ip_icmp_error(&mut sk, &icmp(3, 0), Errno::ECONNREFUSED, &mut cx);
    let received = inet_recv_error(&mut sk, 100, &mut cx).expect("it was queued");
    let [message] = received.control.as_slice() else { panic!("{received:?}") };
    assert_eq!((message.level, message.ty, message.data.len()), (41, 25, 44));
    let addr = message.data.get(24..40);
    let mapped = Ipv4Addr::new(10, 0, 0, 9).to_ipv6_mapped();
    assert_eq!(addr, Some(mapped.octets().as_slice()));
}
