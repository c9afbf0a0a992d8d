//! What a seed means: the weather, both hosts' knobs, both programs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use synproof_stack::rng::Rng;

use super::link::{Fate, Weather};

/// One of the choices, by the seed.
fn pick<T: Copy + Default>(rng: &mut Rng, choices: &[T]) -> T {
    let at = rng.below(u32::try_from(choices.len()).unwrap_or_default());
    choices.get(at as usize).copied().unwrap_or_default()
}

/// True once in `n` times.
fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.below(n) == 0
}

/// Knobs and the values they may have; the first is the default and as likely as all others.
const KNOBS: &[(&str, &[&str])] = &[
    ("net.ipv4.tcp_sack", &["1", "0"]),
    ("net.ipv4.tcp_dsack", &["1", "0"]),
    ("net.ipv4.tcp_timestamps", &["1", "0", "2"]),
    ("net.ipv4.tcp_window_scaling", &["1", "0"]),
    ("net.ipv4.tcp_ecn", &["2", "0", "1"]),
    ("net.ipv4.tcp_rmem", &["4096 131072 33554432", "4096 8192 8192", "4096 20000 60000"]),
    ("net.ipv4.tcp_wmem", &["4096 16384 4194304", "4608 8192 8192", "4608 60000 60000"]),
    ("net.ipv4.tcp_congestion_control", &["cubic", "reno"]),
    ("net.ipv4.tcp_recovery", &["1", "0", "3", "5", "7"]),
    ("net.ipv4.tcp_early_retrans", &["3", "0"]),
    ("net.ipv4.tcp_frto", &["2", "0"]),
    ("net.ipv4.tcp_reordering", &["3", "10"]),
    ("net.ipv4.tcp_autocorking", &["1", "0"]),
    ("net.ipv4.tcp_slow_start_after_idle", &["1", "0"]),
    ("net.ipv4.tcp_comp_sack_nr", &["44", "0", "255"]),
    ("net.ipv4.tcp_moderate_rcvbuf", &["1", "0"]),
    ("net.ipv4.tcp_shrink_window", &["0", "1"]),
    ("net.ipv4.tcp_adv_win_scale", &["1", "2", "-2"]),
    ("net.ipv4.tcp_thin_linear_timeouts", &["0", "1"]),
    ("net.ipv4.tcp_retrans_collapse", &["1", "0"]),
    ("net.ipv4.tcp_workaround_signed_windows", &["0", "1"]),
    ("net.ipv4.tcp_rto_min_us", &["200000", "5000"]),
    ("net.ipv4.tcp_mtu_probing", &["0", "1", "2"]),
    ("net.ipv4.tcp_rfc1337", &["0", "1"]),
    ("net.ipv4.tcp_min_tso_segs", &["2", "1"]),
];

/// Knobs that keep unlucky connections alive: to give up is right, but shows nothing.
const PATIENCE: &[(&str, &str)] = &[
    ("net.ipv4.tcp_syn_retries", "30"),
    ("net.ipv4.tcp_synack_retries", "30"),
    ("net.ipv4.tcp_retries2", "250"),
    ("net.ipv4.tcp_orphan_retries", "250"),
];

/// Socket options (level, name) and values, set before the connection is opened.
const OPTIONS: &[(i32, i32, &[i32])] = &[
    (6, 1, &[1]),             // TCP_NODELAY
    (6, 2, &[600, 1200]),     // TCP_MAXSEG
    (6, 10, &[4000, 30_000]), // TCP_WINDOW_CLAMP
    (6, 12, &[1]),            // TCP_QUICKACK
    (6, 16, &[1]),            // TCP_THIN_LINEAR_TIMEOUTS
    (6, 25, &[1, 5000]),      // TCP_NOTSENT_LOWAT
    (1, 7, &[1, 10_000]),     // SO_SNDBUF
    (1, 8, &[1, 6_000]),      // SO_RCVBUF
    (1, 18, &[1, 3_000]),     // SO_RCVLOWAT
    (6, 9, &[1]),             // TCP_DEFER_ACCEPT
];

