//! What stands around the events: `--options`, the untimed commands, `//! key: value` metadata.

use crate::script::ast::{Event, Metadata, OptionDecl, ShellCommand, Time};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{SourceFile, Span};
use crate::script::token::{Token, TokenKind};

use super::cursor::{Parsed, Parser};

/// The parts of a script in the order packetdrill wants them.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) options: Vec<OptionDecl>,
    pub(super) init: Option<ShellCommand>,
    pub(super) events: Vec<Event>,
    pub(super) cleanup: Option<ShellCommand>,
}

/// Whether a script option has an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    Needed,
    None,
}

/// Options a script may set. Those of packetdrill's wire and shared-object modes are accepted, as
/// its command line and its scripts share one table.
const OPTIONS: [(&str, Argument); 42] = [
    ("bind_port", Argument::Needed),
    ("code_command", Argument::Needed),
    ("code_format", Argument::Needed),
    ("code_sockopt", Argument::Needed),
    ("connect_port", Argument::Needed),
    ("debug", Argument::None),
    ("define", Argument::Needed),
    ("dry_run", Argument::None),
    ("gateway_ip", Argument::Needed),
    ("init_scripts", Argument::Needed),
    ("ip_version", Argument::Needed),
    ("is_anyip", Argument::None),
    ("local_ip", Argument::Needed),
    ("mss", Argument::Needed),
    ("mtu", Argument::Needed),
    ("netmask_ip", Argument::Needed),
    ("non_fatal", Argument::Needed),
    ("persistent_tun_dev", Argument::None),
    ("psp_udp_port", Argument::Needed),
    ("remote_ip", Argument::Needed),
    ("send_omit_free", Argument::None),
    ("so_filename", Argument::Needed),
    ("so_flags", Argument::Needed),
    ("speed", Argument::Needed),
    ("strict_segments", Argument::None),
    ("strict_packets", Argument::None),
    ("strict_ts_ecr", Argument::None),
    ("tcp_md5_secret", Argument::Needed),
    ("tcp_ts_ecr_scaled", Argument::None),
    ("tcp_ts_tick_usecs", Argument::Needed),
    ("tolerance_percent", Argument::Needed),
    ("tolerance_usecs", Argument::Needed),
    ("tun_dev", Argument::Needed),
    ("udp_encapsulation", Argument::Needed),
    ("verbose", Argument::None),
    ("wire_client", Argument::None),
    ("wire_client_dev", Argument::Needed),
    ("wire_server", Argument::None),
    ("wire_server_at", Argument::Needed),
    ("wire_server_dev", Argument::Needed),
    ("wire_server_ip", Argument::Needed),
    ("wire_server_port", Argument::Needed),
];

