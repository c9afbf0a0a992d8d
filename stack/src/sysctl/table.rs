//! The table: field, kind, name, default, range. A knob marked `ro` only reports.

use super::value::{Names, PortRange, PortSet, Refusal, Triple, Value, Written};
use crate::kernel::KernelVersion;

/// A row of the table, as `set` and `get` use it.
pub(super) struct Knob {
    pub(super) name: &'static str,
    pub(super) set: fn(&mut Sysctls, &str) -> Result<(), Refusal>,
    pub(super) get: fn(&Sysctls) -> String,
}

macro_rules! knobs {
    ($( $mode:ident $field:ident : $ty:ty = $name:literal, $default:expr, $range:expr; )*) => {
        /// Every knob, one field each. Units are those of the kernel's documentation.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Sysctls {
            /// The kernel whose knobs these are: others are not found by name.
            pub(crate) kernel: KernelVersion,
            $( #[doc = concat!("`", $name, "`")] pub $field: $ty, )*
        }

        impl Default for Sysctls {
            fn default() -> Self {
                Self { kernel: KernelVersion::CURRENT, $( $field: $default, )* }
            }
        }

        pub(super) const TABLE: &[Knob] = &[
            $( Knob {
                name: $name,
                set: |all, text| {
                    let value = <$ty as Value>::parse(text, &$range)?;
                    knobs!(@assign $mode all $field value)
                },
                get: |all| all.$field.show(),
            }, )*
        ];
    };
    (@assign rw $all:ident $field:ident $value:ident) => {{ $all.$field = $value; Ok(()) }};
    (@assign ro $all:ident $field:ident $value:ident) => {{
        let (_, _) = ($all, $value);
        Err(Refusal::ReadOnly)
    }};
}

const INT: std::ops::RangeInclusive<i32> = i32::MIN..=i32::MAX;
const POSITIVE: std::ops::RangeInclusive<i32> = 1..=i32::MAX;
const NON_NEGATIVE: std::ops::RangeInclusive<i32> = 0..=i32::MAX;
const BYTE: std::ops::RangeInclusive<u8> = 0..=u8::MAX;
const BOOL: std::ops::RangeInclusive<u8> = 0..=1;
const UINT: std::ops::RangeInclusive<u32> = 0..=u32::MAX;
const ANY_PORT: std::ops::RangeInclusive<u16> = 0..=u16::MAX;
// SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF: the sk_buff of one small segment, twice for sending.
const RCVBUF: std::ops::RangeInclusive<i32> = 2304..=i32::MAX;
const SNDBUF: std::ops::RangeInclusive<i32> = 4608..=i32::MAX;

