//! Sysctls that some versions have and others have not, and defaults that have changed.
//!
//! A knob that is not listed is there in every known version, with the default of `sysctl::table`. One
//! that a version has not is no sysctl there (ENOENT), and is kept at the value that does nothing.

use super::{KernelVersion, Span};

/// What is known of one knob.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// Its name.
    pub name: &'static str,
    /// Versions that have it.
    pub span: Span,
    /// Value up to but not with a version, oldest first: its default, or what stands for its absence.
    pub was: &'static [(KernelVersion, &'static str)],
    /// Where that is known from.
    pub source: &'static str,
}

impl Knob {
    /// The value a host of `version` starts with, if it is not the current one.
    #[must_use]
    pub fn initial(&self, version: KernelVersion) -> Option<&'static str> {
        self.was.iter().find(|(until, _)| version < *until).map(|(_, value)| *value)
    }
}

const fn v(major: u16, minor: u16) -> KernelVersion {
    KernelVersion::new(major, minor)
}

macro_rules! knobs {
    ($( $name:literal, $span:expr, [$( ($major:literal, $minor:literal): $value:literal ),*], $source:literal; )*) => {
        /// The table, by name.
        pub const KNOBS: &[Knob] = &[ $( Knob {
            name: $name,
            span: $span,
            was: &[ $( (v($major, $minor), $value) ),* ],
            source: $source,
        }, )* ];
    };
}

knobs! {
    "net.core.optmem_max", Span::since(6, 7), [(6, 8): "20480"],
        "D-0020: of a namespace since 6.7; changelog of 6.8 for its default";
    "net.core.rmem_max", Span::ALWAYS, [(6, 13): "212992"], "measured: D-0006, 6.18 and not 6.12";
    "net.core.somaxconn", Span::ALWAYS, [(5, 4): "128"], "ip-sysctl, somaxconn";
    "net.core.txrehash", Span::since(5, 18), [], "admin-guide sysctl, net, txrehash; changelog of 5.18";
    "net.core.wmem_max", Span::ALWAYS, [(6, 13): "212992"], "measured: D-0006, 6.18 and not 6.12";
    "net.ipv4.ip_autobind_reuse", Span::since(5, 7), [], "ip-sysctl; changelog of 5.7";
    "net.ipv4.ip_unprivileged_port_start", Span::since(4, 11), [], "changelog of 4.11";
    "net.ipv4.tcp_available_ulp", Span::since(4, 13), [], "changelog of 4.13";
    "net.ipv4.tcp_backlog_ack_defer", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_challenge_ack_limit", Span::ALWAYS, [(4, 7): "100", (6, 1): "1000"],
        "ip-sysctl of 4.3; changelogs of 4.7 and 6.1";
    "net.ipv4.tcp_child_ehash_entries", Span::since(6, 1), [], "changelog of 6.1";
    "net.ipv4.tcp_comp_sack_delay_ns", Span::since(4, 18), [], "ip-sysctl; changelog of 4.18";
    "net.ipv4.tcp_comp_sack_nr", Span::since(4, 18), [(4, 18): "0"], "ip-sysctl; changelog of 4.18";
    "net.ipv4.tcp_comp_sack_slack_ns", Span::since(5, 8), [], "ip-sysctl; changelog of 5.8";
    "net.ipv4.tcp_early_demux", Span::since(4, 12), [], "changelog of 4.12";
    "net.ipv4.tcp_ecn_option", Span::since(6, 13), [], "source of 6.12, which has none";
    "net.ipv4.tcp_ecn_option_beacon", Span::since(6, 13), [], "source of 6.12, which has none";
    "net.ipv4.tcp_ehash_entries", Span::since(6, 1), [], "changelog of 6.1";
    "net.ipv4.tcp_fack", Span::ALWAYS, [(4, 15): "1"], "ip-sysctl of 4.3; changelog of 4.15";
    "net.ipv4.tcp_fastopen_blackhole_timeout_sec", Span::since(4, 12), [(4, 12): "0", (5, 14): "3600"],
        "ip-sysctl; changelogs of 4.12 and 5.14";
    "net.ipv4.tcp_l3mdev_accept", Span::since(4, 5), [], "changelog of 4.5";
    "net.ipv4.tcp_limit_output_bytes", Span::ALWAYS, [(5, 0): "262144", (6, 13): "1048576"],
        "ip-sysctl of 4.3; source of 6.12";
    "net.ipv4.tcp_migrate_req", Span::since(5, 14), [], "ip-sysctl; changelog of 5.14";
    "net.ipv4.tcp_min_rtt_wlen", Span::since(4, 4), [], "ip-sysctl; changelog of 4.4";
    "net.ipv4.tcp_min_snd_mss", Span::since(5, 2), [], "CVE-2019-11477; changelog of 5.2";
    "net.ipv4.tcp_mtu_probe_floor", Span::since(5, 4), [], "ip-sysctl; changelog of 5.4";
    "net.ipv4.tcp_no_ssthresh_metrics_save", Span::since(5, 6), [(5, 6): "0"],
        "ip-sysctl; changelog of 5.6";
    "net.ipv4.tcp_pingpong_thresh", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_plb_cong_thresh", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_plb_enabled", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_plb_idle_rehash_rounds", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_plb_rehash_rounds", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_plb_suspend_rto_sec", Span::since(6, 2), [], "sources of 6.1 and 6.12";
    "net.ipv4.tcp_recovery", Span::since(4, 4), [(4, 4): "0"], "ip-sysctl; changelog of 4.4";
    "net.ipv4.tcp_reflect_tos", Span::since(5, 10), [], "ip-sysctl; changelog of 5.10";
    "net.ipv4.tcp_rmem", Span::ALWAYS,
        [(4, 20): "4096 87380 6291456", (6, 13): "4096 131072 6291456"],
        "ip-sysctl of 4.3; source of 6.12";
    "net.ipv4.tcp_rto_max_ms", Span::since(6, 15), [], "ip-sysctl; source of 6.12, which has none";
    "net.ipv4.tcp_rto_min_us", Span::since(6, 11), [], "ip-sysctl; changelog of 6.11";
    "net.ipv4.tcp_shrink_window", Span::since(5, 10), [], "ip-sysctl; source of 6.1, which has it";
    "net.ipv4.tcp_syn_linear_timeouts", Span::since(6, 5), [(6, 5): "0"], "D-0012; changelog of 6.5";
    "net.ipv4.tcp_thin_dupack", Span::until(4, 11), [], "ip-sysctl of 4.3; changelog of 4.11";
    "net.ipv4.tcp_tso_rtt_log", Span::since(5, 18), [(5, 18): "0"], "ip-sysctl; changelog of 5.18";
    "net.ipv4.tcp_tw_recycle", Span::until(4, 12), [], "ip-sysctl of 4.3; changelog of 4.12";
    "net.ipv4.tcp_tw_reuse", Span::ALWAYS, [(4, 19): "0"], "ip-sysctl of 4.3; changelog of 4.19";
    "net.ipv4.tcp_tw_reuse_delay", Span::since(6, 14), [], "ip-sysctl";
}

/// What is known of the knob called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}
