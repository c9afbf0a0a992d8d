//! The way into the stack under test, whatever kind of link it is.

use std::io;
use std::os::fd::BorrowedFd;

/// Hands datagrams to the kernel. The way out is the same for every link:
/// [`PacketSocket`](super::packet_socket::PacketSocket).
pub(super) trait Wire: Send {
    /// Hands an IP datagram to the kernel as if the interface had received it.
    fn inject(&mut self, packet: &[u8]) -> io::Result<()>;

    /// A packet was seen leaving. A link with a queue that the harness has to empty takes one from
    /// it, so that the stack learns about the completed transmission when the script sees the
    /// packet.
    fn consume(&mut self) {}

    /// Takes what could not be taken at [`Self::consume`] because it was not there yet.
    fn settle(&mut self) {}

    /// What to wait for while [`Self::settle`] has something to do.
    fn awaited(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
