//! Shell text to words and operators (POSIX Shell Command Language, 2.2 Quoting and 2.3 Token
//! Recognition). Expansions are done on the way: `$((…))` and `$PPID` are all we know.

use super::arithmetic;

/// Stands in a word where the shell would put the process id of the harness.
pub(super) const PPID: &str = "\u{0}PPID\u{0}";

/// A word or an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lexeme {
    /// Quotes removed, expansions made.
    Word {
        /// The text.
        text: String,
        /// Some part was quoted: never a reserved word or an operator.
        quoted: bool,
        /// Where it stands: byte offsets.
        at: (usize, usize),
    },
    /// `;` or a line end.
    End,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `>FILE`, `2>FILE`, `>&2`, `2>&1`, `&>FILE`; the file follows as a word.
    Redirect(Redirect),
}

/// Which output goes where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// `>` or `1>`
    Stdout,
    /// `>>` or `1>>`
    Append,
    /// `2>`, `2>>`, `&>`: errors too, which a script never reads.
    Errors,
    /// `2>&1`, `>&2`: no file follows.
    Merge,
}

/// Splits `text`; the error says what is beyond us.
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, String> {
    let mut lexer = Lexer { text, at: 0, out: Vec::new() };
    while lexer.next_lexeme()? {}
    Ok(lexer.out)
}

