//! The basic regular expressions that scripts give to grep: characters, `.`, `*`, `^`, `$` and a
//! backslash in front of one of them. Brackets, groups and repetition counts are not understood.

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    atoms: Vec<Atom>,
    from_start: bool,
    to_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Atom {
    /// [`None`] is `.`.
    is: Option<char>,
    starred: bool,
}

impl Pattern {
    /// Compiles a basic regular expression; [`None`] if it holds more than we match.
    #[must_use]
    pub(super) fn new(text: &str) -> Option<Self> {
        let (from_start, body) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut atoms = Vec::<Atom>::new();
        let mut to_end = false;
        let mut rest = body.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '$' if rest.peek().is_none() => to_end = true,
                '[' | ']' => return None,
                '*' => match atoms.last_mut() {
                    Some(last) if last.starred => return None,
                    Some(last) => last.starred = true,
                    None => atoms.push(Atom { is: Some('*'), starred: false }),
                },
                '.' => atoms.push(Atom { is: None, starred: false }),
                '\\' => {
                    let escaped = rest.next().filter(|c| ".*^$[]\\/-".contains(*c))?;
                    atoms.push(Atom { is: Some(escaped), starred: false });
                }
                c => atoms.push(Atom { is: Some(c), starred: false }),
            }
        }
        Some(Self { atoms, from_start, to_end })
    }

    /// Whether some part of `line` matches.
    #[must_use]
    pub(super) fn matches(&self, line: &str) -> bool {
        let chars = line.chars().collect::<Vec<_>>();
        let last_start = if self.from_start { 0 } else { chars.len() };
        (0..=last_start).any(|start| {
            let tail = chars.get(start..).unwrap_or_default();
            let mut live = vec![false; tail.len() + 1];
            if let Some(first) = live.first_mut() {
                *first = true;
            }
            let ends = self.atoms.iter().fold(live, |live, atom| atom.step(&live, tail));
            if self.to_end { ends.last() == Some(&true) } else { ends.contains(&true) }
        })
    }
}

impl Atom {
    fn takes(self, c: char) -> bool {
        self.is.is_none_or(|own| own == c)
    }

    /// `live[i]`: everything so far can have matched the first `i` characters. The same after
    /// this atom.
    fn step(self, live: &[bool], chars: &[char]) -> Vec<bool> {
        let mut before = false;
        let mut reached = false;
        let mut next = Vec::with_capacity(live.len());
        for (at, &here) in live.iter().enumerate() {
            let eaten =
                at.checked_sub(1).and_then(|i| chars.get(i)).is_some_and(|&c| self.takes(c));
            reached = if self.starred { here || (eaten && reached) } else { eaten && before };
            next.push(reached);
            before = here;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "TcpExtOutOfWindowIcmps",
        "TcpExtOutOfWindowIcmps          1                  0.0",
        true
    )]
    #[case(":1F90", "  0: 0100007F:1F90 00000000:0000 0A", true)]
    #[case("^Tcp", "IpExtTcp", false)]
    #[case("^Tcp", "TcpActiveOpens", true)]
    #[case("Tcp.*Opens ", "TcpActiveOpens 1", true)]
    #[case("a*b$", "caab", true)]
    #[case("a*b$", "caabc", false)]
    #[case("^ab*c$", "ac", true)]
    #[case("^ab*c$", "abbbc", true)]
    #[case("^ab*c$", "abdc", false)]
    #[case("1\\.5", "1x5", false)]
    #[case("1\\.5", "1.5", true)]
    #[case("", "anything", true)]
    fn matching(#[case] pattern: &str, #[case] line: &str, #[case] want: bool) {
        assert_eq!(Pattern::new(pattern).unwrap().matches(line), want);
    }

    #[rstest]
    #[case("[0-9]")]
    #[case("\\(a\\)")]
    #[case("a\\|b")]
    fn beyond(#[case] pattern: &str) {
        assert_eq!(Pattern::new(pattern), None);
    }
}
