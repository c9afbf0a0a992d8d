//! Stories: two stacks over a bad link in virtual time, each with a program; the same for the tests
//! of the stack and for its fuzzers.
//!
//! * [`plan`]: what a story is, and how a seed becomes one; * [`program`]: a host that follows a plan;
//! * [`link`]: what becomes of datagrams; * [`play`]: the story from beginning to end.

pub mod link;
pub mod plan;
pub mod play;
pub mod program;

pub use link::{Fate, Link, Weather};
pub use plan::{Ending, Plan, Story};
pub use play::Play;

/// What cannot fail, as a story is made of what exists.
///
/// # Panics
/// It did.
#[track_caller]
fn sure<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("a story is made of what exists: {error:?}"))
}
