//! Warnings about `//!` lines that say nothing: a key nobody reads, an expected failure that is
//! not of its form or names a target that does not exist.

use crate::script::ast::Script;
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Span;
use crate::script::token::TokenKind;
use crate::target::IpVersion;
use crate::target::registry::TARGETS;

/// Keys of `//! key: value`; `covers`, `deviates` and `linux` are for readers and for statistics.
const KEYS: [&str; 7] = ["covers", "deviates", "ip", "kernel", "linux", "needs", "xfail"];

/// Operators between a target and a version.
const OPERATORS: [&str; 5] = ["<", "<=", "==", ">", ">="];

/// The lines of `script` that have no effect.
#[must_use]
pub fn metadata_warnings(script: &Script) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for line in script.metadata.iter().filter(|line| !KEYS.contains(&line.key.as_str())) {
        let message = format!("nothing reads `//! {}:`", line.key);
        found.push(
            Diagnostic::warning("metadata::unknown-key", line.span, message)
                .with_help(format!("keys are {}", KEYS.join(", "))),
        );
    }
    for token in script.tokens.iter().filter(|token| token.kind == TokenKind::Comment) {
        let comment = script.source.slice(token.span);
        let Some(line) = comment.strip_prefix("//!").map(str::trim_start) else { continue };
        if let Some(rest) = line.strip_prefix("xfail") {
            xfail(rest, token.span, &mut found);
        } else if let Some(key) = scoped(line) {
            let message = format!("nothing reads `//! {key}(…)`");
            found.push(
                Diagnostic::warning("metadata::unknown-key", token.span, message)
                    .with_help("with a target in parentheses there is `xfail` alone"),
            );
        }
    }
    found.sort_by_key(|warning| warning.span);
    found
}

/// The word of `word(…): …`.
fn scoped(line: &str) -> Option<&str> {
    let (word, rest) = line.split_once('(')?;
    let is_key = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (is_key && rest.contains("):")).then_some(word)
}

fn xfail(rest: &str, span: Span, found: &mut Vec<Diagnostic>) {
    let scope = match rest.strip_prefix('(') {
        Some(inside) => inside.split_once("):").map(|(scope, _)| scope),
        None => rest.strip_prefix(':').map(|_| ""),
    };
    let Some(scope) = scope else {
        let message = "this expects nothing to fail";
        found.push(
            Diagnostic::warning("metadata::bad-xfail", span, message)
                .with_help("write `//! xfail: REASON` or `//! xfail(linux >= 6.1, ipv6): REASON`"),
        );
        return;
    };
    let words = scope.split(',').map(str::trim).filter(|word| !word.is_empty());
    for word in words.filter(|word| !is_ip(word) && !is_target(word)) {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        let message = format!("`{word}` names no target and no IP version");
        found.push(
            Diagnostic::warning("metadata::unknown-target", span, message)
                .with_help(format!("targets are {}", names.join(", "))),
        );
    }
}

fn is_ip(word: &str) -> bool {
    [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6].iter().any(|ip| ip.name() == word)
}

/// `linux`, `linux:veth`, `linux >= 6.1`.
fn is_target(word: &str) -> bool {
    let words: Vec<_> = word.split_whitespace().collect();
    let known = |name: &str| TARGETS.iter().any(|target| target.name == name);
    match words.as_slice() {
        [name] => known(name),
        [name, operator, version] => {
            let is_version = version.starts_with(|c: char| c.is_ascii_digit());
            known(name) && OPERATORS.contains(operator) && is_version
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::metadata_warnings;
    use crate::script::{self, source::SourceFile};

    #[rstest::rstest]
    #[case(
        "//! covers: x\n//! linux: tcp_v4_rcv\n//! ip: ipv4\n//! needs: FASTOPEN\n//! xfail(linux >= 6.1, ipv6): y",
        ""
    )]
    #[case("//! cover: x", "metadata::unknown-key")]
    #[case("//! xfial(linux): x", "metadata::unknown-key")]
    #[case("//! as connect(2) says: x", "")]
    #[case("//! xfail because", "metadata::bad-xfail")]
    #[case("//! xfail(linx): x", "metadata::unknown-target")]
    #[case("//! xfail(linux 6.1): x", "metadata::unknown-target")]
    fn names_what_has_no_effect(#[case] text: &str, #[case] code: &str) {
        let source = SourceFile::new("a.pkt", format!("{text}\n0 `true`\n"));
        let (script, _) = script::parse(&source, &Default::default());
        let codes: Vec<_> = metadata_warnings(&script).iter().map(|w| w.code).collect();
        assert_eq!(codes.join(" "), code);
    }
}
