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

/// Writes rows as an enum with all its values and their names.
macro_rules! drop_reasons {
    ($($reason:ident = $name:literal;)+) => {
        /// Why a segment was dropped; [`DropReason::linux_name`] gives Linux's SKB_DROP_REASON_*.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the variants are Linux's names in Rust spelling")]
        pub enum DropReason {
            $($reason,)+
        }

        impl DropReason {
            /// All of them, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$reason,)+];

            /// The kernel's name, as the tracepoint skb:kfree_skb prints it.
            #[must_use]
            pub const fn linux_name(self) -> &'static str {
                match self {
                    $(Self::$reason => $name,)+
                }
            }
        }
    };
}

drop_reasons! {
    NotSpecified = "NOT_SPECIFIED";
    NoSocket = "NO_SOCKET";
    PktTooSmall = "PKT_TOO_SMALL";
    TcpCsum = "TCP_CSUM";
    SocketFilter = "SOCKET_FILTER";
    TcpFlags = "TCP_FLAGS";
    TcpZerowindow = "TCP_ZEROWINDOW";
    TcpOldData = "TCP_OLD_DATA";
    TcpOverwindow = "TCP_OVERWINDOW";
    TcpOfomerge = "TCP_OFOMERGE";
    TcpRfc7323Paws = "TCP_RFC7323_PAWS";
    TcpRfc7323PawsAck = "TCP_RFC7323_PAWS_ACK";
    TcpRfc7323TwPaws = "TCP_RFC7323_TW_PAWS";
    TcpRfc7323Tsecr = "TCP_RFC7323_TSECR";
    TcpOldSequence = "TCP_OLD_SEQUENCE";
    TcpInvalidSequence = "TCP_INVALID_SEQUENCE";
    TcpInvalidEndSequence = "TCP_INVALID_END_SEQUENCE";
    TcpInvalidAckSequence = "TCP_INVALID_ACK_SEQUENCE";
    TcpReset = "TCP_RESET";
    TcpInvalidSyn = "TCP_INVALID_SYN";
    TcpClose = "TCP_CLOSE";
    TcpOldAck = "TCP_OLD_ACK";
    TcpTooOldAck = "TCP_TOO_OLD_ACK";
    TcpAckUnsentData = "TCP_ACK_UNSENT_DATA";
    TcpOfoQueuePrune = "TCP_OFO_QUEUE_PRUNE";
    TcpOfoDrop = "TCP_OFO_DROP";
    TcpAbortOnData = "TCP_ABORT_ON_DATA";
    TcpListenOverflow = "TCP_LISTEN_OVERFLOW";
    TcpFastopen = "TCP_FASTOPEN";
    TcpMinttl = "TCP_MINTTL";
    TcpAuthHdr = "TCP_AUTH_HDR";
    TcpMd5notfound = "TCP_MD5NOTFOUND";
    TcpMd5unexpected = "TCP_MD5UNEXPECTED";
    TcpMd5failure = "TCP_MD5FAILURE";
    ProtoMem = "PROTO_MEM";
    SocketRcvbuff = "SOCKET_RCVBUFF";
    UnhandledProto = "UNHANDLED_PROTO";
    OtherHost = "OTHERHOST";
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

impl ResetReason {
    /// All of them, in the order of their declaration.
    pub const ALL: &[Self] = &[
        Self::NoSocket,
        Self::TcpInvalidAckSequence,
        Self::TcpRfc7323PawsAck,
        Self::TcpTooOldAck,
        Self::TcpAckUnsentData,
        Self::TcpFlags,
        Self::TcpOldAck,
        Self::TcpAbortOnData,
        Self::TcpTimewaitSocket,
        Self::InvalidSyn,
    ];
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
