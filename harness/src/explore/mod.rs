//! Exploration: every state, every event, on several targets, and what they do.
//!
//! * [`states`]: the situations it starts from, each reached by real events; [`events`]: what then
//!   happens, and the ways a segment can be off; [`cases`]: all of it, numbered.
//! * [`swarm`]: generated scenarios instead, from a seed.
//! * [`sides`]: one scenario on every target, compared; [`did`]: what a target did, in a few letters.
//! * [`campaign`]: many of them on several threads; [`journal`]: its memory on disk, from which it
//!   goes on after any end; [`table`]: what it comes to.

pub mod campaign;
pub mod cases;
pub mod did;
pub mod events;
pub mod journal;
pub mod random;
pub mod sides;
pub mod states;
pub mod swarm;
pub mod table;

pub use campaign::{Campaign, CampaignError, Progress};
pub use cases::{Case, Systematic};
pub use sides::{Sides, SidesError};
pub use swarm::Swarm;
