//! What one run of one script is configured with, after every source of options was merged.
//!
//! Precedence, lowest first: built-in defaults, a profile's `[defaults]`, the script's own options,
//! a profile's `[options]` (as if on the command line), the command line. One table
//! ([`OPTIONS`]) names every option, and serves scripts, profiles and the command line alike.

mod address;
mod draft;
mod model;
mod resolve;
mod setting;
mod table;

pub use draft::Draft;
pub use model::{Config, Tolerance, ToleranceOrigin};
pub use resolve::{builtin, defines, ip_version_option, resolve};
pub use setting::{CliOptions, DEFAULT_SEED, Origin, Setting, SettingError};
pub use table::{OPTIONS, OptionSpec, Takes, find};
