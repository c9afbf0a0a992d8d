//! Makes Linux targets, and says what this kernel can do.

use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use nix::sys::socket::{self, AddressFamily, SockFlag, SockType};

use super::crew::Crew;
use super::namespace::Namespace;
use super::packet_socket::{PacketSocket, Side};
use super::pool::Pool;
use super::raw::RawSockets;
use super::rtnetlink::{Links, index_of};
use super::sock_diag::SockDiag;
use super::target::{LinuxTarget, Parts};
use super::tun::Tun;
use super::veth::Veth;
use super::wire::Wire;
use super::{clock, ethtool, fault, network, raw, sys, sysctl, tun, veth};
use crate::target::{Capability, Clock, Errno, Launch, Setup, Target, TargetError, TargetInfo};

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

/// How the kernel's time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passage {
    /// As everybody's.
    #[default]
    Machine,
    /// Only while everything sleeps: User-Mode Linux with `time-travel=inf-cpu`.
    TimeTravel {
        /// Scripts start at multiples of so many ticks: the granularity of the longest timers that
        /// are to fire alike in every run (8^n ticks for timers of up to 64 * 8^n).
        wheel_ticks: i64,
    },
}

impl Passage {
    /// Timers of up to half a minute fire alike, which are all that a script of a few seconds can
    /// see. Getting there takes the kernel a tenth of what [`Self::USUAL`] takes it, half a
    /// millisecond.
    pub const SHORT: Self = Self::TimeTravel { wheel_ticks: 1 << 9 };
    /// Timers of up to four minutes at HZ 1000 fire alike, which are all but the keepalive's.
    pub const USUAL: Self = Self::TimeTravel { wheel_ticks: 1 << 12 };
    /// Timers of up to four hours do. Getting there takes the kernel a few dozen milliseconds.
    pub const LONG: Self = Self::TimeTravel { wheel_ticks: 1 << 18 };
}

impl Passage {
    /// Settings that a fresh namespace would draw at random. Two runs in time travel see the same
    /// times, so they are to see the same fast-open cookies too: under this key those of the
    /// target `stack`.
    pub(super) fn fixed(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Machine => &[],
            Self::TimeTravel { .. } => {
                &[("net.ipv4.tcp_fastopen_key", "00000000-00000000-00000000-00000000")]
            }
        }
    }
}

/// The running kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinuxLaunch {
    /// How packets travel.
    pub link: Link,
    /// How time passes.
    pub passage: Passage,
}

impl Launch for LinuxLaunch {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        let uname = nix::sys::utsname::uname().map_err(fault::io("ask for the kernel release"))?;
        let name = match self.link {
            Link::Tun => "linux",
            Link::Veth => "linux:veth",
            Link::Raw => "linux:raw",
        };
        if self.link == Link::Tun {
            tun::check_device()?;
        }
        Ok(TargetInfo {
            name: name.into(),
            version: uname.release().to_string_lossy().into_owned(),
            clock: match self.passage {
                Passage::Machine => Clock::Real { tick_us: clock::tick_us() },
                Passage::TimeTravel { .. } => Clock::TimeTravel { tick_us: clock::tick_us() },
            },
            capabilities: capabilities(*self)?,
        })
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        let info = self.info()?;
        check_hz(setup)?;
        let namespace = Namespace::new()?;
        let near = setup.clone();
        let Attached { wire, packets } = match self.link {
            Link::Tun => namespace.run(move |_| {
                network::keep_quiet();
                attach_tun(&near)
            })??,
            Link::Veth | Link::Raw => attach_pair(self.link, &namespace, setup)?,
        };
        let (near, passage) = (setup.clone(), self.passage);
        let diag = namespace.run(move |_| adjust(passage, &near))??;
        let pool = Pool::new(&namespace, WORKERS)?;
        let crew = Crew { pool, namespace };
        let home = None;
        Ok(Box::new(LinuxTarget::new(Parts { info, passage, crew, wire, packets, diag, home })))
    }
}

/// The length of a tick is fixed when a kernel is built.
pub(super) fn check_hz(setup: &Setup) -> Result<(), TargetError> {
    let own = 1_000_000 / clock::tick_us();
    match setup.hz.filter(|hz| i64::from(*hz) != own) {
        Some(hz) => Err(TargetError::Unsupported(format!("a kernel with HZ {hz}; this has {own}"))),
        None => Ok(()),
    }
}

/// One for calls that block and one for the others; a thread that is started only when a call needs
/// it would make that call late.
const WORKERS: usize = 2;

/// Sets what the script's options ask for. In the namespace.
pub(super) fn adjust(passage: Passage, setup: &Setup) -> Result<SockDiag, TargetError> {
    let of_setup = setup.sysctls.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in passage.fixed().iter().copied().chain(of_setup) {
        sysctl::write(name, value).map_err(fault::io(format!("set {name}={value}")))?;
    }
    SockDiag::open().map_err(fault::io("open a sock_diag socket"))
}

/// The way in and the way out.
pub(super) struct Attached {
    pub(super) wire: Box<dyn Wire>,
    pub(super) packets: PacketSocket,
}

