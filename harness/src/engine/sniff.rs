//! The packets the target sent, in the order it sent them: which of them a line is about.
//!
//! Packets of no connection are logged and passed over, as packetdrill does; a packet of another
//! connection of the script stays for its own line.

use crate::packet::text::{TextOptions, packet_text};
use crate::packet::{Packet, StrictError, Transport, parse};
use crate::script::ast::{Direction, Event, PacketBody, PacketSpec, Ports};
use crate::script::print;
use crate::target::{Clock, ScriptTime};

use super::aggregate;
use super::failure::{Step, Stop, failure};
use super::flow::ConnectionId;
use super::log::What;
use super::outcome::Class;
use super::schedule::{self, Due};
use super::session::{Seen, Session};

/// How long a real clock is given after the last moment a packet may come, in microseconds: long
/// enough to tell "late" from "never" on a busy machine.
const GRACE_US: i64 = 500_000;
/// The same where time costs nothing, and where a late packet is only a warning.
const LONG_GRACE_US: i64 = 2_000_000;
/// How long `*` waits.
const ANY_TIME_US: i64 = 120_000_000;

/// A packet the target sent that no line has asked for yet.
#[derive(Debug)]
pub(super) struct Sniffed {
    pub(super) at: ScriptTime,
    /// None of one that is in the capture already.
    pub(super) bytes: Vec<u8>,
    pub(super) packet: Result<Packet, StrictError>,
    /// Where it stands already; only in a run that observes.
    pub(super) recorded: Option<Recorded>,
}

impl Sniffed {
    pub(super) fn new(at: ScriptTime, bytes: Vec<u8>) -> Self {
        let packet = parse(&bytes);
        Self { at, bytes, packet, recorded: None }
    }
}

/// Where a packet stands in the log and in the capture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    pub(super) entry: usize,
    pub(super) captured: usize,
}

/// A packet of the expected connection, in live numbers.
pub(super) struct Arrived {
    /// When its last piece left.
    pub(super) at: ScriptTime,
    pub(super) packet: Packet,
    /// Until when the rest of the segment was waited for in vain.
    pub(super) waited_until: Option<ScriptTime>,
    /// Where its pieces stand already, in a run that observes.
    pub(super) recorded: Vec<Recorded>,
}

/// An outbound packet line that is being looked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) event: &'a Event,
    pub(super) spec: &'a PacketSpec,
    pub(super) due: Due,
    /// The connection it is about.
    pub(super) id: ConnectionId,
}

impl Wanted<'_> {
    /// Payload bytes the line asks for; none for `*` and for what is not TCP.
    pub(super) fn payload_len(&self) -> Option<usize> {
        match &self.spec.body {
            PacketBody::Tcp(tcp) => tcp.seq.len.value().map(usize::from),
            PacketBody::Udp(_) | PacketBody::Icmp(_) => None,
        }
    }
}

/// The ports a packet line names.
pub(super) fn ports_of(spec: &PacketSpec) -> Option<Ports> {
    match &spec.body {
        PacketBody::Tcp(tcp) => tcp.ports.map(|p| p.node),
        PacketBody::Udp(udp) => udp.ports.map(|p| p.node),
        PacketBody::Icmp(_) => None,
    }
}

/// Payload bytes of a TCP or UDP packet.
pub(super) fn payload_len(packet: &Packet) -> usize {
    match &packet.transport {
        Transport::Tcp(tcp) => tcp.payload.len(),
        Transport::Udp(udp) => udp.payload.len(),
        Transport::Icmp(icmp) => icmp.body.len(),
    }
}

/// Whose packet it is.
enum Look {
    Mine(Box<Arrived>),
    /// It waits for its own line.
    Others,
    /// No connection of the script sent it; it is out of the queue.
    Nobodys(Sniffed),
    /// There is none.
    Gone,
}

