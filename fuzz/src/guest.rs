//! A program that starts guests is their init, too.

/// Comes first in every program: in a guest it does what a guest does, and does not return.
pub fn begin() {
    #[cfg(target_os = "linux")]
    if std::env::args().nth(1).is_some_and(|word| word == synproof_harness::uml::guest::COMMAND) {
        let Err(_not_a_guest) = synproof_harness::uml::guest::init();
    }
}
