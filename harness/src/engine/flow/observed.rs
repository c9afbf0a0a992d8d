//! What the target sent, in script coordinates: the form in which it is compared, logged and told.
//!
//! Nothing that the target draws at random is left in it; [`super::drawn`] says what stands there
//! instead. Captures keep the packet as it was.

use crate::packet::icmp::{self, IpFamily, QuotedTransport};
use crate::packet::model::Outer;
use crate::packet::{Icmp, Packet, Transport, flag};

use super::connection::{Connection, Isn, Phase};
use super::drawn::{FIRST_PORT, clear_digests};
use super::table::{ConnectionId, Connections, ends};
use super::{numbers, quote};

/// ICMP and ICMPv6 types of an echo request.
const ECHO_REQUEST: [(IpFamily, u8); 2] = [(IpFamily::V4, 8), (IpFamily::V6, 128)];

impl Connections {
    /// The packet that `sender` sent, in script coordinates. Numbers are given out in the order of
    /// these calls; the same packet has the same ones again.
    ///
    /// A packet of no connection counts its sequence numbers from the first one of its flow, and
    /// acknowledges ours, which are those of the script.
    pub(crate) fn script_packet(&mut self, sender: Option<ConnectionId>, live: &Packet) -> Packet {
        let mut packet = live.clone();
        if let Transport::Icmp(message) = &mut packet.transport {
            self.quote_to_script(IpFamily::of(live.ip.src), message);
        }
        let known = sender.filter(|&id| self.get(id).is_some());
        let connection = match known {
            Some(id) => self.get_mut(id),
            None => self.stranger(live),
        };
        if let Some(connection) = connection {
            packet_to_script(connection, &mut packet);
        }
        packet
    }

    /// A packet that no line is about: its sender, and the packet in script coordinates. It teaches
    /// its own initial sequence number, so no line may be looked for after that.
    pub(crate) fn unasked(&mut self, live: &Packet) -> (Option<ConnectionId>, Packet) {
        let sender = self.sender_of(live);
        if let (Transport::Tcp(tcp), Some(connection)) =
            (&live.transport, sender.and_then(|id| self.get_mut(id)))
            && tcp.has(flag::SYN)
        {
            connection.learn_isn(connection.local_isn.script, tcp);
        }
        (sender, self.script_packet(sender, live))
    }

    /// What stands for the next port that the target chose.
    pub(super) fn next_drawn_port(&mut self) -> u16 {
        let taken = |port: u16| {
            self.chosen.contains(&port) || self.all.iter().any(|c| c.remote.port() == port)
        };
        let from = FIRST_PORT.saturating_add(self.drawn_ports);
        let port = (from..=u16::MAX).find(|&port| !taken(port)).unwrap_or(u16::MAX);
        self.drawn_ports = (port - FIRST_PORT).saturating_add(1);
        port
    }

    /// Flows that are of no connection, in the order they were seen.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = &Connection> {
        self.strangers.iter()
    }

    /// The flow of a packet that is of no connection.
    fn stranger(&mut self, live: &Packet) -> Option<&mut Connection> {
        let (protocol, local, remote) = ends(live);
        let same = |c: &Connection| (c.protocol, c.local, c.remote) == (protocol, local, remote);
        let at = self.strangers.iter().position(same).unwrap_or_else(|| {
            let mut stranger = Connection::new(protocol, local, remote);
            stranger.phase = Phase::Open;
            if local.port() != 0 && !self.chosen.contains(&local.port()) {
                stranger.drawn.port = Some(self.next_drawn_port());
            }
            if let Transport::Tcp(tcp) = &live.transport {
                stranger.local_isn = Isn { script: 0, live: tcp.seq };
            }
            self.strangers.push(stranger);
            self.strangers.len() - 1
        });
        let stranger = self.strangers.get_mut(at)?;
        // What came before a SYN may have been a reset, whose number is that of the segment it answers.
        if let Transport::Tcp(tcp) = &live.transport
            && tcp.has(flag::SYN)
        {
            stranger.learn_isn(stranger.local_isn.script, tcp);
        }
        Some(stranger)
    }

    fn quote_to_script(&self, family: IpFamily, message: &mut Icmp) {
        if !icmp::is_error(family, message.ty) {
            return;
        }
        let Some(quoted) = icmp::quoted(&message.body) else { return };
        let (QuotedTransport::Tcp { src_port, dst_port, .. }
        | QuotedTransport::Udp { src_port, dst_port }) = quoted.transport
        else {
            return;
        };
        let (ours, theirs) = ((quoted.src, src_port).into(), (quoted.dst, dst_port).into());
        if let Some(about) = self.all.iter().rev().find(|c| c.remote == ours && c.local == theirs) {
            quote::to_script(about, &mut message.body);
        }
    }
}

fn packet_to_script(connection: &mut Connection, packet: &mut Packet) {
    for header in &mut packet.outer {
        if let Outer::Ip(ip) = header {
            connection.drawn.stand_in_ip(ip);
        }
    }
    connection.drawn.stand_in_ip(&mut packet.ip);
    match &mut packet.transport {
        Transport::Tcp(tcp) => {
            numbers::to_script(connection, tcp);
            clear_digests(&mut tcp.options);
            tcp.src_port = connection.script_port();
        }
        Transport::Udp(udp) => udp.src_port = connection.script_port(),
        Transport::Icmp(icmp) => {
            if ECHO_REQUEST.contains(&(IpFamily::of(packet.ip.src), icmp.ty)) {
                connection.drawn.stand_in_echo(&mut icmp.rest);
            }
        }
    }
}

#[cfg(test)]
mod tests;
