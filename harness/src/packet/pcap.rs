//! Captures: the packets of one run as pcapng (draft-ietf-opsawg-pcapng), for Wireshark and tshark.
//!
//! One section, one interface of link type RAW (a packet starts with its IP header), nanosecond
//! timestamps. The base time is an argument, so the same run gives the same bytes.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};
use thiserror::Error;

/// About the whole capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureInfo<'a> {
    /// Path of the script.
    pub script: &'a str,
    /// Name and version of the target.
    pub target: &'a str,
    /// `pass`, or the failure in words.
    pub verdict: &'a str,
    /// Name of the interface, for example `tun0`.
    pub interface: &'a str,
    /// Time of script time 0 since 1970-01-01.
    pub base: Duration,
}

/// Way of a packet, seen from the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Injected.
    ToTarget,
    /// Sent by the target.
    FromTarget,
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapturedPacketRef<'a> {
    /// Script time in nanoseconds; negative while the script is being set up.
    pub at_ns: i64,
    /// Way.
    pub way: Way,
    /// From the IP header on.
    pub bytes: &'a [u8],
    /// 1-based line of the script it belongs to. The comment of the packet is made of this and
    /// `note`; a packet without either has none.
    pub line: Option<usize>,
    /// More about the packet, for example why it did not match.
    pub note: Option<&'a str>,
}

/// A capture that could not be written.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The file cannot be created.
    #[error("failed to create the capture: {0}")]
    Create(#[source] std::io::Error),
    /// The file cannot be written.
    #[error("failed to write the capture: {0}")]
    Write(#[source] PcapError),
    /// The file cannot be finished.
    #[error("failed to finish the capture: {0}")]
    Flush(#[source] std::io::Error),
}

/// Writes a capture file, replacing what is there.
///
/// # Errors
/// What the file system says.
pub fn write_file<'a>(
    path: &Path,
    info: &CaptureInfo<'_>,
    packets: impl Iterator<Item = CapturedPacketRef<'a>>,
) -> Result<(), CaptureError> {
    let file = File::create(path).map_err(CaptureError::Create)?;
    write(BufWriter::new(file), info, packets)
}

/// Writes a capture. Little-endian on every machine, so that runs compare byte for byte.
///
/// # Errors
/// What the writer says.
pub fn write<'a>(
    to: impl Write,
    info: &CaptureInfo<'_>,
    packets: impl Iterator<Item = CapturedPacketRef<'a>>,
) -> Result<(), CaptureError> {
    let mut writer =
        PcapNgWriter::with_section_header(to, section(info)).map_err(CaptureError::Write)?;
    writer.write_pcapng_block(interface(info)).map_err(CaptureError::Write)?;
    for packet in packets {
        writer.write_pcapng_block(block(info, &packet)).map_err(CaptureError::Write)?;
    }
    writer.into_inner().flush().map_err(CaptureError::Flush)
}

fn section(info: &CaptureInfo<'_>) -> SectionHeaderBlock<'static> {
    let comment =
        format!("script: {}\ntarget: {}\nverdict: {}", info.script, info.target, info.verdict);
    SectionHeaderBlock {
        endianness: Endianness::Little,
        major_version: 1,
        minor_version: 0,
        section_length: -1,
        options: vec![
            SectionHeaderOption::Comment(fitting(comment)),
            SectionHeaderOption::UserApplication(Cow::Borrowed("synproof")),
        ],
    }
}

fn interface(info: &CaptureInfo<'_>) -> InterfaceDescriptionBlock<'static> {
    InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName(fitting(info.interface.to_owned())),
            InterfaceDescriptionOption::IfDescription(fitting(info.target.to_owned())),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
        ],
    }
}

/// `if_tsresol`: a power of ten. The writer stores timestamps in nanoseconds whatever it says.
const NANOSECONDS: u8 = 9;

fn block<'a>(info: &CaptureInfo<'_>, packet: &CapturedPacketRef<'a>) -> EnhancedPacketBlock<'a> {
    let offset = Duration::from_nanos(packet.at_ns.unsigned_abs());
    let timestamp = if packet.at_ns < 0 {
        info.base.saturating_sub(offset)
    } else {
        info.base.saturating_add(offset)
    };
    let mut options = vec![EnhancedPacketOption::Flags(match packet.way {
        Way::ToTarget => INBOUND,
        Way::FromTarget => OUTBOUND,
    })];
    if let Some(comment) = comment(info, packet) {
        options.push(EnhancedPacketOption::Comment(fitting(comment)));
    }
    EnhancedPacketBlock {
        interface_id: 0,
        timestamp,
        original_len: u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX),
        data: Cow::Borrowed(packet.bytes),
        options,
    }
}

/// `epb_flags`, the two lowest bits.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

fn comment(info: &CaptureInfo<'_>, packet: &CapturedPacketRef<'_>) -> Option<String> {
    let place = packet.line.map(|line| format!("{}:{line}", info.script));
    match (place, packet.note) {
        (Some(place), Some(note)) => Some(format!("{place}: {note}")),
        (Some(place), None) => Some(place),
        (None, note) => note.map(str::to_owned),
    }
}

/// An option holds 65,535 bytes; a longer text ends with `…`.
fn fitting(mut text: String) -> Cow<'static, str> {
    const MAX: usize = 65_535;
    const MARK: &str = "…";
    if text.len() > MAX {
        let mut end = MAX - MARK.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(MARK);
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests;
