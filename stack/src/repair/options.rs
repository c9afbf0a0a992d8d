//! The socket options of repair mode.
//!
//! Linux: do_tcp_setsockopt, tcp_repair_options_est, tcp_repair_set_window (net/ipv4/tcp.c)

use super::{Repair, RepairQueue};
use crate::api::sockopt::int;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::output::options::tcp_time_stamp;
use crate::output::probe::tcp_send_window_probe;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::state::TcpState;

const TCP_REPAIR: i32 = 19;
const TCP_REPAIR_QUEUE: i32 = 20;
const TCP_QUEUE_SEQ: i32 = 21;
const TCP_REPAIR_OPTIONS: i32 = 22;
const TCP_TIMESTAMP: i32 = 24;
const TCP_REPAIR_WINDOW: i32 = 29;

const TCP_REPAIR_ON: i32 = 1;
const TCP_REPAIR_OFF: i32 = 0;
const TCP_REPAIR_OFF_NO_WP: i32 = -1;

/// Kinds of option that TCP_REPAIR_OPTIONS can agree to.
const TCPOPT_MSS: u32 = 2;
const TCPOPT_WINDOW: u32 = 3;
const TCPOPT_SACK_PERM: u32 = 4;
const TCPOPT_TIMESTAMP: u32 = 8;
/// TCP_MAX_WSCALE
const TCP_MAX_WSCALE: u16 = 14;
/// struct tcp_repair_window: five numbers.
const WINDOW_LEN: usize = 20;

/// Sets an option of repair mode; `None` for any other option.
pub(crate) fn setsockopt(
    sk: &mut Sock,
    name: i32,
    value: &[u8],
    cx: &mut Cx,
) -> Option<Result<(), Errno>> {
    if !(TCP_REPAIR..=TCP_REPAIR_WINDOW).contains(&name) {
        return None;
    }
    let val = match int(value) {
        Ok(val) => val,
        Err(errno) => return Some(Err(errno)),
    };
    Some(match name {
        TCP_REPAIR => set_repair(sk, val, cx),
        TCP_REPAIR_QUEUE => set_queue(sk, val),
        TCP_QUEUE_SEQ => set_queue_seq(sk, Seq(val.cast_unsigned())),
        TCP_REPAIR_OPTIONS => set_options(sk, value),
        TCP_TIMESTAMP if !sk.repair.on => Err(Errno::EPERM),
        TCP_TIMESTAMP => {
            sk.tsoffset = val.cast_unsigned().wrapping_sub(tcp_time_stamp(cx.now, 0, cx));
            Ok(())
        }
        TCP_REPAIR_WINDOW => tcp_repair_set_window(sk, value),
        _ => return None,
    })
}

/// Reads an option of repair mode; `None` for any other option.
pub(crate) fn getsockopt(sk: &Sock, name: i32) -> Option<Result<Vec<u8>, Errno>> {
    let int = |val: u32| Ok(val.to_ne_bytes().to_vec());
    Some(match name {
        TCP_REPAIR => int(u32::from(sk.repair.on)),
        TCP_REPAIR_QUEUE if !sk.repair.on => Err(Errno::EINVAL),
        TCP_REPAIR_QUEUE => int(sk.repair.queue as u32),
        TCP_QUEUE_SEQ => match sk.repair.queue {
            RepairQueue::Send => int(sk.snd.write_seq.0),
            RepairQueue::Recv => int(sk.rcv.nxt.0),
            RepairQueue::None => Err(Errno::EINVAL),
        },
        TCP_REPAIR_WINDOW if !sk.repair.on => Err(Errno::EPERM),
        TCP_REPAIR_WINDOW => {
            let (snd, rcv) = (&sk.snd, &sk.rcv);
            let parts = [snd.wl1.0, snd.wnd, snd.max_window, rcv.wnd, rcv.wup.0];
            Ok(parts.iter().flat_map(|part| part.to_ne_bytes()).collect())
        }
        _ => return None,
    })
}

/// TCP_REPAIR. Leaving the mode sends a window probe, whose answer tells the window.
fn set_repair(sk: &mut Sock, val: i32, cx: &mut Cx) -> Result<(), Errno> {
    if sk.state() == TcpState::Listen {
        return Err(Errno::EPERM);
    }
    match val {
        TCP_REPAIR_ON => {
            sk.repair = Repair { on: true, queue: RepairQueue::None };
            sk.opts.reuseaddr = true;
        }
        TCP_REPAIR_OFF | TCP_REPAIR_OFF_NO_WP => {
            sk.repair.on = false;
            sk.opts.reuseaddr = false;
            if val == TCP_REPAIR_OFF {
                tcp_send_window_probe(sk, cx);
            }
        }
        _ => return Err(Errno::EINVAL),
    }
    Ok(())
}

