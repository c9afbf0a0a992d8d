//! What becomes of a segment: the answer of every step of the input pipeline.
//!
//! Linux: include/net/dropreason-core.h, include/net/rstreason.h

use std::ops::ControlFlow;

/// The end of a segment's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// Payload went to the receive queue or the out-of-order queue.
    Queued,
    /// All it said was used; nothing of it is kept.
    Consumed,
    /// It had no effect on the connection, apart from a possible answer.
    Dropped(DropReason),
    /// It was answered with a reset.
    Reset(ResetReason),
}

/// The verdict of one step: go on with the next, or the segment is done.
pub(crate) type Step = ControlFlow<Disposition>;

/// Ends processing: dropped for `reason`.
pub(crate) const fn drop_for(reason: DropReason) -> Step {
    ControlFlow::Break(Disposition::Dropped(reason))
}

/// Why a segment was dropped; [`DropReason::linux_name`] gives Linux's SKB_DROP_REASON_*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are Linux's names in Rust spelling")]
pub enum DropReason {
    NotSpecified,
    NoSocket,
    PktTooSmall,
    TcpCsum,
    SocketFilter,
    TcpFlags,
    TcpZerowindow,
    TcpOldData,
    TcpOverwindow,
    TcpOfomerge,
    TcpRfc7323Paws,
    TcpRfc7323PawsAck,
    TcpRfc7323TwPaws,
    TcpRfc7323Tsecr,
    TcpOldSequence,
    TcpInvalidSequence,
    TcpInvalidEndSequence,
    TcpInvalidAckSequence,
    TcpReset,
    TcpInvalidSyn,
    TcpClose,
    TcpOldAck,
    TcpTooOldAck,
    TcpAckUnsentData,
    TcpOfoQueuePrune,
    TcpOfoDrop,
    TcpAbortOnData,
    TcpListenOverflow,
    TcpFastopen,
    TcpMinttl,
    TcpAuthHdr,
    TcpMd5notfound,
    TcpMd5unexpected,
    TcpMd5failure,
    ProtoMem,
    SocketRcvbuff,
    UnhandledProto,
    OtherHost,
}

impl DropReason {
    /// The kernel's name, as the tracepoint skb:kfree_skb prints it.
    #[must_use]
    pub const fn linux_name(self) -> &'static str {
        match self {
            Self::NotSpecified => "NOT_SPECIFIED",
            Self::NoSocket => "NO_SOCKET",
            Self::PktTooSmall => "PKT_TOO_SMALL",
            Self::TcpCsum => "TCP_CSUM",
            Self::SocketFilter => "SOCKET_FILTER",
            Self::TcpFlags => "TCP_FLAGS",
            Self::TcpZerowindow => "TCP_ZEROWINDOW",
            Self::TcpOldData => "TCP_OLD_DATA",
            Self::TcpOverwindow => "TCP_OVERWINDOW",
            Self::TcpOfomerge => "TCP_OFOMERGE",
            Self::TcpRfc7323Paws => "TCP_RFC7323_PAWS",
            Self::TcpRfc7323PawsAck => "TCP_RFC7323_PAWS_ACK",
            Self::TcpRfc7323TwPaws => "TCP_RFC7323_TW_PAWS",
            Self::TcpRfc7323Tsecr => "TCP_RFC7323_TSECR",
            Self::TcpOldSequence => "TCP_OLD_SEQUENCE",
            Self::TcpInvalidSequence => "TCP_INVALID_SEQUENCE",
            Self::TcpInvalidEndSequence => "TCP_INVALID_END_SEQUENCE",
            Self::TcpInvalidAckSequence => "TCP_INVALID_ACK_SEQUENCE",
            Self::TcpReset => "TCP_RESET",
            Self::TcpInvalidSyn => "TCP_INVALID_SYN",
            Self::TcpClose => "TCP_CLOSE",
            Self::TcpOldAck => "TCP_OLD_ACK",
            Self::TcpTooOldAck => "TCP_TOO_OLD_ACK",
            Self::TcpAckUnsentData => "TCP_ACK_UNSENT_DATA",
            Self::TcpOfoQueuePrune => "TCP_OFO_QUEUE_PRUNE",
            Self::TcpOfoDrop => "TCP_OFO_DROP",
            Self::TcpAbortOnData => "TCP_ABORT_ON_DATA",
            Self::TcpListenOverflow => "TCP_LISTEN_OVERFLOW",
            Self::TcpFastopen => "TCP_FASTOPEN",
            Self::TcpMinttl => "TCP_MINTTL",
            Self::TcpAuthHdr => "TCP_AUTH_HDR",
            Self::TcpMd5notfound => "TCP_MD5NOTFOUND",
            Self::TcpMd5unexpected => "TCP_MD5UNEXPECTED",
            Self::TcpMd5failure => "TCP_MD5FAILURE",
            Self::ProtoMem => "PROTO_MEM",
            Self::SocketRcvbuff => "SOCKET_RCVBUFF",
            Self::UnhandledProto => "UNHANDLED_PROTO",
            Self::OtherHost => "OTHERHOST",
        }
    }
}

/// Why a segment was answered with a reset (Linux: enum sk_rst_reason).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are Linux's names in Rust spelling")]
pub enum ResetReason {
    NoSocket,
    TcpInvalidAckSequence,
    TcpRfc7323PawsAck,
    TcpTooOldAck,
    TcpAckUnsentData,
    TcpFlags,
    TcpOldAck,
    TcpAbortOnData,
    TcpTimewaitSocket,
    InvalidSyn,
}

#[cfg(test)]
mod tests {
    use super::DropReason;

    /// The tracepoint prints the enumerator's name in capitals, with words apart.
    #[test]
    fn names_are_those_of_the_tracepoint() {
        let named = [
            (DropReason::NoSocket, "NO_SOCKET"),
            (DropReason::TcpCsum, "TCP_CSUM"),
            (DropReason::TcpRfc7323PawsAck, "TCP_RFC7323_PAWS_ACK"),
            (DropReason::TcpInvalidEndSequence, "TCP_INVALID_END_SEQUENCE"),
            (DropReason::TcpMd5failure, "TCP_MD5FAILURE"),
            (DropReason::OtherHost, "OTHERHOST"),
        ];
        for (reason, name) in named {
            assert_eq!(reason.linux_name(), name);
        }
    }
}
