//! Step 5: the acknowledgement.
//!
//! RFC 9293 §3.10.7.4 fifth, RFC 5681, RFC 5961 §5 · Linux: tcp_ack,
//! tcp_ack_update_window, tcp_ack_probe, tcp_process_tlp_ack (net/ipv4/tcp_input.c)

use std::ops::{BitOrAssign, ControlFlow};

use super::clean_rtx::{Before, tcp_clean_rtx_queue};
use super::cong_control::tcp_cong_control;
use super::ecn::{tcp_ecn_accept_cwr, tcp_ecn_rcv_ecn_echo};
use super::predict::tcp_fast_path_check;
use super::rate::{tcp_count_delivered, tcp_newly_delivered, tcp_rate_gen};
use super::sack::{SackState, tcp_highest_sack_seq, tcp_sacktag_write_queue};
use super::validate::tcp_replace_ts_recent;
use super::{DropReason, Step, drop_for};
use crate::accecn::{AccEcnAck, tcp_accecn_process};
use crate::congestion::{
    CaState, Rexmit, tcp_end_cwnd_reduction, tcp_fastretrans_alert, tcp_init_cwnd_reduction,
    tcp_rack_update_reo_wnd, tcp_set_ca_state, tcp_try_keep_open, tcp_xmit_recovery,
};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::ack::tcp_send_challenge_ack;
use crate::output::cwnd_validate::tcp_slow_start_after_idle_check;
use crate::output::mss::tcp_sync_mss;
use crate::output::options::tcp_wnd_end;
use crate::output::probe::{tcp_probe0_when, tcp_schedule_loss_probe};
use crate::seq::Seq;
use crate::sock::chunk::Chunk;
use crate::sock::{EcnMode, Sock};
use crate::timer::{
    Timer, tcp_clamp_probe0_to_user_timeout, tcp_rearm_rto, tcp_reset_paced_timer, tcp_rto_max,
};
use crate::wire::Segment;

/// What an ACK turned out to be (Linux: FLAG_*).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AckFlags {
    /// FLAG_DATA: the segment has text.
    pub(crate) data: bool,
    pub(crate) win_update: bool,
    pub(crate) data_acked: bool,
    pub(crate) syn_acked: bool,
    pub(crate) retrans_data_acked: bool,
    pub(crate) data_sacked: bool,
    /// FLAG_ECE
    pub(crate) ece: bool,
    pub(crate) snd_una_advanced: bool,
    /// FLAG_DSACKING_ACK
    pub(crate) dsacking: bool,
    /// FLAG_DSACK_TLP: the D-SACK reports the tail loss probe.
    pub(crate) dsack_tlp: bool,
    /// Never-retransmitted data below high_seq was (S)ACKed.
    pub(crate) orig_sack_acked: bool,
    pub(crate) sack_reneging: bool,
    pub(crate) lost_retrans: bool,
    pub(crate) set_xmit_timer: bool,
    /// FLAG_TS_PROGRESS: the peer's timestamp is newer than any before.
    ts_progress: bool,
    /// FLAG_SLOWPATH: the header was not predicted.
    slowpath: bool,
}

impl AckFlags {
    /// FLAG_ACKED
    pub(super) const fn acked(&self) -> bool {
        self.data_acked || self.syn_acked
    }

    /// FLAG_NOT_DUP
    pub(crate) const fn not_dup(&self) -> bool {
        self.data || self.win_update || self.acked()
    }

    /// FLAG_FORWARD_PROGRESS
    pub(super) const fn forward_progress(&self) -> bool {
        self.acked() || self.data_sacked
    }

    /// FLAG_CA_ALERT
    const fn ca_alert(&self) -> bool {
        self.data_sacked || self.ece || self.dsacking
    }
}

/// Those of them that SACK blocks can set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SackFlags {
    pub(super) data_sacked: bool,
    pub(super) dsacking: bool,
    pub(super) dsack_tlp: bool,
    pub(super) orig_sack_acked: bool,
}

impl BitOrAssign<SackFlags> for AckFlags {
    fn bitor_assign(&mut self, sacks: SackFlags) {
        self.data_sacked |= sacks.data_sacked;
        self.dsacking |= sacks.dsacking;
        self.dsack_tlp |= sacks.dsack_tlp;
        self.orig_sack_acked |= sacks.orig_sack_acked;
    }
}

