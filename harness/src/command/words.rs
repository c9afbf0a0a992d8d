//! Reading the words of one command from left to right.

/// What is left of a command's words.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    rest: std::slice::Iter<'a, String>,
}

impl<'a> Words<'a> {
    /// All of `words`.
    pub(super) fn new(words: &'a [String]) -> Self {
        Self { rest: words.iter() }
    }

    /// The next word, taken.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        self.rest.next().map(String::as_str)
    }

    /// The next word, left there.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.rest.as_slice().first().map(String::as_str)
    }

    /// Takes the next word if it is `word`.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let there = self.peek() == Some(word);
        if there {
            self.rest.next();
        }
        there
    }

    /// The word after `keyword`, or why there is none.
    pub(super) fn value(&mut self, keyword: &str) -> Result<&'a str, String> {
        self.next().ok_or_else(|| format!("{keyword} without a value"))
    }

    /// The number after `keyword`, decimal or hexadecimal.
    pub(super) fn number(&mut self, keyword: &str) -> Result<u32, String> {
        let word = self.value(keyword)?;
        number(word).ok_or_else(|| format!("{keyword} {word}: not a number"))
    }

    /// Everything that is left.
    pub(super) fn all(&self) -> &'a [String] {
        self.rest.as_slice()
    }
}

/// A decimal or `0x` hexadecimal number.
pub(super) fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}
