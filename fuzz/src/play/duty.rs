//! What must come of a connection with time, and by when.
//!
//! Written from the RFCs, like [`super::wire`]. It takes from the stack which state a connection is
//! in, and from the wire what was said.

use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;

use super::arrival::Arrival;
use super::numbers::before;
use super::seen::{ACK, FIN, RST, SYN, Seen};
use super::wire::Property;

/// Most time between a segment and its acknowledgment.
const DELAYED_ACK_US: u64 = 500_000;
/// Twice the maximum segment lifetime, as Linux has it (TCP_TIMEWAIT_LEN).
const TIME_WAIT_US: u64 = 60_000_000;
/// Time without an answer after which what is suspicious is challenged whatever was before: twice
/// what Linux waits (tcp_invalid_ratelimit).
const QUIET_US: u64 = 1_000_000;
/// Copies of one segment to a silent peer within an hour. With a timeout that doubles from 200 ms
/// to two minutes there are forty.
const MOST_COPIES: u32 = 64;
const COPIES_WITHIN_US: u64 = 3_600_000_000;

const FIN_ACKED: Property = "a FIN is acknowledged within half a second [RFC9293:MUST-58]";
const WAITS: Property = "TIME-WAIT lasts for two segment lifetimes [RFC9293:MUST-13]";
const BACKS_OFF: Property =
    "a silent peer hears the same segment less and less often [RFC6298:5.5]";

/// What a connection owes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Duty {
    /// A FIN was taken: what was acknowledged before, and when.
    fin: Option<(u32, Instant)>,
    /// In TIME-WAIT since then.
    waits: Option<Instant>,
    /// What a peer that says nothing hears again: its number, since when, how often.
    copies: Option<(u32, Instant, u32)>,
    /// When something was said last.
    spoke: Option<Instant>,
}

impl Duty {
    /// Nothing was said for so long that no limit on answers applies.
    #[must_use]
    pub fn is_quiet(&self, now: Instant) -> bool {
        self.spoke.is_none_or(|spoke| now >= spoke.plus_micros(QUIET_US))
    }

    /// A packet or an ICMP error arrives, or the application does something: counting begins anew.
    pub const fn stirred(&mut self) {
        self.copies = None;
    }

    /// The stack sends a segment; the property that it breaks.
    pub fn leaves(&mut self, seen: &Seen, now: Instant) -> Option<Property> {
        self.spoke = Some(now);
        let pays = |acked: u32| seen.has(ACK) && !seen.has(RST) && before(acked, seen.ack);
        self.fin.take_if(|(acked, _)| seen.has(SYN) || pays(*acked));
        if seen.has(RST) || seen.end() == seen.seq {
            return None;
        }
        match &mut self.copies {
            Some((seq, since, count)) if *seq == seen.seq => {
                *count += 1;
                let often = *count > MOST_COPIES && now < since.plus_micros(COPIES_WITHIN_US);
                return often.then_some(BACKS_OFF);
            }
            Some((seq, ..)) if before(*seq, seen.seq) => {}
            Some(_) | None => self.copies = Some((seen.seq, now, 0)),
        }
        None
    }

    /// A segment has arrived: from which state to which, and what the stack had acknowledged before
    /// and has now.
    pub fn arrived(
        &mut self,
        seg: &Arrival,
        (old, new): (TcpState, TcpState),
        acked: [Option<u32>; 2],
        now: Instant,
    ) {
        let open = matches!(old, TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2);
        let ended = matches!(new, TcpState::CloseWait | TcpState::Closing | TcpState::TimeWait);
        if open && ended && seg.plain && seg.has(FIN) && acked[0] == acked[1] {
            self.fin = acked[0].map(|acked| (acked, now));
        }
        self.is_now(new, now);
    }

    /// Something happened by which a connection may leave TIME-WAIT.
    pub fn is_now(&mut self, state: TcpState, now: Instant) {
        self.waits = (state == TcpState::TimeWait).then(|| self.waits.unwrap_or(now));
    }

    /// Somebody has to ask for the state when time has passed.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.fin.is_some() || self.waits.is_some()
    }

    /// Time has passed, and nothing else happened; the property that is broken.
    pub fn passed(&mut self, state: TcpState, now: Instant) -> Option<Property> {
        if state == TcpState::Close {
            self.fin = None;
        }
        let late = |(_, since): &(u32, Instant)| now > since.plus_micros(DELAYED_ACK_US);
        if self.fin.as_ref().is_some_and(late) {
            return Some(FIN_ACKED);
        }
        let waits = self.waits.take_if(|_| state != TcpState::TimeWait);
        waits.filter(|since| now < since.plus_micros(TIME_WAIT_US)).map(|_| WAITS)
    }
}
