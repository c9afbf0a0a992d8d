//! What is to be proved, and what was: requirements and the scripts that claim them, and from the
//! logs of real runs which cells of the tables were met. Pure: values in, values and text out.
//!
//! `requirement` reads the registry that is part of the binary; `grid` names the cells; `observe`
//! finds in one log what was met, with `track` for windows and `cause` for edges; `coverage` adds
//! runs up; `text`, `page` and `explain` say it.

pub mod cause;
pub mod coverage;
pub mod explain;
pub mod grid;
pub mod observe;
pub mod page;
pub mod requirement;
pub mod text;
mod track;

#[cfg(test)]
mod tests;