/// Level and name of the option that makes the receive buffer small.
const SO_RCVBUF: (i32, i32) = (1, 8);
const LEAST_RCVBUF: i32 = 6_000;

/// How a program ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// Sends everything, shuts down, reads to the end, closes.
    Orderly,
    /// Sends everything and closes at once, reading nothing more.
    CloseWhenSent,
    /// Closes after so many bytes were read, whatever is left to send or read.
    CloseAfterRead(usize),
    /// Aborts after so many bytes were sent (SO_LINGER of no length).
    AbortAfterSent(usize),
    /// Sends everything, shuts both directions down, closes later.
    ShutdownBoth,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Knobs of its host.
    pub sysctls: Vec<Knob>,
    /// Options of its socket: level, name, value.
    pub options: Vec<(i32, i32, i32)>,
    /// Bytes to send.
    pub bytes: usize,
    /// Most bytes of a call of send.
    pub write_at_once: usize,
    /// Most bytes of a call of recv.
    pub read_at_once: usize,
    /// Pause after each read in microseconds; 0 is none.
    pub pause_us: u64,
    /// Some calls of send say MSG_MORE or MSG_EOR, some of recv MSG_PEEK.
    pub flags: bool,
    /// Some bytes are urgent; the receiver has them in the stream.
    pub urgent: bool,
    /// How it ends.
    pub ending: Ending,
    /// Bursts leave as one packet of several MSS.
    pub tso: bool,
    /// MTU of its link.
    pub mtu: u32,
    /// Seed of the choices made on the way.
    pub seed: u64,
}

/// Name and value of a sysctl.
pub type Knob = (Cow<'static, str>, Cow<'static, str>);

/// A whole story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The link.
    pub weather: Weather,
    /// What it does to the first datagrams.
    #[serde(default)]
    pub fates: Vec<Fate>,
    /// Seed of what else it does.
    pub seed: u64,
    /// IPv6 instead of IPv4.
    pub v6: bool,
    /// Both programs connect, neither listens.
    pub simultaneous: bool,
    /// The programs.
    pub programs: [Plan; 2],
}

impl Story {
    /// The story of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x005e_edf0_57e4);
        let weather = weather(&mut rng);
        let v6 = one_in(&mut rng, 2);
        let orderly = one_in(&mut rng, 2);
        let programs = [0, 1].map(|who| program(&mut rng, seed * 2 + who, orderly));
        let simultaneous = one_in(&mut rng, 8);
        let mut story = Self { weather, fates: Vec::new(), seed, v6, simultaneous, programs };
        story.mend();
        story
    }

    /// Takes away what would make a story end otherwise than its oracle expects.
    pub fn mend(&mut self) {
        // Two programs that each wait for more than the other has would wait for ever.
        let bytes = self.programs.each_ref().map(|plan| plan.bytes);
        for (plan, most) in self.programs.iter_mut().zip(bytes.into_iter().rev()) {
            if let Ending::CloseAfterRead(n) = &mut plan.ending {
                *n = most.min(*n);
            }
            for (name, value) in PATIENCE {
                plan.set(name, value);
            }
            // With less Linux 6.12 can keep its window closed for ever
            // (specs/regressions/0085-window-closed-for-ever.pkt).
            let sizes = plan.options.iter_mut().filter(|option| (option.0, option.1) == SO_RCVBUF);
            sizes.for_each(|option| option.2 = LEAST_RCVBUF.max(option.2));
            if plan.has("net.ipv4.tcp_shrink_window", "1") {
                // A small buffer full of data out of order closes a window that may shrink, and then
                // nothing fills the hole any more: Linux looks at the window first (tcp_data_queue).
                plan.sysctls.retain(|(name, _)| name != "net.ipv4.tcp_rmem");
                plan.options.retain(|&(level, name, _)| (level, name) != SO_RCVBUF);
            }
        }
        if self.simultaneous {
            // Linux scales the window of a SYN-ACK that crossed a SYN (tcp_rcv_state_process), and
            // so does this stack: both hosts may then send beyond the window, and lose each other.
            self.programs.iter_mut().for_each(|plan| plan.set("net.ipv4.tcp_window_scaling", "0"));
        }
        if self.weather.loss > 100 {
            // So much loss looks like a black hole: the MSS falls to 48 bytes, and every lost ACK
            // makes a round trip of minutes, as an old duplicate does not renew the echo.
            self.programs.iter_mut().for_each(|plan| plan.set("net.ipv4.tcp_mtu_probing", "0"));
        }
    }

    /// Both programs read and write everything.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        self.programs.iter().all(|plan| plan.ending == Ending::Orderly)
    }
}

