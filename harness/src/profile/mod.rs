//! Profiles: named sets of options and sysctls under which a family of scripts is meant to run,
//! and the `synproof.toml` that says which one applies to a directory.

mod embedded;
mod glob;
mod load;
mod model;
mod project;

pub use embedded::SPECS;
pub use glob::glob_match;
pub use load::{ProfileError, embedded_names, load, parse};
pub use model::{FileRule, Layer, Profile};
pub use project::{ExpectEntry, PROJECT_FILE, Project, ProjectError, find_project};
