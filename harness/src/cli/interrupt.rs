//! Ctrl-C and SIGTERM: the first asks the run to stop, the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;

/// A flag that the first signal sets: no further script starts, those that run finish and take
/// their networks down. The second signal does not wait for them; the kernel takes down what
/// belongs to the process.
pub(super) fn stop_flag() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    })?;
    Ok(stop)
}