/// Operators, longest first, with what they mean; [`Err`] for those beyond us.
const OPERATORS: [(&str, Result<Lexeme, &str>); 23] = [
    ("2>&1", Ok(Lexeme::Redirect(Redirect::Merge))),
    ("1>&2", Ok(Lexeme::Redirect(Redirect::Merge))),
    ("&>>", Ok(Lexeme::Redirect(Redirect::Errors))),
    ("2>>", Ok(Lexeme::Redirect(Redirect::Errors))),
    ("1>>", Ok(Lexeme::Redirect(Redirect::Append))),
    (">&2", Ok(Lexeme::Redirect(Redirect::Merge))),
    // bash's spelling of `>FILE 2>&1`. dash reads it as a background command, which no script
    // that writes it means.
    ("&>", Ok(Lexeme::Redirect(Redirect::Errors))),
    ("2>", Ok(Lexeme::Redirect(Redirect::Errors))),
    ("1>", Ok(Lexeme::Redirect(Redirect::Stdout))),
    (">>", Ok(Lexeme::Redirect(Redirect::Append))),
    (">|", Err("the operator >|")),
    (">&", Err("duplicating a file descriptor")),
    (">", Ok(Lexeme::Redirect(Redirect::Stdout))),
    ("<", Err("reading from a file with <")),
    ("&&", Ok(Lexeme::And)),
    ("||", Ok(Lexeme::Or)),
    (";;", Err("a case statement")),
    ("|&", Err("the operator |&")),
    ("|", Ok(Lexeme::Pipe)),
    ("&", Err("a background command")),
    (";", Ok(Lexeme::End)),
    ("\n", Ok(Lexeme::End)),
    ("(", Err("a subshell or function")),
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: Vec<Lexeme>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// False at the end of the text.
    fn next_lexeme(&mut self) -> Result<bool, String> {
        self.skip_blanks();
        let Some(first) = self.peek() else {
            return Ok(false);
        };
        let operator = OPERATORS.iter().find(|(op, _)| self.rest().starts_with(op));
        match (first, operator) {
            ('#', _) => {
                let line = self.rest().find('\n').unwrap_or(self.rest().len());
                self.at += line;
            }
            (_, Some((op, Ok(lexeme)))) => {
                self.at += op.len();
                self.out.push(lexeme.clone());
            }
            (_, Some((_, Err(why)))) => return Err((*why).to_owned()),
            (')', None) => return Err("a closing parenthesis".to_owned()),
            (_, None) => self.word()?,
        }
        Ok(true)
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let skip = match rest.as_bytes() {
                [b' ' | b'\t' | b'\r', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                // A backslash at the very end continues into nothing.
                [b'\\'] => 1,
                _ => return,
            };
            self.at += skip;
        }
    }

    fn word(&mut self) -> Result<(), String> {
        let start = self.at;
        let mut text = String::new();
        let mut quoted = false;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '>' | '<' | '(' | ')' => break,
                '\'' => {
                    quoted = true;
                    self.single_quoted(&mut text)?;
                }
                '"' => {
                    quoted = true;
                    self.double_quoted(&mut text)?;
                }
                '\\' => quoted |= self.escaped(&mut text),
                '$' => self.dollar(&mut text)?,
                '*' | '?' | '[' => return Err("a file name pattern".to_owned()),
                '~' if self.at == start => return Err("a home directory".to_owned()),
                '`' => return Err("a command substitution".to_owned()),
                c => {
                    self.bump();
                    text.push(c);
                }
            }
        }
        if self.at > start && (quoted || !text.is_empty()) {
            self.out.push(Lexeme::Word { text, quoted, at: (start, self.at) });
        }
        Ok(())
    }

    /// A backslash outside quotes; false if it only continued the line.
    fn escaped(&mut self, text: &mut String) -> bool {
        self.bump();
        let escaped = self.bump().filter(|c| *c != '\n');
        text.extend(escaped);
        escaped.is_some()
    }

    /// Between double quotes a backslash is itself unless it escapes something special there.
    fn escaped_in_quotes(&mut self, text: &mut String) {
        self.bump();
        match self.bump() {
            Some('\n') | None => {}
            Some(c @ ('$' | '`' | '"' | '\\')) => text.push(c),
            Some(c) => text.extend(['\\', c]),
        }
    }

    fn single_quoted(&mut self, text: &mut String) -> Result<(), String> {
        self.bump();
        let end = self.rest().find('\'').ok_or("a quote that is never closed")?;
        text.push_str(self.rest().get(..end).unwrap_or_default());
        self.at += end + 1;
        Ok(())
    }

    fn double_quoted(&mut self, text: &mut String) -> Result<(), String> {
        self.bump();
        loop {
            match self.peek() {
                None => return Err("a quote that is never closed".to_owned()),
                Some('"') => {
                    self.bump();
                    return Ok(());
                }
                Some('$') => self.dollar(text)?,
                Some('`') => return Err("a command substitution".to_owned()),
                Some('\\') => self.escaped_in_quotes(text),
                Some(c) => {
                    self.bump();
                    text.push(c);
                }
            }
        }
    }

    /// `$((…))`, `$PPID`, `${PPID}`; a lone `$` is itself.
    fn dollar(&mut self, text: &mut String) -> Result<(), String> {
        let rest = self.rest();
        if let Some(body) = rest.strip_prefix("$((") {
            let end = body.find("))").ok_or("arithmetic that is never closed")?;
            // `$(( (1+2) ))` and `$(((1+2)*3))` both end at the last pair of a run.
            let more = body.get(end + 2..).unwrap_or_default();
            let end = end + more.chars().take_while(|&c| c == ')').count();
            let inner = body.get(..end).unwrap_or_default();
            let value = arithmetic::evaluate(inner);
            let value = value.ok_or_else(|| format!("the arithmetic $(({inner}))"))?;
            text.push_str(&value.to_string());
            self.at += "$((".len() + end + "))".len();
            return Ok(());
        }
        let name_end = rest.get(1..).unwrap_or_default();
        let len = name_end.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = name_end.get(..len.unwrap_or(name_end.len())).unwrap_or_default();
        if rest.starts_with("${PPID}") {
            text.push_str(PPID);
            self.at += "${PPID}".len();
        } else if name == "PPID" {
            text.push_str(PPID);
            self.at += "$PPID".len();
        } else if name.is_empty()
            && !name_end.starts_with(['{', '(', '$', '?', '!', '@', '*', '#', '-'])
        {
            text.push('$');
            self.at += 1;
        } else {
            let shown = rest.split_whitespace().next().unwrap_or(rest);
            return Err(format!("the expansion {shown}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a b", "a|b")]
    #[case("a 'b c' \"d $((1+1))\"", "a|b c|d 2")]
    #[case("a\\ b c", "a b|c")]
    #[case("a \\\n  b # comment\nc", "a|b|;|c")]
    #[case("x=0\\\n\t y", "x=0|y")]
    #[case("x\\", "x")]
    #[case("a > /dev/null 2>&1; b", "a|>|/dev/null|>&|;|b")]
    #[case("a &> /dev/null ||\\\n b", "a|2>|/dev/null|or|b")]
    #[case("a|b&&c", "a|pipe|b|and|c")]
    #[case("\"a\\\"b\\n\"", "a\"b\\n")]
    #[case("$(((1+2)*3))", "9")]
    #[case("p${PPID}.sh", "p\u{0}PPID\u{0}.sh")]
    #[case("a 2 >x", "a|2|>|x")]
    #[case("a''", "a")]
    #[case("''", "")]
    #[case("^a$", "^a$")]
    fn lexemes(#[case] text: &str, #[case] want: &str) {
        let shown = lex(text).unwrap().into_iter().map(|lexeme| match lexeme {
            Lexeme::Word { text, .. } => text,
            Lexeme::End => ";".into(),
            Lexeme::And => "and".into(),
            Lexeme::Or => "or".into(),
            Lexeme::Pipe => "pipe".into(),
            Lexeme::Redirect(Redirect::Stdout) => ">".into(),
            Lexeme::Redirect(Redirect::Append) => ">>".into(),
            Lexeme::Redirect(Redirect::Errors) => "2>".into(),
            Lexeme::Redirect(Redirect::Merge) => ">&".into(),
        });
        assert_eq!(shown.collect::<Vec<_>>().join("|"), want);
    }

    #[rstest]
    #[case("a &", "a background command")]
    #[case("echo $HOME", "the expansion $HOME")]
    #[case("echo $(date)", "the expansion $(date)")]
    #[case("echo *", "a file name pattern")]
    #[case("(a)", "a subshell or function")]
    #[case("a < b", "reading from a file with <")]
    #[case("echo 'a", "a quote that is never closed")]
    #[case("echo $((x))", "the arithmetic $((x))")]
    fn beyond(#[case] text: &str, #[case] why: &str) {
        assert_eq!(lex(text).unwrap_err(), why);
    }
}
