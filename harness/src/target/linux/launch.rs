//! Makes Linux targets, and says what this kernel can do.

use std::sync::OnceLock;

use super::namespace::Namespace;
use super::packet_socket::PacketSocket;
use super::pool::Pool;
use super::sock_diag::SockDiag;
use super::target::{LinuxTarget, Parts};
use super::tun::Tun;
use super::{clock, fault, network, sysctl};
use crate::target::{Capability, Clock, Launch, Setup, Target, TargetError, TargetInfo};

/// How packets travel between the harness and the stack under test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// A TUN device.
    #[default]
    Tun,
    /// A veth pair, with packet sockets on the far end.
    Veth,
    /// Raw IP sockets.
    Raw,
}

/// The running kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinuxLaunch {
    /// How packets travel.
    pub link: Link,
}

impl Launch for LinuxLaunch {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        let uname = nix::sys::utsname::uname().map_err(fault::io("ask for the kernel release"))?;
        let name = match self.link {
            Link::Tun => "linux",
            Link::Veth => "linux:veth",
            Link::Raw => "linux:raw",
        };
        Ok(TargetInfo {
            name: name.into(),
            version: uname.release().to_string_lossy().into_owned(),
            clock: Clock::Real { tick_us: clock::tick_us() },
            capabilities: capabilities()?,
        })
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        let info = self.info()?;
        let namespace = Namespace::new()?;
        let opened = setup.clone();
        let (wire, packets, diag) = namespace.run(move |_| {
            network::prepare()?;
            let wire = Tun::create(opened.inject_gso_size)?;
            let index = network::configure(&opened)?;
            let packets = PacketSocket::open(index)?;
            let diag = SockDiag::open().map_err(fault::io("open a sock_diag socket"))?;
            for (name, value) in &opened.sysctls {
                sysctl::write(name, value).map_err(fault::io(format!("set {name}={value}")))?;
            }
            Ok::<_, TargetError>((wire, packets, diag))
        })??;
        let pool = Pool::new(&namespace)?;
        Ok(Box::new(LinuxTarget::new(Parts { info, pool, namespace, wire, packets, diag })))
    }
}

/// What kernels of any age and configuration can do.
const ALWAYS: [Capability; 9] = [
    Capability::Ipv4,
    Capability::Udp,
    Capability::IcmpSockets,
    Capability::Shell,
    Capability::TcpInfo,
    Capability::Fastopen,
    Capability::Encapsulation,
    Capability::InjectGso,
    Capability::Tso,
];

/// Tried out in a fresh namespace, once per process.
fn capabilities() -> Result<Vec<Capability>, TargetError> {
    static KNOWN: OnceLock<Vec<Capability>> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Ok(known.clone());
    }
    let mut found = Namespace::new()?.run(|_| {
        let mut found = ALWAYS.to_vec();
        if sysctl::read("net.ipv6.conf.all.disable_ipv6").is_ok() {
            found.extend([Capability::Ipv6, Capability::Ipv4Mapped]);
        }
        if sysctl::write("net.ipv4.tcp_ecn", "3").is_ok() {
            found.push(Capability::AccEcn);
        }
        found
    })?;
    found.sort_unstable();
    Ok(KNOWN.get_or_init(|| found).clone())
}
