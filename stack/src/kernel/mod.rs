//! Which Linux the stack behaves as: everything that differs between versions, as data.
//!
//! `rules` are ways to behave, `knobs` are sysctls, `options` are socket options; `build` has the sizes that
//! no version but the configuration decides. Nothing else in the
//! stack compares versions: it asks `Cx::kernel` whether the kernel has a behaviour.

mod behaviours;
mod build;
mod knobs;
mod options;
mod span;
mod version;

pub use behaviours::{Behaviours, RULES, Rule};
pub(crate) use build::{MAX_TCP_HEADER, NET_SKB_PAD, SHARED_INFO, SKB_LEN, SMALL_HEAD};
pub(crate) use knobs::find as find_knob;
pub use knobs::{KNOBS, Knob};
pub(crate) use options::is_unknown;
pub use options::{OPTIONS, SocketOption};
pub use span::Span;
pub use version::KernelVersion;

#[cfg(test)]
mod tests;