/// Where an ACK comes from, and how it is treated (Linux: the flags that tcp_ack is called with).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckPath {
    /// Header prediction: the window is the same, there is no option but timestamps, which are read.
    Fast {
        /// FLAG_TS_PROGRESS
        ts_progress: bool,
    },
    /// FLAG_SLOWPATH. An ACK too old, or of the future, is answered.
    Slow,
    /// FLAG_SLOWPATH and FLAG_NO_CHALLENGE_ACK
    SlowUnchallenged,
}

/// Why an ACK is unacceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadAck {
    /// Before the window of acceptable ACKs.
    TooOld,
    /// Of data never sent.
    Unsent,
    /// Below SND.UNA; what it says about SACK was used.
    Old,
}

/// Uses SEG.ACK, the window and SACK.
///
/// Linux: tcp_ack
pub(super) fn tcp_ack(
    sk: &mut Sock,
    seg: &Segment,
    path: AckPath,
    cx: &mut Cx,
) -> Result<(), BadAck> {
    let prior_snd_una = sk.snd.una;
    let prior_packets = sk.loss.packets_out;
    let before = Before {
        lost: sk.loss.lost,
        delivered: sk.total.delivered,
        fack: tcp_highest_sack_seq(sk),
        una: prior_snd_una,
        is_sack_reneg: sk.loss.is_sack_reneg,
    };
    let mut flags = AckFlags { data: seg.seq != seg.end_seq(), ..AckFlags::default() };
    let mut sacks = SackState::new(sk);
    if seg.ack.before(prior_snd_una) {
        return old_ack(sk, seg, path, (flags, sacks), cx);
    }
    // [RFC9293:3.10.7.4#15] An ACK of something never sent.
    if seg.ack.after(sk.snd.nxt) {
        if cx.mutant(Mutant::UnsentAcked) {
            return Ok(());
        }
        if path == AckPath::Slow && cx.kernel.challenge_unsent_ack {
            tcp_send_challenge_ack(sk, false, cx);
        }
        return Err(BadAck::Unsent);
    }
    if seg.ack.after(prior_snd_una) {
        flags.snd_una_advanced = true;
        sk.loss.retransmits = 0;
    }
    flags.ts_progress = match path {
        AckPath::Fast { ts_progress } => ts_progress,
        AckPath::Slow | AckPath::SlowUnchallenged => tcp_replace_ts_recent(sk, seg, cx),
    };
    flags.slowpath = !matches!(path, AckPath::Fast { .. });
    take_header(sk, seg, &mut flags, &mut sacks, cx);
    tcp_ecn_accept_cwr(sk, seg, cx);
    sk.err_soft = None;
    if !cx.mutant(Mutant::ProbesCountOn) {
        sk.loss.probes_out = 0;
    }
    sk.total.rcv_tstamp = cx.now;
    sk.total.rcv_ttl = seg.ip.ttl;
    let mut rexmit = Rexmit::None;
    if prior_packets == 0 {
        let marked = accecn(sk, seg, before.delivered, &sacks, &mut flags);
        if flags.dsacking {
            tcp_fastretrans_alert(sk, prior_snd_una, 0, &mut flags, &mut rexmit, cx);
            tcp_newly_delivered(sk, before.delivered, (flags.ece, marked), cx);
        }
        tcp_ack_probe(sk, cx);
        tcp_process_tlp_ack(sk, seg.ack, flags, cx);
        return Ok(());
    }
    let sample = tcp_clean_rtx_queue(sk, &before, &mut sacks, &mut flags, cx);
    tcp_rack_update_reo_wnd(sk, before.delivered, cx);
    let marked = accecn(sk, seg, before.delivered, &sacks, &mut flags);
    tcp_process_tlp_ack(sk, seg.ack, flags, cx);
    if tcp_ack_is_dubious(sk, flags) {
        let dupack = !(flags.snd_una_advanced || flags.not_dup() || flags.dsacking);
        let dupacks = u32::from(dupack);
        tcp_fastretrans_alert(sk, prior_snd_una, dupacks, &mut flags, &mut rexmit, cx);
    }
    if flags.set_xmit_timer && !tcp_schedule_loss_probe(sk, true, cx) {
        tcp_rearm_rto(sk, cx);
    }
    let delivered = tcp_newly_delivered(sk, before.delivered, (flags.ece, marked), cx);
    tcp_rate_gen(sk, delivered, before.is_sack_reneg, sacks.rate, cx);
    tcp_cong_control(sk, seg.ack, &before, (flags, sample), cx);
    tcp_xmit_recovery(sk, rexmit, cx);
    Ok(())
}

