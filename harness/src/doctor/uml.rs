//! The kernels that have been built for virtual time.

use super::{Check, Status};
use crate::uml::{Kernel, built};

const NAME: &str = "kernels in virtual time";

pub(super) fn checks() -> Vec<Check> {
    let built = built();
    if built.is_empty() {
        let fix = "cargo xtask uml build (docs/virtual-time.md)";
        return vec![Check::bad(NAME, Status::Warn, "none has been built", fix)];
    }
    let check = |(name, kernel)| match kernel {
        Ok(Kernel { version, hz, config_hash, binary, .. }) => Check::ok(
            &format!("kernel uml:{name}"),
            format!("{version}, HZ {hz}, config {config_hash}, {}", binary.display()),
        ),
        Err(error) => {
            let fix = "cargo xtask uml build --help; cargo xtask uml clean";
            Check::bad(&format!("kernel uml:{name}"), Status::Warn, format!("{error}"), fix)
        }
    };
    built.into_iter().map(check).collect()
}
