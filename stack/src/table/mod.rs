//! Who is who: descriptors, sockets, connections by four-tuple, listeners, local ports.

mod by_id;
pub(crate) mod ehash;
pub(crate) mod epoll;
pub(crate) mod fd;
pub(crate) mod lhash;
pub(crate) mod pipe;
pub(crate) mod ports;
pub(crate) mod sock_table;

pub(crate) use by_id::ById;
pub(crate) use epoll::EpollInstance;
pub use fd::Fd;
pub(crate) use fd::{FdEntry, FdTable};
pub(crate) use sock_table::{Object, SockTable};
