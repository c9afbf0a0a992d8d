//! How much may be in flight, and what loss does about it.

mod cubic;
mod ops;
mod reno;

pub(crate) use cubic::Cubic;
pub use ops::CaState;
pub(crate) use ops::{Algorithm, AckSample, CaEvent, CongestionOps, Cwnd};
pub(crate) use reno::Reno;