/// In the namespace.
pub(super) fn attach_tun(setup: &Setup) -> Result<Attached, TargetError> {
    let wire = Tun::create(setup.inject_gso_size)?;
    if let Some(mbps) = setup.speed_mbps {
        ethtool::set_speed(tun::NAME, mbps)
            .map_err(fault::io(format!("set the speed of tun0 to {mbps} Mbit/s")))?;
    }
    let packets = PacketSocket::unbound(Side::Sent)?;
    let index = packets.index_of(tun::NAME).map_err(fault::io("look up the interface tun0"))?;
    network::configure(setup, index)?;
    packets.bind(index)?;
    Ok(Attached { wire: Box::new(wire), packets })
}

/// The far namespace needs its thread only while it is set up: the sockets keep it alive.
fn attach_pair(link: Link, namespace: &Namespace, setup: &Setup) -> Result<Attached, TargetError> {
    if setup.speed_mbps.is_some() {
        let why = "a veth pair whose speed can be set; use --target linux";
        return Err(TargetError::Unsupported(why.into()));
    }
    let far = Namespace::new()?;
    let raw = link == Link::Raw;
    let far_fd = far.run(move |_| {
        if raw {
            raw::silence_far_end()
        } else {
            veth::silence_far_end()
        }
        std::fs::File::open("/proc/thread-self/ns/net")
    })?;
    let far_fd = far_fd.map_err(fault::io("open a network namespace"))?.into();
    let near = setup.clone();
    let (near_links, near_index) = namespace.run(move |_| {
        network::keep_quiet();
        veth::create(&far_fd)?;
        let links = Links::watch().map_err(fault::io("listen to rtnetlink"))?;
        let index = index_of(tun::NAME).map_err(fault::io("look up the interface tun0"))?;
        network::configure(&near, index)?;
        Ok::<_, TargetError>((links, index))
    })??;
    let (gso_size, mtu) = (setup.inject_gso_size, setup.mtu);
    far.run(move |_| {
        let index = veth::bring_up_far_end(if raw { mtu } else { veth::MAX_MTU })?;
        // The end that comes up last finds its carrier there, and its queues with it.
        near_links.wait_for(near_index).map_err(fault::io("wait for the veth pair to come up"))?;
        let packets = PacketSocket::unbound(Side::Received)?;
        packets.bind(index)?;
        let wire: Box<dyn Wire> = if raw {
            Box::new(RawSockets::open(index)?)
        } else {
            Box::new(Veth::open(index, gso_size, mtu)?)
        };
        Ok(Attached { wire, packets })
    })?
}

/// What kernels of any age and configuration can do.
const ALWAYS: [Capability; 7] = [
    Capability::Ipv4,
    Capability::Udp,
    Capability::IcmpSockets,
    Capability::Shell,
    Capability::TcpInfo,
    Capability::Encapsulation,
    Capability::Tso,
];

fn capabilities(of: LinuxLaunch) -> Result<Vec<Capability>, TargetError> {
    let mut found = kernel_capabilities()?;
    if of.passage != Passage::Machine {
        found.push(Capability::VirtualTime);
    }
    match of.link {
        Link::Tun | Link::Veth => found.push(Capability::InjectGso),
        Link::Raw => {}
    }
    found.sort_unstable();
    Ok(found)
}

/// Tried out in a fresh namespace, once per process.
fn kernel_capabilities() -> Result<Vec<Capability>, TargetError> {
    static KNOWN: OnceLock<Vec<Capability>> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Ok(known.clone());
    }
    let found = Namespace::new()?.run(|_| try_capabilities())?;
    Ok(KNOWN.get_or_init(|| found).clone())
}

fn try_capabilities() -> Vec<Capability> {
    let mut found = ALWAYS.to_vec();
    if sysctl::read("net.ipv6.conf.all.disable_ipv6").is_ok() {
        found.extend([Capability::Ipv6, Capability::Ipv4Mapped]);
    }
    if sysctl::read("net.ipv4.tcp_fastopen").is_ok() {
        found.push(Capability::Fastopen);
    }
    // Kernels that have no accurate ECN, or do not let it be turned on (6.18), refuse values above 2.
    if sysctl::write("net.ipv4.tcp_ecn", "3").is_ok() {
        found.push(Capability::AccEcn);
    }
    if knows_md5() {
        found.push(Capability::Md5);
    }
    found
}

/// TCP_MD5SIG of a socket without a key to remove: ENOENT where the option exists, ENOPROTOOPT or
/// EINVAL for the whole option elsewhere.
fn knows_md5() -> bool {
    let flags = SockFlag::SOCK_CLOEXEC;
    let Ok(fd) = socket::socket(AddressFamily::Inet, SockType::Stream, flags, None) else {
        return false;
    };
    // struct tcp_md5sig: an address of 128 bytes, then flags, prefix, length 0, interface, key.
    let mut value = vec![0_u8; 128 + 8 + 80];
    let family = u16::try_from(libc::AF_INET).unwrap_or(0).to_ne_bytes();
    value.iter_mut().zip(family).for_each(|(to, from)| *to = from);
    let len = u32::try_from(value.len()).unwrap_or(0);
    let result =
        sys::setsockopt(fd.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_MD5SIG, Some(&value), len);
    !matches!(result, Err(Errno(libc::ENOPROTOOPT | libc::EINVAL)))
}
