//! The table of calls: which function reads the arguments of which name.

use crate::script::ast::SyscallSpec;

use super::args::{Args, Scope};
use super::{Made, Prepared, io, options, readiness, sockets};

/// What a script interrupts a sleeping call with (extension).
pub(crate) const INTERRUPT: &str = "interrupt";

/// Reads the arguments of a call.
type Reader = fn(&Args<'_>) -> Made;

/// Every call a script can make.
const CALLS: &[(&str, Reader)] = &[
    ("socket", sockets::socket),
    ("bind", sockets::bind),
    ("listen", sockets::listen),
    ("accept", sockets::accept),
    ("connect", sockets::connect),
    ("close", sockets::close),
    ("shutdown", sockets::shutdown),
    ("read", io::read),
    ("readv", io::readv),
    ("recv", io::recv),
    ("recvfrom", io::recvfrom),
    ("recvmsg", io::recvmsg),
    ("write", io::write),
    ("writev", io::writev),
    ("send", io::send),
    ("sendto", io::sendto),
    ("sendmsg", io::sendmsg),
    ("sendfile", io::sendfile),
    ("splice", io::splice),
    ("pipe", io::pipe),
    ("open", io::open),
    ("fcntl", options::fcntl),
    ("ioctl", options::ioctl),
    ("getsockopt", options::getsockopt),
    ("setsockopt", options::setsockopt),
    ("cap_set", options::cap_set),
    (INTERRUPT, readiness::interrupt),
    ("poll", readiness::poll),
    ("epoll_create", readiness::epoll_create),
    ("epoll_ctl", readiness::epoll_ctl),
    ("epoll_wait", readiness::epoll_wait),
];

/// Turns a call line into a call. The error says what is wrong with the script, and where.
pub(crate) fn prepare(spec: &SyscallSpec, scope: &Scope<'_>) -> Result<Prepared, super::Problem> {
    let args = Args { spec, scope };
    match CALLS.iter().find(|(name, _)| *name == spec.name.node) {
        Some((_, reader)) => reader(&args),
        None => Err((spec.name.span, format!("there is no system call {}", spec.name.node))),
    }
}
