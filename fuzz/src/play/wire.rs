//! What the wire shows of a connection, and what must hold of every segment a TCP sends.
//!
//! Written from the RFCs, without looking at the stack. It sees packets the link loses as well, so
//! it knows what the stack has said, not only what the peer has heard.

use synproof_stack::time::Instant;

use super::arrival::Arrival;
use super::numbers::{Stream, before, later};
use super::seen::{ACK, FIN, RST, SYN, Seen, URG};

/// Smallest maximum segment size a host works with, and room for options (Linux: tcp_min_snd_mss).
const LEAST_MSS: u32 = 48 + 40;
/// What may be sent to a host that announced no maximum, over IPv4 and IPv6 (RFC 9293 §3.7.1).
const DEFAULT_MSS: [u32; 2] = [536, 1220];

/// A property of what a TCP sends.
pub type Property = &'static str;

const NOT_SENT: Property = "an acknowledgment covers only what was sent [RFC9293:3.4]";
const BACKWARDS: Property = "an acknowledgment never goes backwards [RFC9293:3.4]";
const SHRINKS: Property = "the right edge of the window does not move left [RFC9293:SHLD-14]";
const OTHER_BYTES: Property = "every copy of a byte is the byte that was written [RFC9293:3.10.2]";
const BEYOND: Property = "data lie within a window that was offered [RFC9293:3.8.6]";
const TOO_LONG: Property = "a segment is no longer than the peer takes [RFC9293:MUST-16]";
const NO_ACK: Property = "segments of a connection carry an ACK [RFC9293:3.1]";

/// What the wire does not show, and which makes some rules void.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lenience {
    /// The window may shrink: a sysctl says so, or there was no memory for a segment.
    pub may_shrink: bool,
    /// SYN cookies were sent: a connection may begin on the numbers of an older one, and off them
    /// by as much as a cookie does not tell.
    pub cookies: bool,
    /// Fast Open needs no cookie: any SYN is one of it, and what it remembers of the peer counts.
    pub remembers: bool,
}

/// What Linux takes for a pure ACK that was overtaken is younger: 1.2 times the longest time-out.
const OLD_ACK_MS: u32 = 150_000;
/// TCP_PAWS_WRAP, 2,147 seconds, and less than that.
const PAWS_WRAP_US: u64 = 2_100_000_000;

/// A connection, by its ports.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// Port of the stack.
    pub local: u16,
    /// Port of the peer.
    pub remote: u16,
    /// Initial sequence number of the stack, once a SYN or SYN-ACK was sent.
    pub iss: Option<u32>,
    /// All of them, for SYN cookies that come back.
    isses: Vec<u32>,
    /// The number behind everything the stack sent.
    pub snd_max: u32,
    /// Initial sequence number of the peer, once the stack has acknowledged it.
    irs: Option<u32>,
    /// The last acknowledgment the stack sent.
    pub acked: Option<u32>,
    /// The highest right edge the stack offered.
    pub edge: u32,
    /// The window ends somewhere beyond that.
    pub is_open: bool,
    /// The right edge of segments behind the handshake.
    offered: Option<u32>,
    /// How many connections there were on these ports.
    incarnations: u32,
    /// The peer sent urgent data, of which one byte is not in the stream, or options as data.
    is_torn: bool,
    /// The peer opened the connection.
    passive: bool,
    /// The stack's SYN was one of Fast Open, by its option or its data, for which Linux uses what it
    /// remembers of the peer, or its own MSS.
    fastopen: bool,
    /// The number behind the data of that SYN, which Linux sends again into any window.
    syn_end: u32,
    /// Shift of the stack's windows.
    shift: u8,
    /// Window scales of the stack's SYN and of the peer's.
    scales: [Option<u8>; 2],
    /// The largest window of the peer's SYNs.
    syn_window: u16,
    /// Initial numbers of the peer's SYNs.
    syns: Vec<u32>,
    /// They differ in their window scale, so that nobody knows where windows end.
    pub is_mixed: bool,
    /// What the peer sent: first number, number behind.
    ranges: Vec<(u32, u32)>,
    /// The number behind what was sent without a gap.
    in_order: Option<u32>,
    /// The highest right edge the peer offered.
    window_edge: Option<u32>,
    /// The largest segment the peer takes.
    mss: u32,
    /// What TCP_MAXSEG says, which Linux takes for what the peer would have said.
    pub maxseg: u32,
    /// The peer's SYN did not say.
    no_mss: bool,
    /// A SYN of the peer's had no timestamp, so that those of other segments mean nothing. Linux puts
    /// one on the SYN-ACK of a simultaneous open all the same.
    no_stamps: bool,
    /// The last timestamp that the stack has surely seen.
    recent: Option<u32>,
    /// Timestamps that came, each with the first time at which it did.
    stamps: Vec<(u32, Instant)>,
    /// When the last segment came.
    now: Instant,
    /// Options of the peer's were sent as data, which nobody counts.
    is_scrambled: bool,
    /// The peer has not acknowledged the stack's SYN.
    pub half_open: bool,
    /// The peer sent a FIN.
    fin: bool,
    /// The stack sent a FIN.
    own_fin: bool,
}

