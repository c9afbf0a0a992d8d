//! ioctl(): how much waits on either side.
//!
//! Linux: tcp_ioctl (net/ipv4/tcp.c)

use crate::errno::Errno;
use crate::sock::control_block::UrgData;
use crate::stack::Stack;
use crate::state::{StateMask, TcpState};
use crate::table::Fd;

/// FIONREAD
const SIOCINQ: u64 = 0x541B;
/// TIOCOUTQ
const SIOCOUTQ: u64 = 0x5411;
const SIOCATMARK: u64 = 0x8905;
const SIOCOUTQNSD: u64 = 0x894B;
const FIONBIO: u64 = 0x5421;

impl Stack {
    /// The int an ioctl writes through its pointer.
    pub fn ioctl(&mut self, fd: Fd, request: u64, arg: Option<i32>) -> Result<i32, Errno> {
        let sk = self.sock_of_mut(fd)?;
        if request == FIONBIO {
            sk.opts.nonblock = arg.ok_or(Errno::EFAULT)? != 0;
            return Ok(arg.unwrap_or(0));
        }
        let listening = sk.state() == TcpState::Listen;
        let opening = sk.state().is_in(StateMask::of(&[TcpState::SynSent, TcpState::SynRecv]));
        let answer = match request {
            SIOCINQ if listening => return Err(Errno::EINVAL),
            SIOCINQ if opening => 0,
            SIOCINQ => tcp_inq(sk),
            SIOCATMARK => {
                let at = sk.rcv.urg_data != UrgData::None
                    && sk.rcv.urg_seq == sk.recv_queue.copied_seq();
                i32::from(at)
            }
            SIOCOUTQ | SIOCOUTQNSD if listening => return Err(Errno::EINVAL),
            SIOCOUTQ | SIOCOUTQNSD if opening => 0,
            SIOCOUTQ => (sk.snd.write_seq - sk.snd.una).cast_signed(),
            SIOCOUTQNSD => (sk.snd.write_seq - sk.snd.nxt).cast_signed(),
            _ => return Err(Errno::ENOTTY),
        };
        Ok(answer)
    }
}

/// Bytes that a read would get: those in front of the urgent byte, if that is not in line.
///
/// Linux: tcp_inq (include/net/tcp.h)
fn tcp_inq(sk: &crate::sock::Sock) -> i32 {
    let copied_seq = sk.recv_queue.copied_seq();
    let outside = sk.rcv.urg_seq.before(copied_seq) || !sk.rcv.urg_seq.before(sk.rcv.nxt);
    let inq = if sk.opts.oobinline || sk.rcv.urg_data == UrgData::None || outside {
        sk.recv_queue.available()
    } else {
        sk.rcv.urg_seq - copied_seq
    };
    i32::try_from(inq).unwrap_or(i32::MAX)
}
