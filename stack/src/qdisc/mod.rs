//! The queue between TCP and the link: what it drops, and what it keeps until its time has come.
//!
//! Linux: net/sched/sch_fifo.c, net/sched/sch_fq.c as far as one host's TCP can tell them apart.
//! The link itself takes a packet in no time, so a queue that does not wait is always empty.

mod discipline;
mod fq;

pub use discipline::Qdisc;
pub(crate) use discipline::{Owner, Packet, Queue, Xmit};
