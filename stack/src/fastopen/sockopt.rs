//! TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_KEY and TCP_FASTOPEN_NO_COOKIE.
//!
//! Linux: do_tcp_setsockopt, do_tcp_getsockopt (net/ipv4/tcp.c), __inet_listen_sk
//! (net/ipv4/af_inet.c)

use super::cookie::{Keys, tcp_fastopen_init_key_once};
use super::{TFO_CLIENT_ENABLE, TFO_SERVER_ENABLE, TFO_SERVER_WO_SOCKOPT1};
use crate::api::sockopt::int;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::sock::Sock;
use crate::state::{StateMask, TcpState};

const TCP_FASTOPEN: i32 = 23;
const TCP_FASTOPEN_CONNECT: i32 = 30;
const TCP_FASTOPEN_KEY: i32 = 33;
const TCP_FASTOPEN_NO_COOKIE: i32 = 34;

/// Sets option `name` if it is one of Fast Open's.
pub(crate) fn setsockopt(
    sk: &mut Sock,
    name: i32,
    value: &[u8],
    cx: &mut Cx,
) -> Option<Result<(), Errno>> {
    let set: fn(&mut Sock, i32, &mut Cx) -> Result<(), Errno> = match name {
        TCP_FASTOPEN_KEY => return Some(set_keys(sk, value)),
        TCP_FASTOPEN => set_fastopen,
        TCP_FASTOPEN_CONNECT => set_connect,
        TCP_FASTOPEN_NO_COOKIE => set_no_cookie,
        _ => return None,
    };
    Some(int(value).and_then(|val| set(sk, val, cx)))
}

/// The value of option `name` if it is one of Fast Open's.
pub(crate) fn getsockopt(sk: &Sock, name: i32) -> Option<Vec<u8>> {
    let queue = &sk.listener.fastopenq;
    let val = match name {
        TCP_FASTOPEN => i32::try_from(queue.max_qlen).unwrap_or(i32::MAX),
        TCP_FASTOPEN_CONNECT => i32::from(sk.opts.fastopen.connect),
        TCP_FASTOPEN_NO_COOKIE => i32::from(sk.opts.fastopen.no_cookie),
        TCP_FASTOPEN_KEY => {
            return Some(queue.keys.as_ref().map(|keys| keys.concat()).unwrap_or_default());
        }
        _ => return None,
    };
    Some(val.to_ne_bytes().to_vec())
}

fn set_fastopen(sk: &mut Sock, val: i32, cx: &mut Cx) -> Result<(), Errno> {
    let backlog = u32::try_from(val).map_err(|_| Errno::EINVAL)?;
    if !sk.state().is_in(StateMask::UNCONNECTED) {
        return Err(Errno::EINVAL);
    }
    tcp_fastopen_init_key_once(cx);
    sk.listener.fastopenq.tune(backlog, cx.sysctl.somaxconn.unsigned_abs());
    Ok(())
}

fn set_connect(sk: &mut Sock, val: i32, cx: &mut Cx) -> Result<(), Errno> {
    let on = flag(val)?;
    if cx.sysctl.tcp_fastopen & TFO_CLIENT_ENABLE == 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    if sk.state() != TcpState::Close {
        return Err(Errno::EINVAL);
    }
    sk.opts.fastopen.connect = on;
    Ok(())
}

fn set_no_cookie(sk: &mut Sock, val: i32, _cx: &mut Cx) -> Result<(), Errno> {
    let on = flag(val)?;
    if !sk.state().is_in(StateMask::UNCONNECTED) {
        return Err(Errno::EINVAL);
    }
    sk.opts.fastopen.no_cookie = on;
    Ok(())
}

fn flag(val: i32) -> Result<bool, Errno> {
    (0..=1).contains(&val).then_some(val == 1).ok_or(Errno::EINVAL)
}

/// One key, or the primary and its backup.
///
/// Linux: tcp_fastopen_reset_cipher (net/ipv4/tcp_fastopen.c)
fn set_keys(sk: &mut Sock, value: &[u8]) -> Result<(), Errno> {
    let (keys, rest) = value.as_chunks::<16>();
    if !rest.is_empty() || !(1..=2).contains(&keys.len()) {
        return Err(Errno::EINVAL);
    }
    sk.listener.fastopenq.keys = Some(Keys::from(keys));
    Ok(())
}

/// listen() turns Fast Open on by itself where net.ipv4.tcp_fastopen says so.
///
/// Linux: __inet_listen_sk (net/ipv4/af_inet.c)
pub(crate) fn listen_without_sockopt(sk: &mut Sock, backlog: u32, cx: &mut Cx) {
    let wanted = TFO_SERVER_WO_SOCKOPT1 | TFO_SERVER_ENABLE;
    if cx.sysctl.tcp_fastopen & wanted == wanted && sk.listener.fastopenq.max_qlen == 0 {
        sk.listener.fastopenq.tune(backlog, cx.sysctl.somaxconn.unsigned_abs());
        tcp_fastopen_init_key_once(cx);
    }
}
