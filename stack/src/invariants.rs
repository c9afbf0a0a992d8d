//! What must always hold of a socket, whatever was done to it.
//!
//! Run after every entry point in builds with debug assertions. Sequence and window rules cite
//! RFC 9293 §3.3.1, §3.4; the counts are Linux's tcp_verify_left_out.

use crate::sock::Sock;
use crate::sock::chunk::Chunk;
use crate::state::{StateMask, TcpState};

/// States with a send sequence space.
const HAS_SEND_SPACE: StateMask = StateMask::of(&[
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Closing,
]);

impl Sock {
    /// Panics when the socket contradicts itself.
    pub fn check(&self) {
        assert!(self.write_queue.check(), "write queue is not contiguous: {self:?}");
        assert!(self.recv_queue.check(), "receive queue is not contiguous: {self:?}");
        assert!(self.zerocopy.check(), "two completions have one number: {self:?}");
        assert!(self.ofo_queue.check(), "out-of-order queue is not ordered: {self:?}");
        if self.state().is_in(HAS_SEND_SPACE) {
            self.check_send_space();
            self.check_counts();
        }
        if self.fastopen.rsk.is_some() {
            let opens = matches!(self.state(), TcpState::SynRecv | TcpState::FinWait1);
            assert!(opens, "an open handshake in another state: {self:?}");
        }
        if self.state() == TcpState::Close {
            assert!(self.timers.next().is_none(), "a closed socket has a timer: {self:?}");
        }
    }

    fn check_send_space(&self) {
        let snd = &self.snd;
        assert!(!snd.una.after(snd.nxt), "SND.UNA is after SND.NXT: {self:?}");
        assert!(!snd.nxt.after(snd.write_seq), "SND.NXT is after the data: {self:?}");
        let end = self.write_queue.end();
        assert!(end.is_none_or(|end| end == snd.write_seq), "the queue ends elsewhere: {self:?}");
    }

    fn check_counts(&self) {
        let sum = |count: fn(&Chunk) -> bool| -> u32 {
            self.write_queue.rtx().filter(|chunk| count(chunk)).map(Chunk::pcount).sum()
        };
        let loss = &self.loss;
        assert_eq!(loss.packets_out, sum(|_| true), "packets_out: {self:?}");
        assert_eq!(loss.retrans_out, sum(|chunk| chunk.marks.retrans), "retrans_out: {self:?}");
        assert_eq!(loss.lost_out, sum(|chunk| chunk.marks.lost), "lost_out: {self:?}");
        if self.rx_opt.sack_ok {
            assert_eq!(loss.sacked_out, sum(|chunk| chunk.marks.sacked), "sacked_out: {self:?}");
        }
        assert!(loss.left_out() <= loss.packets_out, "left_out exceeds packets_out: {self:?}");
    }
}