impl Session<'_> {
    /// The next packet the expected connection sent, joined up to the scripted length.
    pub(super) fn next_packet(&mut self, wanted: Wanted<'_>) -> Step<Option<Arrived>> {
        let deadline = self.deadline(wanted.due);
        let Some(mut whole) = self.next_piece(wanted, deadline)? else { return Ok(None) };
        let piece = payload_len(&whole.packet);
        let Some(want) = wanted.payload_len().filter(|_| !self.config.strict_segments) else {
            return Ok(Some(whole));
        };
        while piece > 0 && payload_len(&whole.packet) < want {
            let Some(mut next) = self.next_piece(wanted, deadline)? else {
                whole.waited_until = Some(self.target.now());
                break;
            };
            let judges = self.mode.judges();
            match aggregate::join(&mut whole.packet, &next.packet, piece, want) {
                Ok(()) => {}
                Err(why) if judges => return Err(self.ill_fitting(wanted, [whole, next], &why)),
                Err(_) => {
                    self.put_back(next);
                    break;
                }
            }
            whole.at = next.at;
            whole.recorded.append(&mut next.recorded);
        }
        Ok(Some(whole))
    }

    /// The moment after which a packet counts as missing.
    fn deadline(&self, due: Due) -> ScriptTime {
        if due.is_any() {
            return due.from.plus(ANY_TIME_US);
        }
        if !self.mode.judges() {
            return due.to.plus(self.patience(due));
        }
        let gap = due.from.since(self.previous.nominal).max(0);
        let (tolerance, _) = schedule::tolerance(&self.config.tolerance, gap);
        let grace = match self.clock {
            Clock::Real { .. } if !self.config.non_fatal_packet => GRACE_US,
            Clock::Real { .. } | Clock::TimeTravel { .. } | Clock::Virtual { .. } => LONG_GRACE_US,
        };
        due.to.plus(tolerance).plus(grace)
    }

    fn next_piece(&mut self, wanted: Wanted<'_>, deadline: ScriptTime) -> Step<Option<Arrived>> {
        let mut at = 0;
        loop {
            match self.look(wanted, at)? {
                Look::Mine(arrived) => return Ok(Some(*arrived)),
                Look::Others => at += 1,
                Look::Nobodys(mut sniffed) => self.log_unasked(&mut sniffed),
                Look::Gone if self.observe(deadline, wanted.event.span)? == Seen::Nothing => {
                    return Ok(None);
                }
                Look::Gone => {}
            }
        }
    }

    /// Looks at packet number `at` of the queue, and takes it out if it is the expected one's.
    fn look(&mut self, wanted: Wanted<'_>, at: usize) -> Step<Look> {
        let Some(sniffed) = self.sniffed.get(at) else { return Ok(Look::Gone) };
        let packet = match &sniffed.packet {
            Ok(packet) => packet,
            Err(why) => {
                let why = why.to_string();
                return Err(self.malformed(wanted, at, &why));
            }
        };
        let sender = if is_of_the_link(packet) { None } else { self.connections.sender_of(packet) };
        if sender.is_some_and(|sender| sender != wanted.id) {
            return Ok(Look::Others);
        }
        let Some(sniffed) = self.sniffed.remove(at) else { return Ok(Look::Gone) };
        let too_early = !self.mode.judges() && self.left_too_early(wanted.due, sniffed.at);
        let packet = match sniffed.packet {
            Ok(packet) if sender.is_some() && !too_early => packet,
            Ok(_) | Err(_) => return Ok(Look::Nobodys(sniffed)),
        };
        let Sniffed { at, bytes, recorded, .. } = sniffed;
        if recorded.is_none() {
            let line = Some(self.line(wanted.event.span));
            self.capture(at, Direction::Outbound, bytes, line);
        }
        let recorded = recorded.into_iter().collect();
        Ok(Look::Mine(Box::new(Arrived { at, packet, waited_until: None, recorded })))
    }

    /// A datagram that the strict walk refuses: no stack may send one.
    fn malformed(&mut self, wanted: Wanted<'_>, at: usize, why: &str) -> Stop {
        if let Some(sniffed) = self.sniffed.remove(at) {
            let line = Some(self.line(wanted.event.span));
            self.record(sniffed.at, line, What::Malformed { reason: why.to_owned() });
            self.capture(sniffed.at, Direction::Outbound, sniffed.bytes, line);
        }
        let message = format!("the target sent a malformed packet: {why}");
        failure(Class::Content, wanted.spec.span, wanted.event.span, message).fail()
    }

    /// Pieces that cannot be one segment end the run, as a wrong length does in packetdrill,
    /// whatever `--non_fatal` says.
    fn ill_fitting(&mut self, wanted: Wanted<'_>, pieces: [Arrived; 2], why: &str) -> Stop {
        let line = Some(self.line(wanted.event.span));
        let texts = pieces.map(|Arrived { at, packet, .. }| {
            let packet = self.connections.script_packet(Some(wanted.id), &packet);
            let text = packet_text(&packet, &TextOptions::default());
            let direction = Direction::Outbound;
            let what = What::Packet { direction, packet: Box::new(packet), text: text.clone() };
            self.record(at, line, what);
            text
        });
        let message = format!("the segment came in pieces that do not fit: {why}");
        failure(Class::Content, wanted.spec.span, wanted.event.span, message)
            .with_texts(print::packet_text(wanted.spec), Some(texts.join(", then ")))
            .fail()
    }

    /// `--strict_packets`: fails on the first packet that a connection of the script sent and that
    /// no line asked for.
    pub(super) fn nothing_left(&mut self) -> Step<()> {
        let Some(last) = self.script.events.last() else { return Ok(()) };
        // Whatever left at this very moment is there to be seen.
        let now = self.target.now();
        self.wait_until(now, last.span)?;
        for sniffed in &self.sniffed {
            let Ok(live) = &sniffed.packet else { continue };
            let (Some(_), packet) = self.connections.unasked(live) else { continue };
            let text = format!("> {}", packet_text(&packet, &TextOptions::default()));
            let at = schedule::seconds(sniffed.at.0);
            let message = "a packet was sent that no line asks for";
            return Err(failure(Class::Content, last.span, last.span, message)
                .with_texts("nothing more".into(), Some(text))
                .with_note(format!("it left at {at} s (--strict_packets)"))
                .fail());
        }
        Ok(())
    }

    /// A packet that no line asked for goes to the log, unless it stands there already.
    pub(super) fn log_unasked(&mut self, sniffed: &mut Sniffed) {
        if sniffed.recorded.is_some() {
            return;
        }
        let at = sniffed.at;
        match &sniffed.packet {
            Ok(live) => {
                let (_, packet) = self.connections.unasked(live);
                let text = packet_text(&packet, &TextOptions::default());
                let direction = Direction::Outbound;
                self.record(at, None, What::Packet { direction, packet: Box::new(packet), text });
            }
            Err(why) => {
                let reason = why.to_string();
                self.record(at, None, What::Malformed { reason });
            }
        }
        self.capture(at, Direction::Outbound, std::mem::take(&mut sniffed.bytes), None);
    }
}

/// Router and neighbour discovery (ICMPv6 133 to 137) and multicast listener reports (130 to 132,
/// 143) belong to the link, not to the script.
fn is_of_the_link(packet: &Packet) -> bool {
    match &packet.transport {
        Transport::Icmp(icmp) => packet.ip.src.is_ipv6() && matches!(icmp.ty, 130..=137 | 143),
        Transport::Tcp(_) | Transport::Udp(_) => false,
    }
}
