//! A map from ids that are given out in ascending order: finding one costs the same however many
//! there are.
//!
//! Linux: pointers. Pages of neighbouring ids stand behind one another; a page is gone once all of
//! its ids are, so that memory follows the number of objects and not the number of ids ever used.

use std::collections::VecDeque;

use crate::sock::SockId;

/// Ids of a page.
const PAGE: usize = 64;

/// Values of neighbouring ids.
#[derive(Clone, Debug)]
struct Page<T> {
    used: usize,
    slots: [Option<T>; PAGE],
}

/// The map.
#[derive(Clone, Debug)]
pub(crate) struct ById<T> {
    /// Number of the first page.
    first: usize,
    pages: VecDeque<Option<Box<Page<T>>>>,
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self { first: 0, pages: VecDeque::new() }
    }
}

impl<T> ById<T> {
    /// The value of `id`.
    pub(crate) fn get(&self, id: SockId) -> Option<&T> {
        let (page, slot) = place(id);
        let page = self.pages.get(page.checked_sub(self.first)?)?.as_ref()?;
        page.slots.get(slot)?.as_ref()
    }

    /// The value of `id`, to change it.
    pub(crate) fn get_mut(&mut self, id: SockId) -> Option<&mut T> {
        self.slot_mut(id)?.as_mut()
    }

    /// Gives `id` a value; returns the one it had.
    pub(crate) fn insert(&mut self, id: SockId, value: T) -> Option<T> {
        let (number, slot) = place(id);
        self.make_room(number);
        let page = self.pages.get_mut(number.checked_sub(self.first)?)?;
        let page = page.get_or_insert_with(|| {
            Box::new(Page { used: 0, slots: std::array::from_fn(|_| None) })
        });
        let before = page.slots.get_mut(slot)?.replace(value);
        page.used += usize::from(before.is_none());
        before
    }

    /// Takes the value of `id`.
    pub(crate) fn remove(&mut self, id: SockId) -> Option<T> {
        let (number, slot) = place(id);
        let entry = self.pages.get_mut(number.checked_sub(self.first)?)?;
        let page = entry.as_mut()?;
        let value = page.slots.get_mut(slot)?.take()?;
        page.used -= 1;
        if page.used == 0 {
            *entry = None;
            self.trim();
        }
        Some(value)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.pages.iter().flatten().map(|page| page.used).sum()
    }

    /// Ids and values, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SockId, &T)> + '_ {
        let pages = self.pages.iter().enumerate();
        let pages = pages.filter_map(|(at, page)| Some((at, page.as_ref()?)));
        pages.flat_map(move |(at, page)| {
            let slots = page.slots.iter().enumerate();
            slots.filter_map(move |(slot, value)| {
                let id = u32::try_from((self.first + at) * PAGE + slot).ok()?;
                Some((SockId(id), value.as_ref()?))
            })
        })
    }

    fn slot_mut(&mut self, id: SockId) -> Option<&mut Option<T>> {
        let (page, slot) = place(id);
        let page = self.pages.get_mut(page.checked_sub(self.first)?)?.as_mut()?;
        page.slots.get_mut(slot)
    }

    /// Makes the pages reach to `number`.
    fn make_room(&mut self, number: usize) {
        if self.pages.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.pages.push_front(None);
            self.first -= 1;
        }
        while self.first + self.pages.len() <= number {
            self.pages.push_back(None);
        }
    }

    /// Drops pages at the ends that hold nothing.
    fn trim(&mut self) {
        while self.pages.back().is_some_and(Option::is_none) {
            self.pages.pop_back();
        }
        while self.pages.front().is_some_and(Option::is_none) {
            self.pages.pop_front();
            self.first += 1;
        }
    }
}

/// Page and slot of an id.
fn place(id: SockId) -> (usize, usize) {
    let number = usize::try_from(id.0).unwrap_or(usize::MAX);
    (number / PAGE, number % PAGE)
}

#[cfg(test)]
mod tests {
    use super::{ById, SockId};

    #[test]
    fn it_is_a_map_in_the_order_of_ids() {
        let mut map = ById::default();
        for id in [5000, 1, 70, 64, 9999] {
            assert_eq!(map.insert(SockId(id), id), None);
        }
        assert_eq!(map.insert(SockId(70), 71), Some(70));
        assert_eq!(map.get(SockId(70)), Some(&71));
        *map.get_mut(SockId(64)).unwrap() = 0;
        let all: Vec<_> = map.iter().map(|(id, value)| (id.0, *value)).collect();
        assert_eq!(all, [(1, 1), (64, 0), (70, 71), (5000, 5000), (9999, 9999)]);
        assert_eq!(map.remove(SockId(2)), None);
        assert_eq!(map.get(SockId(u32::MAX)), None);
    }

    #[test]
    fn memory_follows_what_is_there() {
        let mut map = ById::default();
        for id in 1..100_000 {
            map.insert(SockId(id), ());
            if id > 100 {
                assert_eq!(map.remove(SockId(id - 100)), Some(()));
            }
        }
        assert!(map.pages.len() <= 4, "{} pages", map.pages.len());
        assert_eq!(map.iter().count(), 100);
    }
}
