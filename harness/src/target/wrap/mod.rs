//! Targets around targets.

pub mod faulty;

pub use faulty::{Fault, Faulty};
