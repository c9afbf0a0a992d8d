//! The running kernel as a target.
//!
//! One script, one network namespace, made and used by threads of its own: the runner's thread
//! never changes its namespace, so any number of targets can run side by side in one process, and
//! everything is gone when the [`Target`](crate::target::Target) is dropped or the process ends.
//!
//! | thread | in the namespace | own descriptor table | does |
//! |---|---|---|---|
//! | the runner's | no | no | packets in and out, waiting, `sock_diag` |
//! | `netns`, one | yes | yes, once set up | sysctls, commands, `probe`, starts the next kind |
//! | `calls`, two or more | yes | yes, shared with `netns` | the script's system calls |
//!
//! In a guest (`resident`) there is one script at a time: the runner's thread is in its namespace, and
//! the others are used again (`crew`).
//!
//! Unsafe code is in `sys` and nowhere else.

mod calls;
mod clock;
mod closing;
mod commands;
mod crew;
mod ethtool;
mod fault;
mod inspect;
mod launch;
mod lull;
mod mailbox;
mod namespace;
mod netlink;
mod network;
mod nstat;
mod packet_socket;
mod pool;
mod process;
mod qdisc;
mod raw;
mod resident;
mod route;
mod rtnetlink;
mod sock_diag;
mod sockaddr;
mod sys;
mod sysctl;
mod target;
mod tcp_metrics;
mod tun;
mod veth;
mod vnet;
mod wire;
mod worker;

pub use clock::step_ns as clock_step_ns;
pub use inspect::{Inspection, inspect, tick_us};
pub use launch::{Link, LinuxLaunch, Passage};
pub use namespace::enter_user_namespace_if_needed;
pub use resident::Resident;
pub(crate) use sys::{end_with_this_thread, with_all_it_starts, without_address_randomisation};
pub use target::LinuxTarget;
