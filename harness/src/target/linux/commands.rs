//! The commands of a script on the running kernel, all on the namespace's thread.
//!
//! What scripts use often is done in process; rarer forms of `ip`, `tc` and `ethtool` go to the
//! programs, and what is no command at all to `/bin/sh`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::process::Programs;
use super::{ethtool, nstat, qdisc, route, sysctl, tcp_metrics};
use crate::command::host::{CommandHost, Refusal, SysctlKey};
use crate::command::ip::{IpCommand, IpObject};
use crate::command::tc::{TcCommand, TcObject};

/// Whether something was done in process.
pub(super) enum Handled {
    /// Done.
    Yes,
    /// Too special: the program of that name has to do it.
    No,
}

/// The running kernel, in the namespace of the calling thread.
pub(super) struct KernelHost<'a> {
    /// The programs that the script has started.
    pub programs: &'a mut Programs,
}

impl CommandHost for KernelHost<'_> {
    fn set_sysctl(&mut self, name: &str, value: &str) -> Result<SysctlKey, Refusal> {
        match sysctl::write(name, value) {
            Ok(()) => Ok(SysctlKey::Present),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(SysctlKey::Missing),
            Err(error) => {
                Err(Refusal::failed(format!("sysctl: setting key \"{name}\" to {value}: {error}")))
            }
        }
    }

    fn read_sysctl(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        present(sysctl::read(name), || format!("sysctl: reading key \"{name}\""))
    }

    fn write_file(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        let file = std::fs::OpenOptions::new().write(true).open(own_proc_net(path));
        file.and_then(|mut file| io::Write::write_all(&mut file, format!("{text}\n").as_bytes()))
            .map_err(|error| Refusal::failed(format!("write to {path}: {error}")))
    }

    fn make_file(&mut self, path: &str, len: u64) -> Result<(), Refusal> {
        std::fs::File::create(path)
            .and_then(|file| file.set_len(len))
            .map_err(|error| Refusal::failed(format!("make {path}: {error}")))
    }

    fn remove_file(&mut self, path: &str) -> Result<(), Refusal> {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match std::fs::remove_file(path) {
            Err(error) if !gone(&error) => {
                Err(Refusal::failed(format!("rm: cannot remove '{path}': {error}")))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn read_file(&mut self, path: &str) -> Result<Option<String>, Refusal> {
        let bytes = present(std::fs::read(own_proc_net(path)), || format!("read {path}"))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn ip(&mut self, command: &IpCommand) -> Result<(), Refusal> {
        let handled = match &command.object {
            IpObject::Route(route) => route::route(route, command.family),
            IpObject::Addr(addr) => route::addr(addr),
            IpObject::Link(link) => route::link(link),
            IpObject::TcpMetrics(metrics) => tcp_metrics::apply(metrics),
            IpObject::NotUnderstood(_) => Ok(Handled::No),
        };
        self.or_program("ip", &command.words, handled)
    }

    fn tc(&mut self, command: &TcCommand) -> Result<(), Refusal> {
        let handled = match &command.object {
            TcObject::Qdisc(command) => qdisc::apply(command),
            TcObject::NotUnderstood(_) => Ok(Handled::No),
        };
        self.or_program("tc", &command.words, handled)
    }

    fn ethtool(&mut self, dev: &str, features: &[(String, bool)]) -> Result<(), Refusal> {
        let mut beyond = vec!["-K".to_owned(), dev.to_owned()];
        for (feature, on) in features {
            let state = if *on { "on" } else { "off" };
            match ethtool::set(dev, feature, *on) {
                Ok(Handled::Yes) => {}
                Ok(Handled::No) => beyond.extend([feature.clone(), state.to_owned()]),
                Err(error) => {
                    let what = format!("ethtool: cannot turn {feature} of {dev} {state}: {error}");
                    return Err(Refusal::failed(what));
                }
            }
        }
        if beyond.len() > 2 { self.programs.program("ethtool", &beyond) } else { Ok(()) }
    }

    fn nstat_snapshot(&mut self) -> Result<BTreeMap<String, i64>, Refusal> {
        nstat::snapshot().map_err(|error| Refusal::failed(format!("nstat: {error}")))
    }

    fn shell(&mut self, text: &str, dir: &Path) -> Result<(), Refusal> {
        self.programs.shell(text, dir)
    }

    fn sleep_us(&mut self, us: i64) -> Result<(), Refusal> {
        std::thread::sleep(Duration::from_micros(u64::try_from(us).unwrap_or(0)));
        Ok(())
    }
}

impl KernelHost<'_> {
    /// Runs the program unless the work is done. The kernel's refusal fails as the program would
    /// have failed: iproute2 exits with 2.
    fn or_program(
        &mut self,
        name: &str,
        words: &[String],
        handled: io::Result<Handled>,
    ) -> Result<(), Refusal> {
        match handled {
            Ok(Handled::Yes) => Ok(()),
            Ok(Handled::No) => self.programs.program(name, words),
            Err(error) => {
                Err(Refusal::Failed { status: 2, why: format!("{name}: the kernel says: {error}") })
            }
        }
    }
}

/// A missing file is [`None`].
fn present<T>(result: io::Result<T>, what: impl FnOnce() -> String) -> Result<Option<T>, Refusal> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Refusal::failed(format!("{}: {error}", what()))),
    }
}

/// /proc/net is that of the process's first thread, which is in another namespace.
fn own_proc_net(path: &str) -> String {
    ["/proc/net/", "/proc/self/net/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .map_or_else(|| path.to_owned(), |file| format!("/proc/thread-self/net/{file}"))
}
