//! The `specs` directory as it was when the binary was built.

use include_dir::{Dir, include_dir};

/// Profiles, our own scripts and the recorded divergences, so that one binary is enough.
pub static SPECS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../specs");
