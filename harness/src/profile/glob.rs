//! File name patterns: `*` is any text (slashes included), `?` is one character.

/// Whether the whole of `text` matches `pattern`.
#[must_use]
pub fn glob_match(pattern: &str, text: &str) -> bool {
    let pattern = pattern.chars().collect::<Vec<_>>();
    let text = text.chars().collect::<Vec<_>>();
    // On a mismatch the last star takes one more character; no other choice ever has to be
    // revisited, so the cost is at most pattern times text.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(&c) if c == '?' || text.get(t) == Some(&c) => {
                p += 1;
                t += 1;
            }
            Some(_) | None => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                p = after;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    #[rstest]
    #[case("*v6.pkt", "a/basic-v6.pkt", true)]
    #[case("*v6.pkt", "a/basic-v4.pkt", false)]
    #[case("a*b*c", "aXbYbZc", true)]
    #[case("a?c", "abc", true)]
    #[case("a?c", "ac", false)]
    #[case("*", "", true)]
    #[case("", "x", false)]
    #[case("état*", "état/x", true)]
    fn patterns(#[case] pattern: &str, #[case] text: &str, #[case] matches: bool) {
        assert_eq!(super::glob_match(pattern, text), matches);
    }
}
