//! How much may be in flight, and what loss does about it.

mod cubic;
mod loss;
mod ops;
pub(crate) mod prr;
mod rack;
mod recovery;
mod reno;
mod reno_sack;
mod scoreboard;
mod undo;

pub(crate) use cubic::Cubic;
pub(crate) use loss::{rto_time_ms, tcp_enter_loss, tcp_update_rto_stats, tcp_update_rto_time};
pub use ops::CaState;
pub(crate) use ops::{AckSample, Algorithm, CaEvent, CongestionOps, Cwnd, SlowStartExit};
pub(crate) use ops::{INFINITE_SSTHRESH, INIT_CWND};
pub(crate) use prr::Prr;
use rack::tcp_rack_mark_lost;
pub(crate) use rack::{
    tcp_mark_skb_lost, tcp_rack_advance, tcp_rack_reo_timeout, tcp_rack_skb_timeout,
    tcp_rack_update_reo_wnd,
};
pub(crate) use recovery::{
    Rexmit, tcp_end_cwnd_reduction, tcp_enter_cwr, tcp_fastretrans_alert,
    tcp_init_congestion_control, tcp_init_cwnd_reduction, tcp_retrans_stamp_cleanup,
    tcp_set_ca_state, tcp_try_keep_open, tcp_xmit_recovery,
};
pub(crate) use reno::Reno;
pub(crate) use reno_sack::{tcp_limit_reno_sacked, tcp_remove_reno_sacks};
pub(crate) use scoreboard::tcp_resume_early_retransmit;
pub(crate) use undo::{tcp_tsopt_ecr_before, undo_synack_rto};