impl Wire {
    /// No packet yet.
    #[must_use]
    pub fn new(local: u16, remote: u16) -> Self {
        Self { local, remote, ..Self::default() }
    }

    /// The initial sequence number of the peer, as far as the stack's first acknowledgment tells:
    /// that of the SYN that is closest before it.
    fn initial(&self, acked: u32) -> Option<u32> {
        let earlier = self.syns.iter().copied().filter(|isn| before(*isn, acked));
        earlier.min_by_key(|isn| acked.wrapping_sub(*isn))
    }

    /// The number behind what the peer sent without a gap, if the beginning is known.
    #[must_use]
    pub const fn in_order(&self) -> Option<u32> {
        self.in_order
    }

    /// What is read on these ports can be told from other streams: there was one connection and one
    /// SYN of the peer's, and nothing was taken out of its stream.
    #[must_use]
    pub const fn is_judged(&self) -> bool {
        self.incarnations == 1 && self.syns.len() == 1 && !self.is_torn
    }

    /// An ACK that may bring a SYN cookie back (RFC 4987 §3.6). Cookies follow the number of the SYN,
    /// and the last bits are an index of a few values.
    #[must_use]
    pub fn may_be_cookie(&self, seq: u32, ack: u32) -> bool {
        let follows = |iss: &u32, isn: &u32| {
            let shift = ack.wrapping_sub(*iss).wrapping_sub(seq.wrapping_sub(*isn));
            shift.cast_signed().unsigned_abs() < 4
        };
        self.isses.iter().any(|iss| self.syns.iter().any(|isn| follows(iss, isn)))
    }

    /// What a window may be smaller for being scaled.
    #[must_use]
    pub const fn slack(&self) -> u32 {
        1 << self.shift
    }

    /// A number at which something ends that the peer sent.
    #[must_use]
    pub fn is_end(&self, number: u32) -> bool {
        self.ranges.iter().any(|(_, end)| *end == number)
    }

    /// What an application read at `offset` of the peer's stream, if it is something else.
    #[must_use]
    pub fn first_difference(&self, offset: u32, data: &[u8]) -> Option<String> {
        let first = self.irs?.wrapping_add(1).wrapping_add(offset);
        let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let sent = self.in_order.is_some_and(|end| !before(end, first.wrapping_add(len)));
        if sent && Stream::Peers.is(first, data) {
            return None;
        }
        let at = (0..)
            .zip(data)
            .find(|(at, byte)| Stream::Peers.byte(first.wrapping_add(*at)) != **byte);
        Some(format!(
            "{len} bytes at {offset}: first wrong byte {at:?}, all sent: {sent}, {self:?}"
        ))
    }

    /// The peer sends a segment, which may or may not be accepted.
    pub fn arrives(&mut self, arrival: &Arrival, now: Instant) {
        self.now = now;
        if let Some(stamp) = arrival.tsval
            && !self.stamps.iter().any(|(known, _)| *known == stamp)
        {
            self.stamps.push((stamp, now));
        }
        self.is_torn |= arrival.has(URG) || arrival.scrambled;
        self.is_scrambled |= arrival.scrambled;
        self.fin |= arrival.has(FIN);
        if arrival.has(SYN) {
            // Options that became data are not there.
            self.is_mixed |= arrival.scrambled;
            self.is_mixed |= !self.syns.is_empty() && self.scales[1] != arrival.wscale;
            if !self.syns.contains(&arrival.seq) {
                self.syns.push(arrival.seq);
            }
            self.mss = self.mss.max(arrival.mss.map_or(0, u32::from));
            self.no_mss |= arrival.scrambled || arrival.mss.is_none_or(|mss| mss == 0);
            self.no_stamps |= arrival.tsval.is_none();
            self.scales[1] = self.scales[1].max(arrival.wscale);
            self.syn_window = self.syn_window.max(arrival.window);
        }
        if arrival.seg_len() > 0 && !self.is_stale(arrival) {
            self.ranges.push((arrival.seq, arrival.end()));
            if let Some(in_order) = self.in_order {
                self.in_order = Some(self.without_gap(in_order));
            }
        }
        let Some(iss) = self.iss else { return };
        let from = arrival.acks().unwrap_or(iss.wrapping_add(1));
        if from.wrapping_sub(iss) > self.snd_max.wrapping_sub(iss) {
            return;
        }
        // Surely accepted: the next in order, and nothing but an acknowledgment or data.
        let in_order = self.acked == Some(arrival.seq) && !arrival.has(SYN) && !arrival.has(RST);
        self.half_open &= !in_order || arrival.acks().is_none_or(|ack| ack == iss);
        let shift = self.scales[1].unwrap_or_default().min(14);
        let edge = from.wrapping_add(u32::from(arrival.window) << shift);
        self.window_edge = Some(self.window_edge.map_or(edge, |old| later(old, edge)));
    }