/// Takes the acknowledgment, and what may be new beside it: not the window, nor SACK, in a header that was predicted
/// and acknowledges more.
///
/// Linux: the branch of tcp_ack for FLAG_SLOWPATH
fn take_header(
    sk: &mut Sock,
    seg: &Segment,
    flags: &mut AckFlags,
    sacks: &mut SackState,
    cx: &mut Cx,
) {
    let prior_snd_una = sk.snd.una;
    if !flags.slowpath && flags.snd_una_advanced {
        sk.snd.wl1 = seg.seq;
        tcp_snd_una_update(sk, seg.ack);
        flags.win_update = true;
        return cx.mib.inc(Counter::TcpExtTCPHPAcks);
    }
    if !flags.data {
        cx.mib.inc(Counter::TcpExtTCPPureAcks);
    }
    tcp_ack_update_window(sk, seg, flags, cx);
    if sk.rx_opt.sack_ok && !seg.options.sack.is_empty() {
        *flags |= tcp_sacktag_write_queue(sk, seg, prior_snd_una, sacks, cx);
    }
    flags.ece = tcp_ecn_rcv_ecn_echo(sk, seg) && !cx.mutant(Mutant::EceIgnored);
    tcp_count_delivered(sk, sacks.delivered, flags.ece);
}

/// With accurate feedback, how many packets of ours were marked; any of them is congestion.
///
/// Linux: the calls of tcp_accecn_process in tcp_ack
fn accecn(
    sk: &mut Sock,
    seg: &Segment,
    delivered: u32,
    sacks: &SackState,
    flags: &mut AckFlags,
) -> u32 {
    if sk.ecn.mode != EcnMode::AccEcn {
        return 0;
    }
    let ack = AccEcnAck {
        delivered_pkts: sk.total.delivered.wrapping_sub(delivered),
        delivered_bytes: sacks.delivered_bytes,
        in_order: flags.forward_progress() || flags.ts_progress,
        syn_acked: flags.syn_acked,
        slowpath: flags.slowpath,
    };
    let marked = tcp_accecn_process(sk, seg, ack);
    flags.ece |= marked > 0;
    marked
}

/// [RFC5961:5.2#1] An ACK from the past: challenged when it is from further back than any window
/// was, otherwise only its SACK blocks count.
fn old_ack(
    sk: &mut Sock,
    seg: &Segment,
    path: AckPath,
    (mut flags, mut sacks): (AckFlags, SackState),
    cx: &mut Cx,
) -> Result<(), BadAck> {
    let prior_snd_una = sk.snd.una;
    let reach = sk.snd.max_window.min(u32::try_from(sk.total.bytes_acked).unwrap_or(u32::MAX));
    if seg.ack.before(prior_snd_una - reach) && !cx.mutant(Mutant::AncientAckTaken) {
        if path == AckPath::Slow {
            tcp_send_challenge_ack(sk, false, cx);
        }
        return Err(BadAck::TooOld);
    }
    if sk.rx_opt.sack_ok && !seg.options.sack.is_empty() && !cx.mutant(Mutant::OldAckSackIgnored) {
        let mut rexmit = Rexmit::None;
        let delivered = sk.total.delivered;
        // What it reports does not count as delivered, as in Linux.
        flags |= tcp_sacktag_write_queue(sk, seg, prior_snd_una, &mut sacks, cx);
        tcp_fastretrans_alert(sk, prior_snd_una, 0, &mut flags, &mut rexmit, cx);
        tcp_newly_delivered(sk, delivered, (false, 0), cx);
        tcp_xmit_recovery(sk, rexmit, cx);
    }
    Err(BadAck::Old)
}

