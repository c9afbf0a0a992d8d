//! Makes a stack for one script.

use synproof_stack::kernel::KernelVersion;
use synproof_stack::net::Route;
use synproof_stack::time::Hz;
use synproof_stack::{Config, Stack};

use super::beyond;
use super::commands::StackHost;
use super::machine::Machine;
use super::network::Network;
use super::target::StackTarget;
use crate::command::host::{CommandHost as _, Refusal, SysctlKey};
use crate::target::registry::stack_as;
use crate::target::{Capability, Clock, Launch, Setup, Target, TargetError, TargetInfo};

/// What the stack has as the current kernel, sorted.
const CAPABILITIES: &[Capability] = &[
    Capability::Ipv4,
    Capability::Ipv6,
    Capability::Ipv4Mapped,
    Capability::TcpInfo,
    Capability::Fastopen,
    Capability::AccEcn,
    Capability::InjectGso,
    Capability::Md5,
    Capability::Tso,
    Capability::HostSysctls,
    Capability::VirtualTime,
];

/// Makes targets that are the reference stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct StackLaunch {
    /// Which Linux it behaves as, whatever a script says; the current one unless a script says so.
    kernel: Option<KernelVersion>,
}

impl StackLaunch {
    /// The stack as the kernel of that name (`linux-6.1`), or as the current one.
    ///
    /// # Errors
    /// The rules of that kernel are not known.
    pub fn new(kernel: Option<&str>) -> Result<Self, TargetError> {
        let kernel = kernel.map(known).transpose().map_err(|why| TargetError::Unavailable {
            what: "the stack as another kernel".into(),
            why,
            fix: format!("known are {}", KernelVersion::KNOWN.map(|v| v.to_string()).join(", ")),
        })?;
        Ok(Self { kernel })
    }

    /// The kernel for one script.
    fn kernel_for(self, setup: &Setup) -> Result<KernelVersion, TargetError> {
        let wanted = setup.kernel.as_deref().map(known).transpose();
        let wanted = wanted.map_err(TargetError::Unsupported)?;
        match (self.kernel, wanted) {
            (Some(is), Some(wanted)) if is != wanted => {
                Err(TargetError::Unsupported(format!("{wanted}; this is {is}")))
            }
            (Some(kernel), _) | (None, Some(kernel)) => Ok(kernel),
            (None, None) => Ok(KernelVersion::CURRENT),
        }
    }

    fn name(self) -> String {
        self.kernel.map_or_else(|| "stack".to_owned(), |kernel| stack_as(&kernel.to_string()))
    }
}

fn known(name: &str) -> Result<KernelVersion, String> {
    KernelVersion::by_name(name).ok_or_else(|| format!("no rules of {name} are known"))
}

impl Launch for StackLaunch {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        Ok(info(self.name(), self.kernel.unwrap_or_default(), Hz::DEFAULT))
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        let kernel = self.kernel_for(setup)?;
        launch(self.name(), stack(setup, kernel)?, kernel, setup)
    }
}

/// Makes targets that are the reference stack with one rule broken.
#[cfg(feature = "mutants")]
#[derive(Clone, Copy, Debug)]
pub struct MutantLaunch(pub synproof_stack::Mutant);

#[cfg(feature = "mutants")]
impl MutantLaunch {
    fn name(self) -> String {
        format!("stack:{}", self.0.name())
    }
}

#[cfg(feature = "mutants")]
impl Launch for MutantLaunch {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        Ok(info(self.name(), KernelVersion::CURRENT, Hz::DEFAULT))
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        let kernel = StackLaunch::default().kernel_for(setup)?;
        let mut stack = stack(setup, kernel)?;
        stack.set_mutant(Some(self.0));
        launch(self.name(), stack, kernel, setup)
    }
}

fn stack(setup: &Setup, kernel: KernelVersion) -> Result<Stack, TargetError> {
    // Without an address of its own the stack answers for every address, as a host does that
    // routes the network to itself.
    let local_addrs = if setup.is_anyip { Vec::new() } else { vec![setup.local_ip] };
    let hz = setup.hz.map_or(Some(Hz::DEFAULT), Hz::new);
    let hz = hz.ok_or_else(|| beyond::lacks("a tick of that length"))?;
    Ok(Stack::new(Config { local_addrs, mtu: setup.mtu, seed: setup.seed, hz, kernel }))
}

fn launch(
    name: String,
    mut stack: Stack,
    kernel: KernelVersion,
    setup: &Setup,
) -> Result<Box<dyn Target>, TargetError> {
    stack.net_mut().routes = routes(setup);
    let mut machine = Machine::new(stack, setup.inject_gso_size);
    let mut network = Network::new(setup);
    let mut host = StackHost { machine: &mut machine, network: &mut network };
    for (name, value) in &setup.sysctls {
        match set(&mut host, name, value) {
            // What a profile states is true of what an older kernel has not.
            Err(TargetError::Unsupported(_)) if kernel != KernelVersion::CURRENT => {}
            other => other?,
        }
    }
    let hz = machine.stack.hz();
    Ok(Box::new(StackTarget::new(info(name, kernel, hz), hz, machine, network)))
}

/// The networks that the Linux targets have routes to.
fn routes(setup: &Setup) -> Vec<Route> {
    let (local, remote) = (setup.local_ip, setup.remote_ip);
    let to_peer = Route { prefix: remote, len: setup.remote_prefix, on_link: false };
    let own = Route { prefix: local, len: setup.local_prefix, on_link: true };
    if setup.is_anyip { vec![to_peer] } else { vec![own, to_peer] }
}

fn info(name: String, kernel: KernelVersion, hz: Hz) -> TargetInfo {
    // No older kernel has accurate ECN.
    let lacks = |can: Capability| can == Capability::AccEcn && kernel < KernelVersion::CURRENT;
    TargetInfo {
        name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: Clock::Virtual { tick_us: i64::from(1_000_000 / hz.per_sec()) },
        capabilities: CAPABILITIES.iter().copied().filter(|can| !lacks(*can)).collect(),
    }
}

fn set(host: &mut StackHost<'_>, name: &str, value: &str) -> Result<(), TargetError> {
    match host.set_sysctl(name, value) {
        Ok(SysctlKey::Present) => Ok(()),
        Ok(SysctlKey::Missing) => Err(beyond::lacks(format!("sysctl {name}"))),
        Err(Refusal::Unsupported(why)) => Err(TargetError::Unsupported(why)),
        Err(Refusal::Target(error)) => Err(error),
        Err(Refusal::Failed { why, .. }) => Err(TargetError::Io {
            what: format!("set {name}={value}"),
            source: std::io::Error::new(std::io::ErrorKind::InvalidInput, why),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::setup::{HZ_CHOICES, KERNELS};

    #[test]
    fn what_can_be_asked_for_is_what_the_stack_can_be() {
        assert_eq!(HZ_CHOICES, Hz::CHOICES);
        assert_eq!(KERNELS.map(str::to_owned), KernelVersion::KNOWN.map(|v| v.to_string()));
    }
}
