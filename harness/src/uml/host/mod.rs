//! The host's side: boots guests, hands them scripts, and outlives whatever happens to them.

mod boot;
mod channel;
mod console;
mod fleet;
mod guest;
mod processor;
mod room;

pub use fleet::Guests;