impl Parser<'_> {
    /// The whole script. Order is checked on the way: options, init command, events, cleanup.
    pub(super) fn script(&mut self) -> Parts {
        let mut parts = Parts::default();
        self.stray_word();
        while !self.is_at_end() {
            let start = self.position();
            let is_event = !self.at_kind(TokenKind::Option) && !self.at_kind(TokenKind::Command);
            let parsed = if self.at_kind(TokenKind::Option) {
                self.option(&mut parts)
            } else if self.at_kind(TokenKind::Command) {
                self.untimed_command(&mut parts);
                Ok(())
            } else {
                self.timed(&mut parts)
            };
            if parsed.is_err() {
                self.recover(start);
            } else if let Some(span) = self.leaves_row(start, is_event) {
                self.error("parse::loop", span, "in a loop stand events, and all of each of them");
            }
        }
        self.first_event(&parts);
        parts
    }

    /// A slip of the keyboard at the very top, alone on its line, cannot be part of anything.
    fn stray_word(&mut self) {
        if self.at_kind(TokenKind::Word) && self.peek_at(1).first_on_line {
            let token = self.next();
            let message = format!("`{}` at the top of the script means nothing", token.text);
            self.report(Diagnostic::warning("parse::stray-word", token.span, message));
        }
    }

    fn timed(&mut self, parts: &mut Parts) -> Parsed<()> {
        let event = self.event()?;
        if parts.cleanup.is_some() {
            self.report(
                Diagnostic::error("parse::order", event.span, "event after the cleanup command")
                    .with_help("a command without a time ends the script; give it a time"),
            );
        }
        parts.events.push(event);
        Ok(())
    }

    fn first_event(&mut self, parts: &Parts) {
        let Some(first) = parts.events.first() else {
            if self.is_clean() {
                let span = self.peek().span;
                self.error("parse::no-events", span, "script has no events");
            }
            return;
        };
        let start = match first.time.node {
            Time::Any => 0,
            Time::Absolute(at)
            | Time::Relative(at)
            | Time::AbsoluteRange(at, _)
            | Time::RelativeRange(at, _) => at,
        };
        if start != 0 {
            let span = first.time.span;
            self.error("parse::first-event-time", span, "first event should be at time 0");
        }
    }

    fn untimed_command(&mut self, parts: &mut Parts) {
        let command = self.command();
        let misplaced = if parts.events.is_empty() {
            parts.init.replace(command)
        } else {
            parts.cleanup.replace(command)
        };
        if let Some(earlier) = misplaced {
            self.report(
                Diagnostic::error("parse::order", earlier.span, "second command without a time")
                    .with_help("one may stand before the first event and one after the last"),
            );
        }
    }

    /// Takes a command token.
    pub(super) fn command(&mut self) -> ShellCommand {
        let token = self.next();
        let text = token.text.strip_prefix('`').unwrap_or(token.text);
        let text = text.strip_suffix('`').unwrap_or(text);
        ShellCommand { text: text.to_owned(), span: token.span }
    }

    fn option(&mut self, parts: &mut Parts) -> Parsed<()> {
        let flag = self.next();
        let name = flag.text.trim_start_matches('-').to_owned();
        let value = match self.accept("=") {
            Some(_) => Some(self.option_value(&name)?),
            None => None,
        };
        let span = self.span_from(flag.span);
        if parts.init.is_some() || !parts.events.is_empty() {
            self.error("parse::order", span, "options stand before everything else");
        }
        self.known_option(&name, value.is_some(), span);
        parts.options.push(OptionDecl { name, value, span });
        Ok(())
    }

    fn known_option(&mut self, name: &str, has_value: bool, span: Span) {
        let Some((_, argument)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
            return self.error("parse::unknown-option", span, format!("unknown option `--{name}`"));
        };
        // `--debug` takes its level or none.
        match (argument, has_value) {
            (Argument::Needed, false) => {
                let message = format!("option `--{name}` needs a value");
                self.error("parse::option-value", span, message);
            }
            (Argument::None, true) if name != "debug" => {
                let message = format!("option `--{name}` has no value");
                self.error("parse::option-value", span, message);
            }
            (Argument::Needed, true) | (Argument::None, _) => {}
        }
    }

    fn option_value(&mut self, name: &str) -> Parsed<String> {
        let token = self.peek();
        match token.kind {
            TokenKind::Word if self.peek_at(1).is("=") => {
                self.next();
                self.next();
                let value = self.peek();
                let is_value = matches!(
                    value.kind,
                    TokenKind::Word | TokenKind::Str | TokenKind::Command | TokenKind::Int
                );
                if !is_value {
                    return Err(self.unexpected("a word, a string or a command"));
                }
                self.next();
                Ok(format!("{}={}", token.text, value.text))
            }
            TokenKind::Int | TokenKind::Word | TokenKind::Ipv4 | TokenKind::Ipv6 => {
                Ok(self.next().text.to_owned())
            }
            TokenKind::Keyword if matches!(token.text, "ipv4" | "ipv6") => {
                Ok(self.next().text.to_owned())
            }
            TokenKind::Str => Ok(unquote(self.next().text).to_owned()),
            TokenKind::Float => {
                self.next();
                let message = format!("value of `--{name}` cannot be a decimal fraction");
                self.report(
                    Diagnostic::error("parse::option-value", token.span, message)
                        .with_help(format!("write it as a string: --{name}=\"{}\"", token.text)),
                );
                Ok(token.text.to_owned())
            }
            TokenKind::Space
            | TokenKind::Comment
            | TokenKind::Directive
            | TokenKind::Skipped
            | TokenKind::Keyword
            | TokenKind::Option
            | TokenKind::Hex
            | TokenKind::Command
            | TokenKind::Code
            | TokenKind::Name
            | TokenKind::Ellipsis
            | TokenKind::Punct
            | TokenKind::Error => Err(self.unexpected("the value of the option")),
        }
    }
}

/// The text between the double quotes.
pub(super) fn unquote(text: &str) -> &str {
    let text = text.strip_prefix('"').unwrap_or(text);
    text.strip_suffix('"').unwrap_or(text)
}

/// The `//! key: value` comments.
pub(super) fn metadata(source: &SourceFile, tokens: &[Token]) -> Vec<Metadata> {
    let comments = tokens.iter().filter(|token| token.kind == TokenKind::Comment);
    comments
        .filter_map(|token| {
            let (key, value) = source.slice(token.span).strip_prefix("//!")?.split_once(':')?;
            let key = key.trim();
            let is_key = !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            is_key.then(|| Metadata {
                key: key.to_owned(),
                value: value.trim().to_owned(),
                span: token.span,
            })
        })
        .collect()
}
