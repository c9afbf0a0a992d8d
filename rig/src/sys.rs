//! ioctl(2) with a structure as its argument: the only unsafe code of the rig.
#![allow(unsafe_code, reason = "the one file that talks to the C library directly")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Memory of an ioctl: more than the 14 bits that a request number has for the size.
const ROOM: usize = 1 << 14;

/// Makes a request whose argument points to `bytes`, padded with zeros; what the kernel writes
/// back is lost.
pub(crate) fn ioctl(fd: BorrowedFd<'_>, request: u64, bytes: &[u8]) -> io::Result<()> {
    let mut memory = bytes.to_vec();
    memory.resize(ROOM.max(bytes.len()), 0);
    // SAFETY: the kernel reads and writes at most the size in the request number, which is below
    // that of `memory`, and `memory` outlives the call.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request as _, memory.as_mut_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes a request whose argument is a number.
pub(crate) fn ioctl_value(fd: BorrowedFd<'_>, request: u64, value: u64) -> io::Result<()> {
    // SAFETY: used only with requests that take a number.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request as _, value) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