knobs! {
    // What is negotiated.
    rw tcp_sack: u8 = "net.ipv4.tcp_sack", 1, BYTE;
    rw tcp_dsack: u8 = "net.ipv4.tcp_dsack", 1, BYTE;
    rw tcp_fack: u8 = "net.ipv4.tcp_fack", 0, BYTE;
    rw tcp_timestamps: u8 = "net.ipv4.tcp_timestamps", 1, 0..=2;
    rw tcp_window_scaling: u8 = "net.ipv4.tcp_window_scaling", 1, BYTE;
    rw tcp_ecn: u8 = "net.ipv4.tcp_ecn", 2, 0..=5;
    rw tcp_ecn_fallback: u8 = "net.ipv4.tcp_ecn_fallback", 1, BOOL;
    rw tcp_ecn_option: u8 = "net.ipv4.tcp_ecn_option", 2, 0..=3;
    rw tcp_ecn_option_beacon: u8 = "net.ipv4.tcp_ecn_option_beacon", 3, 0..=3;
    rw tcp_fastopen: i32 = "net.ipv4.tcp_fastopen", 1, INT;
    rw tcp_fastopen_key: Vec<[u8; 16]> = "net.ipv4.tcp_fastopen_key", Vec::new(), 1..=2;
    rw tcp_fastopen_blackhole_timeout_sec: Written =
        "net.ipv4.tcp_fastopen_blackhole_timeout_sec", Written::of(0), NON_NEGATIVE;

    // Opening.
    rw tcp_syn_retries: u8 = "net.ipv4.tcp_syn_retries", 6, 1..=127;
    rw tcp_synack_retries: u8 = "net.ipv4.tcp_synack_retries", 5, BYTE;
    rw tcp_syn_linear_timeouts: u8 = "net.ipv4.tcp_syn_linear_timeouts", 4, 0..=127;
    rw tcp_syncookies: u8 = "net.ipv4.tcp_syncookies", 1, BYTE;
    rw tcp_max_syn_backlog: i32 = "net.ipv4.tcp_max_syn_backlog", 4096, INT;
    rw tcp_abort_on_overflow: u8 = "net.ipv4.tcp_abort_on_overflow", 0, BYTE;
    rw tcp_migrate_req: u8 = "net.ipv4.tcp_migrate_req", 0, BOOL;
    rw somaxconn: i32 = "net.core.somaxconn", 4096, NON_NEGATIVE;

    // Retransmission and loss.
    rw tcp_retries1: u8 = "net.ipv4.tcp_retries1", 3, BYTE;
    rw tcp_retries2: u8 = "net.ipv4.tcp_retries2", 15, BYTE;
    rw tcp_orphan_retries: u8 = "net.ipv4.tcp_orphan_retries", 0, BYTE;
    rw tcp_rto_min_us: i32 = "net.ipv4.tcp_rto_min_us", 200_000, POSITIVE;
    rw tcp_rto_max_ms: i32 = "net.ipv4.tcp_rto_max_ms", 120_000, 1000..=120_000;
    rw tcp_early_retrans: u8 = "net.ipv4.tcp_early_retrans", 3, 0..=4;
    rw tcp_recovery: u8 = "net.ipv4.tcp_recovery", 1, BYTE;
    rw tcp_frto: u8 = "net.ipv4.tcp_frto", 2, BYTE;
    rw tcp_reordering: i32 = "net.ipv4.tcp_reordering", 3, INT;
    rw tcp_max_reordering: i32 = "net.ipv4.tcp_max_reordering", 300, INT;
    rw tcp_retrans_collapse: u8 = "net.ipv4.tcp_retrans_collapse", 1, BYTE;
    rw tcp_thin_dupack: u8 = "net.ipv4.tcp_thin_dupack", 0, BYTE;
    rw tcp_thin_linear_timeouts: u8 = "net.ipv4.tcp_thin_linear_timeouts", 0, BYTE;
    rw tcp_min_rtt_wlen: i32 = "net.ipv4.tcp_min_rtt_wlen", 300, 0..=86_400;

    // Congestion control and pacing.
    rw tcp_congestion_control: Names =
        "net.ipv4.tcp_congestion_control", Names::of(&["cubic"]), 1..=1;
    ro tcp_available_congestion_control: Names =
        "net.ipv4.tcp_available_congestion_control", Names::of(&["reno", "cubic"]), 0..=64;
    rw tcp_allowed_congestion_control: Names =
        "net.ipv4.tcp_allowed_congestion_control", Names::of(&["reno", "cubic"]), 1..=64;
    rw tcp_slow_start_after_idle: u8 = "net.ipv4.tcp_slow_start_after_idle", 1, BYTE;
    rw tcp_no_metrics_save: u8 = "net.ipv4.tcp_no_metrics_save", 0, BYTE;
    rw tcp_no_ssthresh_metrics_save: u8 = "net.ipv4.tcp_no_ssthresh_metrics_save", 1, BOOL;
    rw tcp_pacing_ss_ratio: i32 = "net.ipv4.tcp_pacing_ss_ratio", 200, 0..=1000;
    rw tcp_pacing_ca_ratio: i32 = "net.ipv4.tcp_pacing_ca_ratio", 120, 0..=1000;
    rw tcp_plb_enabled: u8 = "net.ipv4.tcp_plb_enabled", 0, BOOL;
    rw tcp_plb_idle_rehash_rounds: u8 = "net.ipv4.tcp_plb_idle_rehash_rounds", 3, 0..=31;
    rw tcp_plb_rehash_rounds: u8 = "net.ipv4.tcp_plb_rehash_rounds", 12, 0..=31;
    rw tcp_plb_suspend_rto_sec: u8 = "net.ipv4.tcp_plb_suspend_rto_sec", 60, BYTE;
    rw tcp_plb_cong_thresh: i32 = "net.ipv4.tcp_plb_cong_thresh", 128, 0..=256;

    // Parameters of the module tcp_cubic: /sys/module/tcp_cubic/parameters.
    rw cubic_fast_convergence: i32 = "module.tcp_cubic.fast_convergence", 1, INT;
    rw cubic_beta: i32 = "module.tcp_cubic.beta", 717, INT;
    rw cubic_initial_ssthresh: i32 = "module.tcp_cubic.initial_ssthresh", 0, INT;
    ro cubic_bic_scale: i32 = "module.tcp_cubic.bic_scale", 41, INT;
    rw cubic_tcp_friendliness: i32 = "module.tcp_cubic.tcp_friendliness", 1, INT;
    rw cubic_hystart: i32 = "module.tcp_cubic.hystart", 1, INT;
    rw cubic_hystart_detect: i32 = "module.tcp_cubic.hystart_detect", 3, INT;
    rw cubic_hystart_low_window: i32 = "module.tcp_cubic.hystart_low_window", 16, INT;
    rw cubic_hystart_ack_delta_us: i32 = "module.tcp_cubic.hystart_ack_delta_us", 2000, INT;

    // Sending.
    rw tcp_autocorking: u8 = "net.ipv4.tcp_autocorking", 1, BYTE;
    rw tcp_limit_output_bytes: i32 = "net.ipv4.tcp_limit_output_bytes", 4_194_304, INT;
    rw tcp_min_tso_segs: u8 = "net.ipv4.tcp_min_tso_segs", 2, 1..=u8::MAX;
    rw tcp_tso_win_divisor: u8 = "net.ipv4.tcp_tso_win_divisor", 3, BYTE;
    rw tcp_tso_rtt_log: u8 = "net.ipv4.tcp_tso_rtt_log", 9, BYTE;
    rw tcp_notsent_lowat: u32 = "net.ipv4.tcp_notsent_lowat", u32::MAX, UINT;
    rw tcp_min_snd_mss: i32 = "net.ipv4.tcp_min_snd_mss", 48, 48..=65_535;
    rw tcp_base_mss: i32 = "net.ipv4.tcp_base_mss", 1024, INT;
    rw tcp_mtu_probing: u8 = "net.ipv4.tcp_mtu_probing", 0, BYTE;
    rw tcp_mtu_probe_floor: i32 = "net.ipv4.tcp_mtu_probe_floor", 48, 48..=65_535;
    rw tcp_probe_threshold: i32 = "net.ipv4.tcp_probe_threshold", 8, INT;
    rw tcp_probe_interval: u32 = "net.ipv4.tcp_probe_interval", 600, UINT;
    rw tcp_workaround_signed_windows: u8 = "net.ipv4.tcp_workaround_signed_windows", 0, BYTE;
    rw tcp_reflect_tos: u8 = "net.ipv4.tcp_reflect_tos", 0, BOOL;

    // Receiving and acknowledging.
    rw tcp_adv_win_scale: i32 = "net.ipv4.tcp_adv_win_scale", 1, -31..=31;
    rw tcp_app_win: u8 = "net.ipv4.tcp_app_win", 31, 0..=31;
    rw tcp_moderate_rcvbuf: u8 = "net.ipv4.tcp_moderate_rcvbuf", 1, BYTE;
    rw tcp_shrink_window: u8 = "net.ipv4.tcp_shrink_window", 0, BOOL;
    rw tcp_stdurg: u8 = "net.ipv4.tcp_stdurg", 0, BYTE;
    rw tcp_pingpong_thresh: u8 = "net.ipv4.tcp_pingpong_thresh", 1, 1..=u8::MAX;
    rw tcp_comp_sack_nr: u8 = "net.ipv4.tcp_comp_sack_nr", 44, BYTE;
    rw tcp_comp_sack_delay_ns: u64 = "net.ipv4.tcp_comp_sack_delay_ns", 1_000_000, 0..=u64::MAX;
    rw tcp_comp_sack_slack_ns: u64 = "net.ipv4.tcp_comp_sack_slack_ns", 100_000, 0..=u64::MAX;
    rw tcp_backlog_ack_defer: u8 = "net.ipv4.tcp_backlog_ack_defer", 1, BOOL;
    rw tcp_challenge_ack_limit: i32 = "net.ipv4.tcp_challenge_ack_limit", i32::MAX, INT;
    rw tcp_invalid_ratelimit: i32 = "net.ipv4.tcp_invalid_ratelimit", 500, INT;
    rw tcp_low_latency: u8 = "net.ipv4.tcp_low_latency", 0, BYTE;
    rw tcp_early_demux: u8 = "net.ipv4.tcp_early_demux", 1, BYTE;

    // Keepalive and closing.
    rw tcp_keepalive_time: i32 = "net.ipv4.tcp_keepalive_time", 7200, INT;
    rw tcp_keepalive_probes: u8 = "net.ipv4.tcp_keepalive_probes", 9, BYTE;
    rw tcp_keepalive_intvl: i32 = "net.ipv4.tcp_keepalive_intvl", 75, INT;
    rw tcp_fin_timeout: i32 = "net.ipv4.tcp_fin_timeout", 60, INT;
    rw tcp_tw_recycle: u8 = "net.ipv4.tcp_tw_recycle", 0, BYTE;
    rw tcp_tw_reuse: u8 = "net.ipv4.tcp_tw_reuse", 2, 0..=2;
    rw tcp_tw_reuse_delay: u32 = "net.ipv4.tcp_tw_reuse_delay", 1000, 1..=60_000;
    rw tcp_max_tw_buckets: i32 = "net.ipv4.tcp_max_tw_buckets", 131_072, INT;
    rw tcp_max_orphans: i32 = "net.ipv4.tcp_max_orphans", 131_072, INT;
    rw tcp_rfc1337: u8 = "net.ipv4.tcp_rfc1337", 0, BYTE;
    rw tcp_fwmark_accept: u8 = "net.ipv4.tcp_fwmark_accept", 0, BYTE;
    rw tcp_l3mdev_accept: u8 = "net.ipv4.tcp_l3mdev_accept", 0, BOOL;

    // Of the build and the machine.
    ro tcp_available_ulp: Names = "net.ipv4.tcp_available_ulp", Names(Vec::new()), 0..=64;
    ro tcp_ehash_entries: i32 = "net.ipv4.tcp_ehash_entries", 262_144, INT;
    rw tcp_child_ehash_entries: u32 = "net.ipv4.tcp_child_ehash_entries", 0, 0..=16_777_216;

    // Memory. 6.18 raised tcp_rmem[2] to 32 MB; pages for tcp_mem, bytes elsewhere.
    rw tcp_rmem: Triple = "net.ipv4.tcp_rmem",
        Triple { min: 4096, default: 131_072, max: 33_554_432 }, 1..=2_147_483_647;
    rw tcp_wmem: Triple = "net.ipv4.tcp_wmem",
        Triple { min: 4096, default: 16_384, max: 4_194_304 }, 1..=2_147_483_647;
    rw tcp_mem: Triple = "net.ipv4.tcp_mem",
        Triple { min: 287_898, default: 383_867, max: 575_796 }, 0..=u64::MAX;
    rw rmem_max: i32 = "net.core.rmem_max", 4_194_304, RCVBUF;
    rw rmem_default: i32 = "net.core.rmem_default", 212_992, RCVBUF;
    rw wmem_max: i32 = "net.core.wmem_max", 4_194_304, SNDBUF;
    rw wmem_default: i32 = "net.core.wmem_default", 212_992, SNDBUF;
    rw txrehash: u8 = "net.core.txrehash", 1, BOOL;
    rw optmem_max: i32 = "net.core.optmem_max", 131_072, INT;

    // Addresses, ports and IP.
    rw ip_local_port_range: PortRange = "net.ipv4.ip_local_port_range",
        PortRange { low: 32_768, high: 60_999 }, 1..=u16::MAX;
    rw ip_local_reserved_ports: PortSet =
        "net.ipv4.ip_local_reserved_ports", PortSet::default(), ANY_PORT;
    rw ip_unprivileged_port_start: i32 = "net.ipv4.ip_unprivileged_port_start", 1024, 0..=65_535;
    rw ip_autobind_reuse: u8 = "net.ipv4.ip_autobind_reuse", 0, BOOL;
    rw ip_nonlocal_bind: u8 = "net.ipv4.ip_nonlocal_bind", 0, BYTE;
    rw ip_default_ttl: u8 = "net.ipv4.ip_default_ttl", 64, 1..=u8::MAX;
    rw ip_no_pmtu_disc: u8 = "net.ipv4.ip_no_pmtu_disc", 0, 0..=3;
    rw ip_early_demux: u8 = "net.ipv4.ip_early_demux", 1, BYTE;
    rw min_pmtu: u32 = "net.ipv4.route.min_pmtu", 552, 68..=u32::MAX;
    rw mtu_expires: i32 = "net.ipv4.route.mtu_expires", 600, INT;
    rw icmp_ratelimit: i32 = "net.ipv4.icmp_ratelimit", 1000, INT;
    rw mtu_expires_v6: i32 = "net.ipv6.route.mtu_expires", 600, INT;
    rw bindv6only: u8 = "net.ipv6.bindv6only", 0, BYTE;
    rw auto_flowlabels: u8 = "net.ipv6.auto_flowlabels", 1, 0..=3;
    rw flowlabel_reflect: i32 = "net.ipv6.flowlabel_reflect", 0, 0..=7;
    rw default_qdisc: Names = "net.core.default_qdisc", Names::of(&["pfifo_fast"]), 1..=1;
}