    /// Its timestamp is older than what the stack has seen, by more than packets overtake each other
    /// (RFC 7323 §5.3). Linux takes zero for none, forgets what it has not heard for 35 minutes
    /// (TCP_PAWS_WRAP), and hears a pure ACK that is no older than a retransmission (tcp_disordered_ack).
    #[must_use]
    pub fn is_stale(&self, arrival: &Arrival) -> bool {
        let stamps = arrival.tsval.zip(self.recent.filter(|recent| *recent != 0));
        let least = if arrival.seg_len() == 0 { OLD_ACK_MS } else { 2 };
        let since = |recent| self.stamps.iter().find(|(known, _)| *known == recent);
        let kept =
            |recent| since(recent).is_none_or(|(_, at)| self.now.micros_since(*at) < PAWS_WRAP_US);
        // Far away there is no telling old from new.
        let old = |(value, recent): (u32, u32)| {
            (least..1 << 30).contains(&recent.wrapping_sub(value)) && kept(recent)
        };
        stamps.is_some_and(old) && !self.no_stamps && !arrival.has(SYN)
    }

    /// A segment came to an established connection, which stays one, at the number that was
    /// acknowledged last. If it acknowledges everything it tells its time (RFC 7323 §4.3).
    pub fn came_next(&mut self, arrival: &Arrival) {
        let is_next = arrival.acks() == Some(self.snd_max);
        let calm = arrival.plain && !arrival.corrupt && !arrival.has(SYN) && !arrival.has(RST);
        let newer = |(value, recent): &(u32, u32)| value.wrapping_sub(*recent) < 1 << 30;
        let stamps = arrival.tsval.zip(self.recent).filter(newer);
        if let Some((value, _)) = stamps.filter(|_| is_next && calm) {
            self.recent = Some(value);
        }
    }

    /// How many numbers behind the peer's SYN the stack has acknowledged.
    #[must_use]
    pub fn taken(&self) -> Option<u32> {
        Some(self.acked?.wrapping_sub(self.irs?).wrapping_sub(1))
    }

    fn without_gap(&self, from: u32) -> u32 {
        let mut edge = from;
        loop {
            let reaches = self.ranges.iter().filter(|(start, _)| !before(edge, *start));
            let ends = reaches.map(|(_, end)| *end).filter(|end| before(edge, *end));
            let Some(next) = ends.max_by_key(|end| end.wrapping_sub(edge)) else { return edge };
            edge = next;
        }
    }

    /// The stack sends a segment; the property that it breaks.
    pub fn leaves(
        &mut self,
        seen: &Seen,
        bytes: &[u8],
        lenience: Lenience,
    ) -> Option<(Property, String)> {
        if seen.has(RST) {
            return None;
        }
        if seen.has(SYN) && (self.iss != Some(seen.seq) || self.answers_another(seen)) {
            self.begin(seen);
        }
        let iss = self.iss?;
        self.recent = seen.ecr.filter(|_| seen.has(ACK)).or(self.recent);
        if lenience.cookies {
            // Neither numbers nor what was acknowledged say anything of what comes.
            self.acked = None;
            self.snd_max = later(self.snd_max, seen.end());
            return None;
        }
        let broken = self.data(seen, bytes, iss);
        let remembers = lenience.remembers && !self.passive;
        let broken = broken.filter(|property| *property != TOO_LONG || !remembers);
        let broken = broken.or_else(|| self.acknowledges(seen, lenience));
        self.snd_max = later(self.snd_max, seen.end());
        broken.map(|property| (property, format!("{seen:?}\nin {self:?}")))
    }

    /// A SYN-ACK of a connection that began anew in the same moment, and so with the same number.
    fn answers_another(&self, seen: &Seen) -> bool {
        let other = self.irs.is_some() && self.initial(seen.ack) != self.irs;
        let earlier = self.acked.is_some_and(|acked| before(seen.ack, acked));
        seen.has(ACK) && (other || earlier)
    }

