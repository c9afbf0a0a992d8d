//! Where the variables of a code block lie in the kernel's structures: Linux's uapi `struct
//! tcp_info` (include/uapi/linux/tcp.h) and `union tcp_cc_info` (inet_diag.h). Bit numbers are
//! those of a little-endian machine.
//!
//! The last four bytes of `struct tcp_info` were two 16-bit fields when AccECN came in, and
//! bit fields from the release after; this table has the bit fields, as packetdrill does.

/// A named number in a structure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Byte offset.
    pub(super) at: usize,
    /// Bytes: 1, 2, 4 or 8.
    pub(super) bytes: usize,
    /// Lowest bit and number of bits, for a part of it.
    pub(super) bits: Option<(u32, u32)>,
}

const fn field(name: &'static str, at: usize, bytes: usize) -> Field {
    Field { name, at, bytes, bits: None }
}

const fn bits(name: &'static str, at: usize, bytes: usize, low: u32, count: u32) -> Field {
    Field { name, at, bytes, bits: Some((low, count)) }
}

/// `struct tcp_info`.
pub(super) const TCP_INFO: [Field; 72] = [
    field("tcpi_state", 0, 1),
    field("tcpi_ca_state", 1, 1),
    field("tcpi_retransmits", 2, 1),
    field("tcpi_probes", 3, 1),
    field("tcpi_backoff", 4, 1),
    field("tcpi_options", 5, 1),
    bits("tcpi_snd_wscale", 6, 1, 0, 4),
    bits("tcpi_rcv_wscale", 6, 1, 4, 4),
    bits("tcpi_delivery_rate_app_limited", 7, 1, 0, 1),
    bits("tcpi_fastopen_client_fail", 7, 1, 1, 2),
    field("tcpi_rto", 8, 4),
    field("tcpi_ato", 12, 4),
    field("tcpi_snd_mss", 16, 4),
    field("tcpi_rcv_mss", 20, 4),
    field("tcpi_unacked", 24, 4),
    field("tcpi_sacked", 28, 4),
    field("tcpi_lost", 32, 4),
    field("tcpi_retrans", 36, 4),
    field("tcpi_fackets", 40, 4),
    field("tcpi_last_data_sent", 44, 4),
    field("tcpi_last_ack_sent", 48, 4),
    field("tcpi_last_data_recv", 52, 4),
    field("tcpi_last_ack_recv", 56, 4),
    field("tcpi_pmtu", 60, 4),
    field("tcpi_rcv_ssthresh", 64, 4),
    field("tcpi_rtt", 68, 4),
    field("tcpi_rttvar", 72, 4),
    field("tcpi_snd_ssthresh", 76, 4),
    field("tcpi_snd_cwnd", 80, 4),
    field("tcpi_advmss", 84, 4),
    field("tcpi_reordering", 88, 4),
    field("tcpi_rcv_rtt", 92, 4),
    field("tcpi_rcv_space", 96, 4),
    field("tcpi_total_retrans", 100, 4),
    field("tcpi_pacing_rate", 104, 8),
    field("tcpi_max_pacing_rate", 112, 8),
    field("tcpi_bytes_acked", 120, 8),
    field("tcpi_bytes_received", 128, 8),
    field("tcpi_segs_out", 136, 4),
    field("tcpi_segs_in", 140, 4),
    field("tcpi_notsent_bytes", 144, 4),
    field("tcpi_min_rtt", 148, 4),
    field("tcpi_data_segs_in", 152, 4),
    field("tcpi_data_segs_out", 156, 4),
    field("tcpi_delivery_rate", 160, 8),
    field("tcpi_busy_time", 168, 8),
    field("tcpi_rwnd_limited", 176, 8),
    field("tcpi_sndbuf_limited", 184, 8),
    field("tcpi_delivered", 192, 4),
    field("tcpi_delivered_ce", 196, 4),
    field("tcpi_bytes_sent", 200, 8),
    field("tcpi_bytes_retrans", 208, 8),
    field("tcpi_dsack_dups", 216, 4),
    field("tcpi_reord_seen", 220, 4),
    field("tcpi_rcv_ooopack", 224, 4),
    field("tcpi_snd_wnd", 228, 4),
    field("tcpi_rcv_wnd", 232, 4),
    field("tcpi_rehash", 236, 4),
    field("tcpi_total_rto", 240, 2),
    field("tcpi_total_rto_recoveries", 242, 2),
    field("tcpi_total_rto_time", 244, 4),
    field("tcpi_received_ce", 248, 4),
    field("tcpi_delivered_e1_bytes", 252, 4),
    field("tcpi_delivered_e0_bytes", 256, 4),
    field("tcpi_delivered_ce_bytes", 260, 4),
    field("tcpi_received_e1_bytes", 264, 4),
    field("tcpi_received_e0_bytes", 268, 4),
    field("tcpi_received_ce_bytes", 272, 4),
    bits("tcpi_ecn_mode", 276, 4, 0, 2),
    bits("tcpi_accecn_opt_seen", 276, 4, 2, 2),
    bits("tcpi_accecn_fail_mode", 276, 4, 4, 4),
    bits("tcpi_options2", 276, 4, 8, 24),
];

