//! SO_TIMESTAMPING and its older relatives: when data arrived, was handed on, left and was
//! acknowledged.
//!
//! Linux: Documentation/networking/timestamping.rst. The clock is the stack's own, which begins at
//! zero; there is no hardware clock.

mod cmsg;
mod flags;
mod opt_stats;
mod rx;
mod tx;

pub(crate) use cmsg::{sock_cmsg_send, sock_recv_timestamp};
pub(crate) use flags::{
    SO_TIMESTAMP_NEW, SO_TIMESTAMP_OLD, SO_TIMESTAMPING_NEW, SO_TIMESTAMPING_OLD,
    SO_TIMESTAMPNS_NEW, SO_TIMESTAMPNS_OLD, TstampVars, get_timestamp, get_timestamping,
    set_timestamp, sock_set_timestamping,
};
pub(crate) use rx::tcp_recv_timestamp;
pub(crate) use tx::{
    Departure, SkbTstamp, TxStamp, skb_tx_timestamp, tcp_ack_tstamp, tcp_tx_timestamp, tx_of_packet,
};