fn set_queue(sk: &mut Sock, val: i32) -> Result<(), Errno> {
    if !sk.repair.on {
        return Err(Errno::EPERM);
    }
    sk.repair.queue = match val {
        0 => RepairQueue::None,
        1 => RepairQueue::Recv,
        2 => RepairQueue::Send,
        _ => return Err(Errno::EINVAL),
    };
    Ok(())
}

/// TCP_QUEUE_SEQ
fn set_queue_seq(sk: &mut Sock, seq: Seq) -> Result<(), Errno> {
    if sk.state() != TcpState::Close {
        return Err(Errno::EPERM);
    }
    match sk.repair.queue {
        RepairQueue::Send if !sk.write_queue.is_rtx_empty() => return Err(Errno::EPERM),
        RepairQueue::Send => sk.snd.write_seq = seq,
        RepairQueue::Recv if sk.rcv.nxt != sk.recv_queue.copied_seq() => {
            return Err(Errno::EPERM);
        }
        RepairQueue::Recv => {
            sk.rcv.nxt = seq;
            sk.recv_queue.init(seq);
        }
        RepairQueue::None => return Err(Errno::EINVAL),
    }
    Ok(())
}

/// What the handshake would have agreed to, as pairs of option kind and value.
///
/// Linux: tcp_repair_options_est
fn set_options(sk: &mut Sock, value: &[u8]) -> Result<(), Errno> {
    if !sk.repair.on {
        return Err(Errno::EINVAL);
    }
    if sk.state() != TcpState::Established || sk.total.bytes_sent != 0 {
        return Err(Errno::EPERM);
    }
    let (pairs, _) = value.as_chunks::<8>();
    for [a, b, c, d, rest @ ..] in pairs {
        let kind = u32::from_ne_bytes([*a, *b, *c, *d]);
        let val = u32::from_ne_bytes(*rest);
        match kind {
            TCPOPT_MSS => sk.rx_opt.mss_clamp = val,
            TCPOPT_WINDOW => set_scales(sk, val)?,
            TCPOPT_SACK_PERM | TCPOPT_TIMESTAMP if val != 0 => return Err(Errno::EINVAL),
            TCPOPT_SACK_PERM => sk.rx_opt.sack_ok = true,
            TCPOPT_TIMESTAMP => sk.rx_opt.tstamp_ok = true,
            _ => {}
        }
    }
    Ok(())
}

/// The peer's scale in the low half, ours in the high one.
fn set_scales(sk: &mut Sock, val: u32) -> Result<(), Errno> {
    let [a, b, c, d] = val.to_le_bytes();
    let (snd, rcv) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    if snd > TCP_MAX_WSCALE || rcv > TCP_MAX_WSCALE {
        return Err(Errno::EFBIG);
    }
    sk.rx_opt.snd_wscale = a;
    sk.rx_opt.rcv_wscale = c;
    sk.rx_opt.wscale_ok = true;
    Ok(())
}

/// Linux: tcp_repair_set_window
fn tcp_repair_set_window(sk: &mut Sock, value: &[u8]) -> Result<(), Errno> {
    if !sk.repair.on {
        return Err(Errno::EPERM);
    }
    if value.len() != WINDOW_LEN {
        return Err(Errno::EINVAL);
    }
    let (words, _) = value.as_chunks::<4>();
    let [wl1, snd_wnd, max_window, rcv_wnd, wup] = words else { return Err(Errno::EINVAL) };
    let number = |word: &[u8; 4]| u32::from_ne_bytes(*word);
    let (wl1, wup) = (Seq(number(wl1)), Seq(number(wup)));
    let bad = number(max_window) < number(snd_wnd)
        || wl1.after(sk.rcv.nxt + number(rcv_wnd))
        || wup.after(sk.rcv.nxt);
    if bad {
        return Err(Errno::EINVAL);
    }
    sk.snd.wl1 = wl1;
    sk.snd.wnd = number(snd_wnd);
    sk.snd.max_window = number(max_window);
    sk.rcv.wnd = number(rcv_wnd);
    sk.rcv.wup = wup;
    Ok(())
}
