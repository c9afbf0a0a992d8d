//! How much may be in flight, and what loss does about it.

mod cubic;
mod ops;
pub(crate) mod prr;
mod reno;

pub(crate) use cubic::Cubic;
pub use ops::CaState;
pub(crate) use ops::{AckSample, Algorithm, CaEvent, CongestionOps, Cwnd};
pub(crate) use ops::{INFINITE_SSTHRESH, INIT_CWND};
pub(crate) use prr::Prr;
pub(crate) use reno::Reno;
