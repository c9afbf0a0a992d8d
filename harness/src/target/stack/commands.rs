//! Shell commands on a stack: sysctls and the few things its network has.

use std::collections::BTreeMap;
use std::path::Path;

use synproof_stack::sysctl::SysctlError;

use super::target::StackTarget;
use crate::command::host::{CommandHost, Refusal, SysctlKey};
use crate::command::ip::{IpCommand, IpObject};
use crate::command::tc::{TcCommand, TcObject};

/// Longest command quoted in a reason.
const QUOTED: usize = 60;

/// The stack's side of commands.
pub(super) struct Host<'a> {
    pub(super) target: &'a mut StackTarget,
}

/// The command as far as it helps to name it.
fn quoted(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let short: String = line.chars().take(QUOTED).collect();
    if short.len() < text.trim().len() { format!("`{short}…`") } else { format!("`{short}`") }
}

fn lacks(what: &str) -> Refusal {
    Refusal::Unsupported(format!("stack has no {what}"))
}

impl CommandHost for Host<'_> {
    fn set_sysctl(&mut self, name: &str, value: &str) -> Result<SysctlKey, Refusal> {
        match self.target.stack.sysctl_mut().set(name, value) {
            Ok(()) => Ok(SysctlKey::Present),
            // Linux has no knob outside these trees that a TCP socket would notice.
            Err(SysctlError::Unknown { .. }) if !name.starts_with("net.") => {
                Err(lacks(&format!("sysctl {name}")))
            }
            Err(SysctlError::Unknown { .. }) if name.starts_with("net.inet") => {
                Ok(SysctlKey::Missing)
            }
            Err(SysctlError::Unknown { .. }) => Err(lacks(&format!("sysctl {name}"))),
            Err(
                why @ (SysctlError::Malformed { .. }
                | SysctlError::OutOfRange { .. }
                | SysctlError::ReadOnly { .. }),
            ) => Err(Refusal::failed(why.to_string())),
        }
    }

    fn read_sysctl(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.target.stack.sysctl().get(name) {
            Some(value) => Ok(Some(value)),
            None if name.starts_with("net.inet") => Ok(None),
            None => Err(lacks(&format!("sysctl {name}"))),
        }
    }

    fn write_file(&mut self, path: &str, _text: &str) -> Result<(), Refusal> {
        Err(lacks(&format!("file {path}")))
    }

    fn read_file(&mut self, path: &str) -> Result<Option<String>, Refusal> {
        Err(lacks(&format!("file {path}")))
    }

    fn ip(&mut self, command: &IpCommand) -> Result<(), Refusal> {
        let words = format!("command {}", quoted(&format!("ip {}", command.words.join(" "))));
        match &command.object {
            IpObject::TcpMetrics(_) => {
                self.target.stack.net_mut().flush_paths();
                Ok(())
            }
            IpObject::Route(_)
            | IpObject::Addr(_)
            | IpObject::Link(_)
            | IpObject::NotUnderstood(_) => Err(lacks(&words)),
        }
    }

    fn tc(&mut self, command: &TcCommand) -> Result<(), Refusal> {
        // Packets leave the stack at once: a queue without limits or pacing is no different.
        let passes =
            |kind: Option<&str>| matches!(kind, None | Some("pfifo" | "bfifo" | "noqueue"));
        match &command.object {
            TcObject::Qdisc(qdisc) if passes(qdisc.kind.as_deref()) && qdisc.options.is_empty() => {
                Ok(())
            }
            TcObject::Qdisc(_) | TcObject::NotUnderstood(_) => {
                let words = quoted(&format!("tc {}", command.words.join(" ")));
                Err(lacks(&format!("command {words}")))
            }
        }
    }

    fn ethtool(&mut self, dev: &str, features: &[(String, bool)]) -> Result<(), Refusal> {
        for (feature, on) in features {
            match feature.as_str() {
                "tso" | "gso" | "tcp-segmentation-offload" | "generic-segmentation-offload" => {
                    self.target.stack.net_mut().tso = *on;
                }
                _ => return Err(lacks(&format!("offload {feature} on {dev}"))),
            }
        }
        Ok(())
    }

    fn nstat_snapshot(&mut self) -> Result<BTreeMap<String, i64>, Refusal> {
        let counters = self.target.stack.mib().snapshot();
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(counters.into_iter().map(|(name, n)| (name.to_owned(), signed(n))).collect())
    }

    fn shell(&mut self, text: &str, _dir: &Path) -> Result<(), Refusal> {
        Err(lacks(&format!("shell for {}", quoted(text))))
    }

    fn sleep_us(&mut self, us: i64) -> Result<(), Refusal> {
        self.target.pass(us);
        Ok(())
    }
}
