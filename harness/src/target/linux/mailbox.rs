//! What one thread hands another to do: a queue whose reader sleeps while it is empty.
//!
//! As `std::sync::mpsc`, but for what it costs: a message wakes its reader when the writer holds no
//! lock any more. In a guest the reader runs at once, and would sleep again to wait for that lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

struct Queue<T> {
    messages: VecDeque<T>,
    /// One of the two ends is gone.
    closed: bool,
}

fn lock<T>(queue: &Mutex<Queue<T>>) -> MutexGuard<'_, Queue<T>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The writer's end. Its reader comes to an end when this is dropped.
pub(super) struct Mailbox<T> {
    queue: Arc<Mutex<Queue<T>>>,
    reader: Thread,
}

impl<T> Mailbox<T> {
    /// Leaves a message; false if nobody reads any more.
    pub(super) fn send(&self, message: T) -> bool {
        let mut queue = lock(&self.queue);
        if queue.closed {
            return false;
        }
        queue.messages.push_back(message);
        drop(queue);
        self.reader.unpark();
        true
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        lock(&self.queue).closed = true;
        self.reader.unpark();
    }
}

/// The reader's end, to be given to its thread.
pub(super) struct Inbox<T>(Arc<Mutex<Queue<T>>>);

impl<T> Inbox<T> {
    /// A new one, that nobody writes to yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Queue { messages: VecDeque::new(), closed: false })))
    }

    /// The end of the writer to a reader who reads on the thread that `reader` gives.
    pub(super) fn mailbox(&self) -> impl FnOnce(&Thread) -> Mailbox<T> + use<T> {
        let queue = Arc::clone(&self.0);
        |reader| Mailbox { queue, reader: reader.clone() }
    }

    /// The next message, waited for; none when there will be no more.
    pub(super) fn next(&self) -> Option<T> {
        loop {
            let mut queue = lock(&self.0);
            if let Some(message) = queue.messages.pop_front() {
                return Some(message);
            }
            if queue.closed {
                return None;
            }
            drop(queue);
            thread::park();
        }
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        lock(&self.0).closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_arrives_in_order_and_then_the_end() {
        let inbox = Inbox::new();
        let mailbox = inbox.mailbox();
        let reader = thread::spawn(move || std::iter::from_fn(|| inbox.next()).collect::<Vec<_>>());
        let mailbox = mailbox(reader.thread());
        assert!((0..1000).all(|n| mailbox.send(n)));
        drop(mailbox);
        assert!(reader.join().unwrap().into_iter().eq(0..1000));
    }

    #[test]
    fn a_reader_that_is_gone_takes_nothing() {
        let inbox = Inbox::new();
        let mailbox = inbox.mailbox()(&thread::current());
        drop(inbox);
        assert!(!mailbox.send(()));
    }
}
