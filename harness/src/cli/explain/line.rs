//! Which function of Linux a line of a script goes to first.

/// Calls by name.
const CALLS: &[(&str, &str)] = &[
    ("socket", "tcp_init_sock"),
    ("bind", "__inet_bind"),
    ("listen", "__inet_listen_sk"),
    ("connect", "__inet_stream_connect"),
    ("accept", "inet_csk_accept"),
    ("close", "__tcp_close"),
    ("shutdown", "inet_shutdown"),
    ("read", "tcp_recvmsg_locked"),
    ("readv", "tcp_recvmsg_locked"),
    ("recv", "tcp_recvmsg_locked"),
    ("recvfrom", "tcp_recvmsg_locked"),
    ("recvmsg", "tcp_recvmsg_locked"),
    ("write", "tcp_sendmsg_locked"),
    ("writev", "tcp_sendmsg_locked"),
    ("send", "tcp_sendmsg_locked"),
    ("sendto", "tcp_sendmsg_locked"),
    ("sendmsg", "tcp_sendmsg_locked"),
    ("sendfile", "tcp_sendmsg_locked"),
    ("splice", "tcp_splice_read"),
    ("getsockopt", "do_tcp_getsockopt"),
    ("setsockopt", "do_tcp_setsockopt"),
    ("ioctl", "tcp_ioctl"),
    ("poll", "tcp_poll"),
    ("epoll_wait", "tcp_poll"),
];
const RECEIVED: &str = "tcp_v4_rcv";
const RECEIVED_ICMP: &str = "tcp_v4_err";
const SENT: &str = "tcp_transmit_skb";

/// The function, if the line is an event that goes to one.
pub(super) fn function_of(line: &str) -> Option<&'static str> {
    let mut words = line.split_whitespace().skip_while(|word| is_time(word));
    match words.next()? {
        "<" if words.next() == Some("icmp") => Some(RECEIVED_ICMP),
        "<" => Some(RECEIVED),
        ">" => Some(SENT),
        call => {
            let name = call.split_once('(')?.0;
            CALLS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
        }
    }
}

/// `0`, `+0.1`, `+.1~+.2`, `0.1...0.2`, `*`
fn is_time(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || "+.~*".contains(c))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::function_of;

    #[rstest]
    #[case("+0    listen(3, 1) = 0", Some("__inet_listen_sk"))]
    #[case("0.1...0.2 accept(3, ..., ...) = 4", Some("inet_csk_accept"))]
    #[case("+.1~+.2 > . 1:1(0) ack 1", Some("tcp_transmit_skb"))]
    #[case("*     < S 0:0(0) win 1000", Some("tcp_v4_rcv"))]
    #[case("+0    < icmp unreachable port_unreachable [1:1(0)]", Some("tcp_v4_err"))]
    #[case("+0    tcp_state(4) = TCP_CLOSE", None)]
    #[case("// a comment", None)]
    #[case("+0    `true`", None)]
    fn a_line_goes_to_a_function(#[case] line: &str, #[case] function: Option<&str>) {
        assert_eq!(function_of(line), function);
    }
}