    /// A connection begins.
    fn begin(&mut self, seen: &Seen) {
        self.incarnations += 1;
        // What answers another SYN of a handshake that goes on takes back nothing.
        let goes_on = self.iss == Some(seen.seq);
        self.iss = Some(seen.seq);
        if !self.isses.contains(&seen.seq) {
            self.isses.push(seen.seq);
        }
        self.passive = seen.has(ACK);
        self.half_open = true;
        (self.fastopen, self.syn_end) = (seen.fastopen || seen.payload > 0, seen.end());
        self.snd_max = if goes_on { later(self.snd_max, seen.end()) } else { seen.end() };
        (self.acked, self.irs, self.in_order, self.recent) = (None, None, None, None);
        // The peer's SYN offered a window for what follows the stack's own.
        let behind_syn = seen.seq.wrapping_add(1).wrapping_add(u32::from(self.syn_window));
        let window_edge = seen.has(ACK).then_some(behind_syn);
        (self.edge, self.offered, self.window_edge) = (0, None, window_edge);
        self.scales[0] = seen.wscale;
        self.shift = seen.wscale.filter(|_| seen.has(ACK)).unwrap_or_default();
    }

    /// Payload: the right bytes, within the window, not too many.
    fn data(&self, seen: &Seen, bytes: &[u8], iss: u32) -> Option<Property> {
        if !seen.has(ACK) && !seen.has(SYN) {
            return Some(NO_ACK);
        }
        if seen.payload == 0 {
            return None;
        }
        let first = seen.seq.wrapping_add(u32::from(seen.has(SYN)));
        let offset = first.wrapping_sub(iss).wrapping_sub(1);
        let payload = bytes.get(seen.payload_at..).unwrap_or_default();
        if !Stream::Ours.is(offset, payload) {
            return Some(OTHER_BYTES);
        }
        if seen.has(SYN) || self.syns.is_empty() {
            return None;
        }
        let too_long = !self.fastopen && self.is_too_long(seen);
        let end = first.wrapping_add(seen.payload);
        let edge = self.window_edge.map(|edge| later(edge, self.syn_end));
        if edge.is_some_and(|edge| before(edge, end)) {
            return Some(BEYOND);
        }
        too_long.then_some(TOO_LONG)
    }

    fn is_too_long(&self, seen: &Seen) -> bool {
        let [v4, v6] = DEFAULT_MSS;
        let silent = if seen.payload_at >= 60 { v6 } else { v4 };
        // A SYN cookie has room for a few values of the MSS, and this is the smallest (RFC 4987).
        let unknown = self.no_mss || self.passive;
        let most = if unknown { silent.max(self.maxseg) } else { 0 };
        let most = most.max(self.mss).max(LEAST_MSS);
        seen.payload + seen.options > most
    }

    /// Acknowledgment and window.
    fn acknowledges(&mut self, seen: &Seen, lenience: Lenience) -> Option<Property> {
        if !seen.has(ACK) {
            return None;
        }
        self.own_fin |= seen.has(FIN);
        let first = self.acked.is_none();
        if self.acked.is_some_and(|acked| before(seen.ack, acked)) {
            return Some(BACKWARDS);
        }
        self.acked = Some(seen.ack);
        if first {
            self.irs = self.initial(seen.ack);
            self.in_order = self.irs.map(|isn| self.without_gap(isn));
            if self.scales[1].is_some() {
                self.shift = self.scales[0].unwrap_or_default().min(14);
            }
        }
        if !self.is_scrambled && self.in_order.is_none_or(|end| before(end, seen.ack)) {
            return Some(NOT_SENT);
        }
        let shift = if seen.has(SYN) { 0 } else { self.shift };
        let edge = seen.ack.wrapping_add(u32::from(seen.window) << shift);
        self.edge = if first { edge } else { later(self.edge, edge) };
        // More than the field can say is offered all the same (Linux: tcp_select_initial_window).
        self.is_open = (self.is_open && !first) || seen.window == u16::MAX;
        if seen.has(SYN) {
            // Its window is not scaled, and Linux selects another when a SYN cookie comes back.
            return None;
        }
        let shrinks = self.offered.is_some_and(|old| before(edge.wrapping_add(self.slack()), old));
        // A FIN for which there is no memory is taken, and closes the window (tcp_data_queue).
        let closed = self.fin && seen.window == 0;
        // Of a window that no field can say a remainder tells the low bits (tcp_time_wait).
        let cut = (self.fin || self.own_fin) && self.is_open && shift == 0;
        let excused = lenience.may_shrink || closed || cut || seen.has(FIN) || self.is_mixed;
        // Of several SYNs the wire does not tell whose window scale counts.
        if shrinks && !excused && self.syns.len() == 1 {
            return Some(SHRINKS);
        }
        // What opens afterwards begins anew.
        let kept = self.offered.filter(|_| !closed);
        self.offered = Some(kept.map_or(edge, |old| later(old, edge)));
        None
    }
}
