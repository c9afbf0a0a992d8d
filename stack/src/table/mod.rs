//! The tables that find a socket: by four-tuple, by listening address, by local port.

pub(crate) mod ehash;
pub(crate) mod lhash;
pub(crate) mod ports;
