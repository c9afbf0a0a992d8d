//! The cache of TCP metrics, by its generic netlink family (include/uapi/linux/tcp_metrics.h).

use std::io;
use std::net::IpAddr;

use nix::sys::socket::SockProtocol;

use super::commands::Handled;
use super::netlink::{Netlink, Request, attributes};
use super::rtnetlink::octets;
use super::sockaddr::array;
use crate::command::ip::TcpMetricsCommand;

/// Family number of the controller, its request for a family by name, and the attributes.
const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

const TCP_METRICS_CMD_DEL: u8 = 2;
const TCP_METRICS_ATTR_ADDR_IPV4: u16 = 1;
const TCP_METRICS_ATTR_ADDR_IPV6: u16 = 2;

/// Size of `struct genlmsghdr`: command, version, two reserved bytes.
const GENL_HEADER: usize = 4;

/// Applies `command`; flushing a network is left to the program.
pub(super) fn apply(command: &TcpMetricsCommand) -> io::Result<Handled> {
    let addr = match command {
        TcpMetricsCommand::Show => return Ok(Handled::Yes),
        TcpMetricsCommand::Flush(Some(_)) => return Ok(Handled::No),
        TcpMetricsCommand::Flush(None) => None,
        TcpMetricsCommand::Delete(addr) => Some(*addr),
    };
    let mut netlink = Netlink::open(SockProtocol::NetlinkGeneric)?;
    let family = family(&mut netlink)?;
    let mut request = Request::new(family, 0).put(&[TCP_METRICS_CMD_DEL, 1, 0, 0]);
    if let Some(addr) = addr {
        let attribute = match addr {
            IpAddr::V4(_) => TCP_METRICS_ATTR_ADDR_IPV4,
            IpAddr::V6(_) => TCP_METRICS_ATTR_ADDR_IPV6,
        };
        request = request.attr(attribute, &octets(addr));
    }
    netlink.change(request)?;
    Ok(Handled::Yes)
}

/// Number of the family `tcp_metrics`.
fn family(netlink: &mut Netlink) -> io::Result<u16> {
    let request = Request::new(GENL_ID_CTRL, 0)
        .put(&[CTRL_CMD_GETFAMILY, 1, 0, 0])
        .attr(CTRL_ATTR_FAMILY_NAME, b"tcp_metrics\0");
    let reply = netlink.ask(request)?;
    attributes(&reply.body, GENL_HEADER)
        .iter()
        .find(|(ty, _)| *ty == CTRL_ATTR_FAMILY_ID)
        .and_then(|(_, value)| array(value, 0))
        .map(u16::from_ne_bytes)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}
