//! Shell commands on the stack: sysctls by name, counters, time; the network's part is `network`'s.

use std::collections::BTreeMap;
use std::path::Path;

use synproof_stack::sysctl::SysctlError;

use super::machine::Machine;
use super::metrics;
use super::network::Network;
use super::{beyond, qdisc};
use crate::command::host::{CommandHost, Refusal, SysctlKey};
use crate::command::ip::{IpCommand, IpObject};
use crate::command::sysctl;
use crate::command::tc::TcCommand;

/// The names of the knobs whose values are names of congestion controls.
const CONGESTION_KNOBS: [&str; 2] =
    ["net.ipv4.tcp_congestion_control", "net.ipv4.tcp_allowed_congestion_control"];
/// So much of a command fits into the reason of a skip.
const SHOWN: usize = 60;

/// One target's side of the commands.
pub(super) struct StackHost<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) network: &'a mut Network,
}

impl CommandHost for StackHost<'_> {
    fn set_sysctl(&mut self, name: &str, value: &str) -> Result<SysctlKey, Refusal> {
        let words = || value.split_whitespace();
        if CONGESTION_KNOBS.contains(&name)
            && let Some(algorithm) = words().find_map(beyond::congestion_control)
        {
            return lacks(format!("congestion control {algorithm}"));
        }
        match self.machine.stack.sysctl_mut().set(name, value) {
            Ok(()) => Ok(SysctlKey::Present),
            Err(SysctlError::Unknown { .. }) if beyond::linux_has_sysctl(name) => {
                lacks(format!("sysctl {name}"))
            }
            Err(SysctlError::Unknown { .. }) => Ok(SysctlKey::Missing),
            Err(
                error @ (SysctlError::Malformed { .. }
                | SysctlError::OutOfRange { .. }
                | SysctlError::ReadOnly { .. }),
            ) => {
                let errno = error.errno();
                let why = format!("sysctl: setting key \"{name}\" to {value}: {errno} ({error})");
                Err(Refusal::failed(why))
            }
        }
    }

    fn read_sysctl(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.machine.stack.sysctl().get(name) {
            None if beyond::linux_has_sysctl(name) => lacks(format!("sysctl {name}")),
            value => Ok(value),
        }
    }

    fn write_file(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        let Some(knob) = module_parameter(path) else { return lacks(format!("file {path}")) };
        match self.machine.stack.sysctl_mut().set(&knob, text) {
            Ok(()) => Ok(()),
            Err(SysctlError::Unknown { .. }) => lacks(format!("file {path}")),
            Err(error) => Err(Refusal::failed(format!("write to {path}: {}", error.errno()))),
        }
    }

    fn make_file(&mut self, path: &str, len: u64) -> Result<(), Refusal> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.machine.files.insert(path.to_owned(), vec![0; len]);
        Ok(())
    }

    fn remove_file(&mut self, path: &str) -> Result<(), Refusal> {
        self.machine.files.remove(path);
        Ok(())
    }

    fn read_file(&mut self, path: &str) -> Result<Option<String>, Refusal> {
        if let Some(value) =
            module_parameter(path).and_then(|knob| self.machine.stack.sysctl().get(&knob))
        {
            return Ok(Some(format!("{value}\n")));
        }
        match path {
            "/proc/net/tcp" => return Ok(Some(self.machine.stack.tcp_seq_show(false))),
            "/proc/net/tcp6" => return Ok(Some(self.machine.stack.tcp_seq_show(true))),
            _ => {}
        }
        match sysctl::dotted(path).filter(|_| sysctl::is_proc_path(path)) {
            Some(name) => Ok(self.read_sysctl(&name)?.map(|text| format!("{text}\n"))),
            None => lacks(format!("file {path}")),
        }
    }

    fn ip(&mut self, command: &IpCommand) -> Result<(), Refusal> {
        if let IpObject::TcpMetrics(command) = &command.object {
            return metrics::apply(command, self.machine.stack.metrics_mut());
        }
        self.network.ip(command, self.machine.stack.net_mut())
    }

    fn tc(&mut self, command: &TcCommand) -> Result<(), Refusal> {
        qdisc::tc(command, &mut self.machine.stack)
    }

    fn ethtool(&mut self, _dev: &str, features: &[(String, bool)]) -> Result<(), Refusal> {
        self.network.ethtool(features, self.machine.stack.net_mut())
    }

    fn nstat_snapshot(&mut self) -> Result<BTreeMap<String, i64>, Refusal> {
        let counters = self.machine.stack.mib().snapshot();
        Ok(counters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), i64::try_from(value).unwrap_or(i64::MAX)))
            .collect())
    }

    fn shell(&mut self, text: &str, _dir: &Path) -> Result<(), Refusal> {
        lacks(format!("shell to run `{}`", shortened(text)))
    }

    fn sleep_us(&mut self, us: i64) -> Result<(), Refusal> {
        Ok(self.machine.sleep(us)?)
    }
}

/// The stack's knob for a parameter of a kernel module.
fn module_parameter(path: &str) -> Option<String> {
    let (module, name) = path.strip_prefix("/sys/module/")?.split_once("/parameters/")?;
    Some(format!("module.{module}.{name}"))
}

/// The stack has no `what`; the script is skipped.
pub(super) fn lacks<T>(what: impl AsRef<str>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(beyond::lacks_text(what)))
}

/// The text on one line, cut to [`SHOWN`] characters.
fn shortened(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= SHOWN {
        return words;
    }
    words.chars().take(SHOWN).chain(['…']).collect()
}