/// `struct tcp_bbr_info`; `bbr_bw` is made of the first two, which lie side by side.
pub(super) const BBR: [Field; 5] = [
    field("bbr_bw_lo", 0, 4),
    field("bbr_bw_hi", 4, 4),
    field("bbr_min_rtt", 8, 4),
    field("bbr_pacing_gain", 12, 4),
    field("bbr_cwnd_gain", 16, 4),
];

/// `struct tcp_dctcp_info`.
pub(super) const DCTCP: [Field; 5] = [
    field("dctcp_enabled", 0, 2),
    field("dctcp_ce_state", 2, 2),
    field("dctcp_alpha", 4, 4),
    field("dctcp_ab_ecn", 8, 4),
    field("dctcp_ab_tot", 12, 4),
];

/// `struct tcpvegas_info`; the names of the last two are packetdrill's.
pub(super) const VEGAS: [Field; 4] = [
    field("tcpv_enabled", 0, 4),
    field("tcpv_rttcnt", 4, 4),
    field("tcp_rtt", 8, 4),
    field("tcp_minrtt", 12, 4),
];

/// `SO_MEMINFO`: `SK_MEMINFO_*` indices of an array of u32.
pub(super) const MEMINFO: [Field; 9] = [
    field("SK_MEMINFO_RMEM_ALLOC", 0, 4),
    field("SK_MEMINFO_RCVBUF", 4, 4),
    field("SK_MEMINFO_WMEM_ALLOC", 8, 4),
    field("SK_MEMINFO_SNDBUF", 12, 4),
    field("SK_MEMINFO_FWD_ALLOC", 16, 4),
    field("SK_MEMINFO_WMEM_QUEUED", 20, 4),
    field("SK_MEMINFO_OPTMEM", 24, 4),
    field("SK_MEMINFO_BACKLOG", 28, 4),
    field("SK_MEMINFO_DROPS", 32, 4),
];

impl Field {
    /// The value in `bytes` of a structure in native byte order; what lies behind its end is zero.
    pub(super) fn read(&self, structure: &[u8]) -> u64 {
        let mut raw = [0; 8];
        let present = structure.get(self.at..).unwrap_or_default().iter().take(self.bytes);
        let from = if cfg!(target_endian = "big") { 8 - self.bytes } else { 0 };
        for (to, byte) in raw.iter_mut().skip(from).zip(present) {
            *to = *byte;
        }
        let word = u64::from_ne_bytes(raw);
        match self.bits {
            Some((low, count)) => (word >> low) & ((1 << count) - 1),
            None => word,
        }
    }

    /// One past the last byte.
    pub(super) fn end(&self) -> usize {
        self.at + self.bytes
    }
}
