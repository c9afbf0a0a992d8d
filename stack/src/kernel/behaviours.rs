//! Ways to behave that some versions have and others have not.
//!
//! A row is: field, versions, the kernel's function, where that is known from. A bound that says
//! "measured" is the first version that was seen to behave so, with an earlier one that did not.

use super::{KernelVersion, Span};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Name of the field of [`Behaviours`].
    pub name: &'static str,
    /// Versions that behave so.
    pub span: Span,
    /// What they do.
    pub what: &'static str,
    /// The kernel's function.
    pub linux: &'static str,
    /// Where the rule is known from.
    pub source: &'static str,
}

macro_rules! behaviours {
    ($( $(#[doc = $what:literal])+ $field:ident: $span:expr, $linux:literal, $source:literal; )*) => {
        /// What a kernel of one version does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Behaviours {
            /// The version itself, for tables of other modules.
            pub(crate) version: KernelVersion,
            $( $(#[doc = $what])+ pub(crate) $field: bool, )*
        }

        impl Behaviours {
            /// What Linux `version` does.
            #[must_use]
            pub const fn of(version: KernelVersion) -> Self {
                Self { version, $( $field: $span.holds(version), )* }
            }
        }

        /// The table.
        pub const RULES: &[Rule] = &[ $( Rule {
            name: stringify!($field),
            span: $span,
            what: concat!($($what),+),
            linux: $linux,
            source: $source,
        }, )* ];
    };
}

behaviours! {
    // Time.
    /// Timers fire on the tick they were asked for, far ones up to 1/256 of their time later.
    cascading_wheel: Span::until(4, 8), "apply_slack (kernel/time/timer.c)",
        "changelog of 4.8, \"timers: Switch to a non-cascading wheel\"";
    /// Timestamps count ticks instead of milliseconds.
    jiffies_timestamps: Span::until(4, 13), "tcp_time_stamp (include/net/tcp.h)",
        "changelog of 4.13, \"tcp: switch TCP TS option (RFC 7323) to 1ms clock\"";
    /// Timestamps of each connection start at a random value, unless tcp_timestamps is 2.
    random_ts_offset: Span::since(4, 10), "secure_tcp_ts_off (net/core/secure_seq.c)",
        "ip-sysctl, tcp_timestamps; changelog of 4.10";

    // What segments mean.
    /// A reset at the right edge of what was received out of order is taken for exact.
    rst_at_sack_edge: Span::since(4, 8), "tcp_validate_incoming (net/ipv4/tcp_input.c)",
        "changelog of 4.8, \"tcp: accept RST for rcv_nxt - 1 / sack edge\"";
    /// A reset right behind the peer's FIN is taken for exact.
    rst_after_fin: Span::since(4, 11), "tcp_reset_check (net/ipv4/tcp_input.c)",
        "changelog of 4.11, \"tcp: accept RST for rcv_nxt - 1 after receiving a FIN\"";
    /// The number of challenge ACKs per second is random between half the limit and one and a half.
    random_challenge_limit: Span::since(4, 7), "tcp_send_challenge_ack (net/ipv4/tcp_input.c)",
        "CVE-2016-5696; changelog of 4.7, \"tcp: make challenge acks less predictable\"";
    /// An acknowledgment of data never sent draws a challenge ACK.
    challenge_unsent_ack: Span::since(6, 18), "tcp_ack (net/ipv4/tcp_input.c)",
        "measured: D-0002, 6.18 and not 6.12";
    /// A pure ACK with an old timestamp and an old sequence number is dropped in silence.
    paws_old_ack_silent: Span::since(6, 18),
        "tcp_disordered_ack_check (net/ipv4/tcp_input.c)", "measured: D-0003, 6.18 and not 6.12";
    /// A SYN that PAWS refuses draws a challenge ACK.
    paws_challenges_syn: Span::since(6, 12), "tcp_validate_incoming (net/ipv4/tcp_input.c)",
        "measured: D-0015, 6.12 and not 6.1";
    /// A timestamp may lag by 1200 per second of the timeout (1024 before).
    tsval_replay_1200: Span::since(6, 12), "tcp_tsval_replay (net/ipv4/tcp_input.c)",
        "measured: D-0014, 6.12 and not 6.1";
    /// After 2147 seconds of silence timestamps say nothing, those of milliseconds as well; it took
    /// them 24 days.
    paws_wraps_early: Span::since(6, 7), "tcp_paws_check (include/net/tcp.h)",
        "measured: 6.12 and not 6.1; TCP_PAWS_WRAP came with timestamps of microseconds";
    /// What overshoots the window is refused unless the queue is empty.
    overshoot_refused: Span::since(6, 13), "tcp_sequence (net/ipv4/tcp_input.c)",
        "source of 6.12, which only looks at the beginning";
    /// A segment that closes the window counts as an update, though it is no newer than the last.
    zero_window_updates: Span::since(6, 12), "tcp_may_update_window (net/ipv4/tcp_input.c)",
        "measured: D-0011, 6.12 and not 6.1";
    /// A malformed signature option makes a segment unacceptable, instead of one without.
    md5_malformed_refused: Span::since(6, 12), "tcp_inbound_hash (net/ipv4/tcp_input.c)",
        "measured: D-0013, 6.12 and not 6.1";
    /// Marks of congestion are counted whether ECN was set up or not.
    counts_ecn_marks: Span::since(6, 18), "tcp_ecn_received_counters (include/net/tcp_ecn.h)",
        "measured: options/ecn-ect-without-setup, 6.18 and not 6.12";
    /// AE is one of the flags that a header is predicted by, and with accurate ECN the count of marks.
    ae_predicted: Span::since(6, 18), "tcp_rcv_established (net/ipv4/tcp_input.c), TCP_HP_BITS",
        "measured: memory/unpredicted-ae, 6.18 and not 6.12";
    /// The timestamp that the end of a handshake echoes has to be one that was sent.
    tsecr_of_handshake_checked: Span::since(6, 18), "tcp_check_req (net/ipv4/tcp_minisocks.c)",
        "explored: 6.18 and 7.2, not 6.12";
    /// A socket that gave its connection up has forgotten that ECN was set up.
    disconnect_forgets_ecn: Span::since(6, 18), "tcp_disconnect (net/ipv4/tcp.c)",
        "measured: 6.18 and 7.2, neither 6.1 nor 6.12";
    /// CWR ends the echo of a mark, and is acknowledged at once, only where ECN was set up.
    cwr_needs_ecn: Span::since(6, 18), "tcp_ecn_accept_cwr (net/ipv4/tcp_input.c)",
        "explored: 7.2 and not 6.12; source of 6.12";

    /// What a half-open connection remembers of the peer's clock ages with the timeouts of its SYN-ACK:
    /// after a minute a reset with an old timestamp ends it.
    handshake_stamp_ages: Span::until(6, 18), "tcp_check_req (net/ipv4/tcp_minisocks.c)",
        "measured: 6.12 and not 6.18; source of 6.12";
    /// What PAWS refuses in TIME-WAIT is counted as PAWSTimewait (as PAWSEstab before).
    counts_paws_timewait: Span::since(6, 18),
        "tcp_timewait_state_process (net/ipv4/tcp_minisocks.c)",
        "measured: 6.18 and not 6.12; source of 6.12";

    // Sending and acknowledging.
    /// The window of the handshake may be more than its field can say.
    wide_initial_window: Span::since(6, 2), "tcp_select_initial_window (net/ipv4/tcp_output.c)",
        "sources of 6.1 and 6.12";
    /// A SYN and a SYN-ACK announce the MSS of the route, whatever was learnt of the path.
    advmss_of_route: Span::since(6, 12).and_until(6, 18),
        "ipv4_default_advmss (net/ipv4/route.c), ip6_default_advmss (net/ipv6/route.c)",
        "sources of 6.1.192 and 6.12.117; measured: D-0004, 6.12 and 7.2, neither 6.1 nor 6.18";
    /// The final FIN leaves whatever the congestion window says.
    fin_ignores_cwnd: Span::until(6, 2), "tcp_cwnd_test (net/ipv4/tcp_output.c)",
        "sources of 6.1 and 6.12";
    /// The delay of an ACK is bounded by TCP_DELACK_MAX wherever it grows.
    ato_bounded: Span::since(6, 2), "tcp_event_data_recv (net/ipv4/tcp_input.c)",
        "sources of 6.1 and 6.12";
    /// The ACK that ends compression has the time of its sending, not of the segment before.
    compression_reads_clock: Span::since(6, 18), "tcp_compressed_ack_kick (net/ipv4/tcp_timer.c)",
        "measured: 6.18 and not 6.12; source of 6.12";
    /// A FIN without data is taken into a closed window.
    bare_fin_taken: Span::since(6, 12), "tcp_data_queue (net/ipv4/tcp_input.c)",
        "measured: data/zero-window-bare-fin, 6.12 and not 6.1";
    /// What is dropped for want of memory is answered with a window of zero (in silence before).
    nomem_closes_window: Span::since(6, 6), "tcp_select_window (net/ipv4/tcp_output.c)",
        "measured: 6.12 and not 6.1; changelog of 6.6, \"net: tcp: send zero-window ACK when no memory\"";
    /// Small packets have heads of one size, from a cache of their own (of the next power of two before).
    small_heads: Span::since(6, 3), "kmalloc_reserve (net/core/skbuff.c)",
        "changelog of 6.3, \"net: add dedicated kmem_cache for typical/small skb->head\"";
    /// The share of a buffer byte that is payload is measured, not a sysctl's.
    scaling_ratio: Span::since(6, 2), "tcp_measure_rcv_mss (net/ipv4/tcp_input.c)",
        "sources of 6.1 and 6.12";
    /// When that share changes, the window may grow to what was offered already.
    ratio_moves_ssthresh: Span::since(6, 18), "tcp_measure_rcv_mss (net/ipv4/tcp_input.c)",
        "measured: D-0022, 6.18 and not 6.12; source of 6.12";
    /// What waits for a hole makes the receive buffer grow at once.
    ofo_grows_rcvbuf: Span::since(6, 18), "tcp_data_queue_ofo (net/ipv4/tcp_input.c)",
        "measured: regression 0040, 6.18 and not 6.12; source of 6.12";
    /// The receive buffer grows to the window that a sender needs and sixteen segments.
    rcvbuf_cushion: Span::until(6, 18), "tcp_rcv_space_adjust (net/ipv4/tcp_input.c)",
        "sources of 6.1 and 6.12";
    /// What arrived while the application read does not count as what it keeps up with.
    unread_is_not_copied: Span::since(6, 2), "tcp_rcv_space_adjust (net/ipv4/tcp_input.c)",
        "sources of 6.1.192 and 6.12.117";
    /// A receiver learns nothing of the round trip while data is unread, unless it is shorter.
    rcv_rtt_needs_empty_queue: Span::since(6, 18), "tcp_rcv_rtt_update (net/ipv4/tcp_input.c)",
        "source of 6.12, which does";
    /// A bound on the immediate ACKs after a duplicate or a mark: 16, 2.
    bounded_quickacks: Span::since(4, 18), "tcp_enter_quickack_mode (net/ipv4/tcp_input.c)",
        "changelog of 4.18, \"tcp: add max_quickacks param to tcp_incr_quickack\"";
    /// An unacceptable ACK in SYN-SENT makes the SYN go out again at once.
    syn_retry_soon: Span::since(5, 7), "tcp_rcv_synsent_state_process (net/ipv4/tcp_input.c)",
        "changelog of 5.7";

    // Recovery.
    /// RACK decides what is lost (RFC 8985), unless tcp_recovery turns it off.
    rack: Span::since(4, 4), "tcp_rack_mark_lost (net/ipv4/tcp_recovery.c)",
        "ip-sysctl, tcp_recovery; changelog of 4.4";
    /// Without RACK, three segments SACKed above a hole decide (RFC 6675).
    rfc6675: Span::until(6, 17), "tcp_update_scoreboard, tcp_time_to_recover (net/ipv4/tcp_input.c)",
        "changelog of 6.17, \"tcp: remove obsolete and unused RFC3517/RFC6675 loss recovery code\"";
    /// Forward acknowledgment: everything below the highest SACK less the reordering is lost.
    fack: Span::until(4, 15), "tcp_is_fack (include/net/tcp.h)",
        "ip-sysctl, tcp_fack; changelog of 4.15, \"tcp: retire FACK loss detection\"";
    /// Early retransmit (RFC 5827) with values 1 to 3 of tcp_early_retrans.
    early_retransmit: Span::until(4, 11), "tcp_time_to_recover (net/ipv4/tcp_input.c)",
        "ip-sysctl of 4.3, tcp_early_retrans; changelog of 4.11";
    /// A thin stream retransmits after the first duplicate, if tcp_thin_dupack says so.
    thin_dupack: Span::until(4, 11), "tcp_time_to_recover (net/ipv4/tcp_input.c)",
        "ip-sysctl of 4.3, tcp_thin_dupack; changelog of 4.11";
    /// The tail loss probe is due after two round trips and at least 10 ms, only in state Open.
    tlp_of_draft: Span::until(4, 13), "tcp_schedule_loss_probe (net/ipv4/tcp_output.c)",
        "draft-dukkipati-tcpm-tcp-loss-probe-01, which 3.10 implements";
    /// What is not marked lost, but lies below the highest SACK, is sent again when nothing else can be.
    forward_retransmit: Span::until(4, 11),
        "tcp_can_forward_retransmit (net/ipv4/tcp_output.c)",
        "RFC 6675 (4) of NextSeg; changelog of 4.11, \"tcp: remove forward retransmit feature\"";
    /// PRR sends no more than was delivered once the flight is below the threshold, unless
    /// a retransmission was acknowledged.
    prr_conservative: Span::until(5, 14), "tcp_cwnd_reduction (net/ipv4/tcp_input.c)",
        "changelog of 4.3, \"tcp: PRR uses CRB mode by default and SS mode conditionally\"";

    // Ports.
    /// When the last owner of a port that bound it is gone, connect() may choose it again.
    port_forgets_bind: Span::since(6, 18), "__inet_put_port (net/ipv4/inet_hashtables.c)",
        "measured: 6.18 and not 6.12; source of 6.12";
    /// Whether the first owner of a port had SO_REUSEADDR or SO_REUSEPORT is remembered with the
    /// port: who has it as well is let in without a look at the owners.
    first_bind_is_seen: Span::until(6, 8),
        "inet_csk_update_fastreuse (net/ipv4/inet_connection_sock.c)",
        "measured: 6.1 and not 6.12; source of 6.12, in which the condition cannot hold";

    // Fast Open, signatures, options, remainders.
    /// Cookies are made with SipHash (AES before).
    siphash_cookies: Span::since(5, 3), "__tcp_fastopen_cookie_gen_cipher (net/ipv4/tcp_fastopen.c)",
        "changelog of 5.3, \"net: ipv4: move tcp_fastopen server side code to SipHash library\"";
    /// Where there is room for TCP-AO (5 bytes), options must be well-formed, and one of TCP-AO is
    /// refused. A kernel that is built without CONFIG_TCP_AO does neither.
    tcp_ao: Span::since(6, 7), "tcp_do_parse_auth_options (net/ipv4/tcp_input.c)",
        "source of 6.12; measured: 6.12 with CONFIG_TCP_AO, not 6.18 without";
    /// The keys of a listener live as long as its requests, not only until it is closed.
    keys_outlive_listener: Span::since(6, 18), "tcp_md5_destruct_sock (net/ipv4/tcp.c)",
        "measured: D-0005, 6.18 and not 6.12";
    /// TCP sockets refuse options that are for Unix sockets.
    unix_options_refused: Span::since(6, 18), "sk_setsockopt (net/core/sock.c)",
        "measured: D-0007, 6.18 and not 6.12";
    /// SO_RESERVE_MEM of more than a gigabyte is no number at all.
    reserve_mem_bounded: Span::since(6, 12).and_until(6, 18), "sk_setsockopt (net/core/sock.c)",
        "sources of 6.1.192 and 6.12.117; measured: 6.12 and 7.2, neither 6.1 nor 6.18";
    /// A negative TCP_WINDOW_CLAMP is less than the least, not more than the most.
    signed_window_clamp: Span::since(6, 18), "tcp_set_window_clamp (net/ipv4/tcp.c)",
        "measured: D-0010, 6.18 and not 6.12";
    /// SOF_TIMESTAMPING_OPT_ID_TCP is one of the flags of SO_TIMESTAMPING.
    timestamping_opt_id_tcp: Span::since(6, 12), "sock_set_timestamping (net/core/sock.c)",
        "measured: D-0019, 6.12 and not 6.1";
    /// Statistics with a timestamp tell the flow hash's changes (TCP_NLA_REHASH).
    nla_rehash: Span::since(6, 12), "tcp_get_timestamping_opt_stats (net/ipv4/tcp.c)",
        "measured: D-0018, 6.12 and not 6.1";
    /// The age at which TIME-WAIT may be reused is counted in milliseconds, not in seconds.
    tw_reuse_delay: Span::since(6, 14), "tcp_twsk_unique (net/ipv4/tcp_ipv4.c)",
        "ip-sysctl, tcp_tw_reuse_delay";
    /// A remainder may end after 3.5 timeouts, and SYNs of its host with older timestamps are refused,
    /// if tcp_tw_recycle says so.
    tw_recycle: Span::until(4, 12), "tcp_remember_stamp (net/ipv4/tcp_ipv4.c)",
        "ip-sysctl of 4.3, tcp_tw_recycle; changelog of 4.12, \"tcp: remove tcp_tw_recycle\"";
}