impl Plan {
    fn has(&self, name: &str, value: &str) -> bool {
        self.sysctls.iter().any(|set| set.0 == name && set.1 == value)
    }

    /// Sets a knob, once.
    fn set(&mut self, name: &'static str, value: &'static str) {
        self.sysctls.retain(|(known, _)| known != name);
        self.sysctls.push((name.into(), value.into()));
    }
}

fn weather(rng: &mut Rng) -> Weather {
    Weather {
        loss: pick(rng, &[0, 0, 10, 50, 100, 200]),
        duplication: pick(rng, &[0, 0, 10, 100]),
        corruption: pick(rng, &[0, 0, 10, 50]),
        delay_us: pick(rng, &[0, 50, 1_000, 20_000, 200_000]),
        jitter_us: pick(rng, &[0, 0, 100, 5_000, 50_000]),
    }
}

fn program(rng: &mut Rng, seed: u64, orderly: bool) -> Plan {
    let mut sysctls = Vec::new();
    for (name, values) in KNOBS {
        let first = values.first().copied().unwrap_or_default();
        let value = if one_in(rng, 2) { first } else { pick(rng, values) };
        sysctls.push((Cow::Borrowed(*name), Cow::Borrowed(value)));
    }
    let mut options = Vec::new();
    for (level, name, values) in OPTIONS {
        if one_in(rng, 6) {
            options.push((*level, *name, pick(rng, values)));
        }
    }
    let most = pick(rng, &[0, 1, 1_000, 20_000, 60_000, 120_000]);
    let bytes = rng.below(most + 1) as usize;
    let some = |rng: &mut Rng| rng.below(60_000) as usize;
    let ending = match rng.below(4) {
        _ if orderly => Ending::Orderly,
        0 => Ending::CloseWhenSent,
        1 => Ending::CloseAfterRead(some(rng)),
        2 => Ending::AbortAfterSent(some(rng)),
        _ => Ending::ShutdownBoth,
    };
    let pause_us = pick(rng, &[0, 0, 0, 10_000, 400_000, 3_000_000]);
    Plan {
        sysctls,
        options,
        bytes,
        write_at_once: pick(rng, &[100, 1448, 5_000, 65_536]),
        read_at_once: if pause_us == 0 { pick(rng, &[100, 1448, 65_536]) } else { 5_000 },
        pause_us,
        flags: one_in(rng, 4),
        urgent: one_in(rng, 8),
        ending,
        tso: one_in(rng, 3),
        mtu: pick(rng, &[1500, 1500, 1280, 9000]),
        seed,
    }
}

#[cfg(test)]
mod tests {
    use super::KNOBS;

    /// Every knob and value of the table exists.
    #[test]
    fn the_table_is_right() {
        let mut sysctls = synproof_stack::sysctl::Sysctls::default();
        for (name, values) in KNOBS {
            for value in *values {
                sysctls.set(name, value).unwrap();
            }
        }
    }
}
