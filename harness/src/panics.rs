//! A panic while a script runs is a bug of the harness: it becomes that script's result, and the
//! others go on.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps message and place of a panic inside [`caught`] instead of printing them; other panics are
/// reported as before. For binaries: a library must not change what the whole process does.
pub fn install_hook() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if CATCHING.get() {
            LAST.with(|last| *last.borrow_mut() = Some(info.to_string()));
        } else {
            previous(info);
        }
    }));
}

/// Runs `work`; if it panics, says how and where.
///
/// # Errors
/// The message of the panic, on one line.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|payload| {
        let hooked = LAST.with(|last| last.borrow_mut().take());
        let text = hooked.unwrap_or_else(|| {
            let text = payload.downcast_ref::<&str>().map(ToString::to_string);
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            text.unwrap_or_else(|| "panic without a message".into())
        });
        text.lines().collect::<Vec<_>>().join(" ")
    })
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(caught(|| 7), Ok(7));
        let said = caught(|| panic!("two\nlines")).unwrap_err();
        assert!(said.contains("two lines"), "{said}");
        assert_eq!(caught(|| 8), Ok(8));
    }
}