/// Moves SND.UNA and, if the segment is newer than the last that did, SND.WND.
///
/// [RFC9293:3.10.7.4#16] · Linux: tcp_ack_update_window
fn tcp_ack_update_window(sk: &mut Sock, seg: &Segment, flags: &mut AckFlags, cx: &mut Cx) {
    let mut nwin = u32::from(seg.wnd);
    if !seg.flags.syn() && !cx.mutant(Mutant::WindowUnscaled) {
        nwin <<= sk.rx_opt.snd_wscale;
    }
    if tcp_may_update_window(sk, seg, nwin, cx) {
        flags.win_update = true;
        sk.snd.wl1 = seg.seq;
        if sk.snd.wnd != nwin {
            sk.snd.wnd = nwin;
            sk.rcv.pred_flags = 0;
            tcp_fast_path_check(sk);
            if !sk.write_queue.is_unsent_empty() {
                tcp_slow_start_after_idle_check(sk, cx);
            }
            if nwin > sk.snd.max_window && !cx.mutant(Mutant::MaxWindowStuck) {
                sk.snd.max_window = nwin;
                tcp_sync_mss(sk, sk.pmtu_cookie, cx);
            }
        }
    }
    tcp_snd_una_update(sk, seg.ack);
}

/// Linux: tcp_snd_una_update
fn tcp_snd_una_update(sk: &mut Sock, ack: Seq) {
    sk.total.bytes_acked += u64::from(ack - sk.snd.una);
    sk.snd.una = ack;
}

/// The segment is newer than the one SND.WND is from, or opens the window further than that did.
///
/// Linux: tcp_may_update_window
pub(super) fn tcp_may_update_window(sk: &Sock, seg: &Segment, nwin: u32, cx: &Cx) -> bool {
    let closes = cx.kernel.zero_window_updates && nwin == 0;
    seg.ack.after(sk.snd.una)
        || seg.seq.after(sk.snd.wl1)
        || (seg.seq == sk.snd.wl1 && (nwin > sk.snd.wnd || closes))
        || cx.mutant(Mutant::OldWindowTaken)
}

/// Linux: tcp_ack_is_dubious
fn tcp_ack_is_dubious(sk: &Sock, flags: AckFlags) -> bool {
    !flags.not_dup() || flags.ca_alert() || sk.loss.ca_state != CaState::Open
}

/// The answer to a window probe.
///
/// Linux: tcp_ack_probe
fn tcp_ack_probe(sk: &mut Sock, cx: &Cx) {
    let Some(end_seq) = sk.write_queue.send_head().map(Chunk::end_seq) else { return };
    if !end_seq.after(tcp_wnd_end(sk)) {
        sk.loss.backoff = 0;
        sk.loss.probes_since = None;
        sk.timers.stop(Timer::Probe0);
        return;
    }
    let when = tcp_probe0_when(sk, tcp_rto_max(sk), cx);
    let when = tcp_clamp_probe0_to_user_timeout(sk, when, cx);
    if cx.mutant(Mutant::ProbeNotRearmed) {
        return;
    }
    tcp_reset_paced_timer(sk, Timer::Probe0, when, cx);
}

/// What this ACK says about the outstanding tail loss probe.
///
/// RFC 8985 §7.4 · Linux: tcp_process_tlp_ack
fn tcp_process_tlp_ack(sk: &mut Sock, ack: Seq, flags: AckFlags, cx: &mut Cx) {
    let Some(high_seq) = sk.loss.tlp_high_seq.filter(|high| !ack.before(*high)) else { return };
    if !sk.loss.tlp_retrans || flags.dsack_tlp {
        sk.loss.tlp_high_seq = None;
    } else if ack.after(high_seq) && !cx.mutant(Mutant::TlpRepairUnnoticed) {
        // The probe repaired a loss nobody noticed otherwise.
        tcp_init_cwnd_reduction(sk);
        tcp_set_ca_state(sk, CaState::Cwr, cx);
        tcp_end_cwnd_reduction(sk, cx);
        tcp_try_keep_open(sk, cx);
        cx.mib.inc(Counter::TcpExtTCPLossProbeRecovery);
    } else if !(flags.snd_una_advanced || flags.not_dup() || flags.data_sacked) {
        sk.loss.tlp_high_seq = None;
    }
}

/// The ACK step of the pipeline for synchronized states: what an unacceptable ACK means there.
///
/// Linux: the ACK part of tcp_rcv_established
pub(super) fn established_ack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    match tcp_ack(sk, seg, AckPath::Slow, cx) {
        Ok(()) | Err(BadAck::Old) => ControlFlow::Continue(()),
        Err(BadAck::TooOld) => drop_for(DropReason::TcpTooOldAck),
        Err(BadAck::Unsent) => drop_for(DropReason::TcpAckUnsentData),
    }
}
