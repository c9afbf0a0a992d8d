//! The merged configuration of one run of one script: plain data, no rules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::target::Setup;

/// The merged configuration of one script run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Addresses, MTU, sysctls, seed.
    pub setup: Setup,
    /// `--bind_port`: local port used by every bind().
    pub bind_port: u16,
    /// `--connect_port`: remote port used by connect() and sendto().
    pub connect_port: u16,
    /// How far times may be off.
    pub tolerance: Tolerance,
    /// `--tcp_ts_tick_usecs`: microseconds per tick of outbound TS val; 0 leaves them unchecked.
    pub tcp_ts_tick_usecs: u32,
    /// `--tcp_ts_ecr_scaled`.
    pub tcp_ts_ecr_scaled: bool,
    /// `--strict_segments`: one scripted packet is one observed packet.
    pub strict_segments: bool,
    /// `--strict_packets`: a packet of the script's connections that no line asks for fails the
    /// script at its end (extension).
    pub strict_packets: bool,
    /// `--strict_ts_ecr`: TS ecr of outbound packets is compared where it is written (extension).
    pub strict_ts_ecr: bool,
    /// `--non_fatal=packet`: outbound mismatches become warnings.
    pub non_fatal_packet: bool,
    /// `--send_omit_free`.
    pub send_omit_free: bool,
    /// `--init_scripts`: run before the target's network exists.
    pub init_scripts: Vec<PathBuf>,
    /// `--code_command`: interpreter of code blocks that are beyond the built-in subset.
    pub code_command: String,
    /// `--define SYM=val`, sorted by name; string values keep their quotes.
    pub defines: BTreeMap<String, String>,
    /// `--udp_encapsulation=tcp` (FreeBSD).
    pub udp_encapsulation: Option<String>,
    /// `--tcp_md5_secret` (FreeBSD).
    pub tcp_md5_secret: Option<String>,
    /// `--psp_udp_port`.
    pub psp_udp_port: u16,
}

/// Timing tolerance and where it came from (printed with a timing failure).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// `--tolerance_usecs`.
    pub usecs: i64,
    /// `--tolerance_percent` of the gap to the previous event.
    pub percent: f64,
    /// Who set it.
    pub origin: ToleranceOrigin,
}

/// Who set a tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToleranceOrigin {
    /// Nobody: packetdrill's 4000 us and 12.5 %.
    Default,
    /// An option in the script.
    Script,
    /// The profile.
    Profile,
    /// The command line.
    CommandLine,
}
