//! A configuration being put together: settings are applied in order of precedence, then the rest
//! is filled in from the IP version and the families are checked.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::address;
use super::model::{Config, Tolerance, ToleranceOrigin};
use super::setting::{Origin, Setting, SettingError};
use super::table::{OPTIONS, Takes, find};
use crate::target::{IpVersion, Setup};

/// Everything an option can set. Addresses stay open until the IP version is known.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Layer that is being applied.
    pub(super) origin: Origin,
    /// Where each option was set last, for messages.
    pub(super) set_by: BTreeMap<&'static str, Origin>,
    pub(super) ip_version: IpVersion,
    pub(super) bind_port: u16,
    pub(super) connect_port: u16,
    pub(super) local_ip: Option<IpAddr>,
    pub(super) remote_ip: Option<(IpAddr, u8)>,
    pub(super) gateway_ip: Option<IpAddr>,
    pub(super) netmask: Option<u8>,
    pub(super) mtu: u32,
    pub(super) inject_gso_size: u16,
    pub(super) speed_mbps: Option<u32>,
    pub(super) hz: Option<u32>,
    pub(super) tolerance: Tolerance,
    pub(super) tcp_ts_tick_usecs: u32,
    pub(super) tcp_ts_ecr_scaled: bool,
    pub(super) strict_segments: bool,
    pub(super) strict_packets: bool,
    pub(super) strict_ts_ecr: bool,
    pub(super) non_fatal_packet: bool,
    pub(super) is_anyip: bool,
    pub(super) send_omit_free: bool,
    pub(super) init_scripts: Vec<PathBuf>,
    pub(super) code_command: String,
    pub(super) defines: BTreeMap<String, String>,
    pub(super) dry_run: bool,
    pub(super) verbose: bool,
    pub(super) udp_encapsulation: Option<String>,
    pub(super) tcp_md5_secret: Option<String>,
    pub(super) psp_udp_port: u16,
}

impl Default for Draft {
    /// packetdrill's `set_default_config`.
    fn default() -> Self {
        Self {
            origin: Origin::Builtin,
            set_by: BTreeMap::new(),
            ip_version: IpVersion::Ipv4,
            bind_port: 8080,
            connect_port: 8080,
            local_ip: None,
            remote_ip: None,
            gateway_ip: None,
            netmask: None,
            mtu: 1500,
            inject_gso_size: 0,
            speed_mbps: None,
            hz: None,
            tolerance: Tolerance { usecs: 4000, percent: 12.5, origin: ToleranceOrigin::Default },
            tcp_ts_tick_usecs: 0,
            tcp_ts_ecr_scaled: false,
            strict_segments: false,
            strict_packets: false,
            strict_ts_ecr: false,
            non_fatal_packet: false,
            is_anyip: false,
            send_omit_free: false,
            init_scripts: Vec::new(),
            code_command: "python3".into(),
            defines: BTreeMap::new(),
            dry_run: false,
            verbose: false,
            udp_encapsulation: None,
            tcp_md5_secret: None,
            psp_udp_port: 0,
        }
    }
}

/// An address of the wrong family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FamilyError {
    pub(super) option: &'static str,
    pub(super) message: String,
}

impl Draft {
    /// Applies one setting on top of what is there.
    pub(super) fn apply(&mut self, setting: &Setting, origin: Origin) -> Result<(), SettingError> {
        let Some(spec) = find(&setting.name) else {
            let nearest = nearest(&setting.name);
            return Err(SettingError::Unknown { name: setting.name.clone(), nearest });
        };
        self.origin = origin;
        match (&spec.takes, setting.value.as_deref()) {
            (Takes::Refused(_, why), _) => {
                return Err(SettingError::Refused { name: spec.name, why });
            }
            (Takes::Nothing(set), None) => set(self),
            (Takes::Nothing(_), Some(_)) => return Err(SettingError::Forbidden(spec.name)),
            (Takes::Value(metavar, _), None) => {
                return Err(SettingError::Missing { name: spec.name, metavar });
            }
            (Takes::Value(_, set), Some(value)) => {
                set(self, value).map_err(|why| SettingError::Bad {
                    name: spec.name,
                    value: value.to_owned(),
                    why,
                })?;
            }
        }
        self.set_by.insert(spec.name, origin);
        Ok(())
    }

    /// Whether the addresses set so far fix the family of the packets: true for IPv6.
    pub(super) fn wire_is_v6(&self) -> Option<bool> {
        let remote = self.remote_ip.map(|(addr, _)| addr);
        [self.local_ip, remote, self.gateway_ip].into_iter().flatten().next().map(|a| a.is_ipv6())
    }

    /// Fills in what depends on the IP version and checks the families of the addresses.
    pub(super) fn finish(
        self,
        ip: IpVersion,
        seed: u64,
        sysctls: Vec<(String, String)>,
    ) -> Result<Config, FamilyError> {
        let v6 = ip.wire_is_v6();
        let v4_prefix = self.netmask.unwrap_or(address::LOCAL_PREFIX_V4);
        let local_prefix = if v6 { address::LOCAL_PREFIX_V6 } else { v4_prefix };
        let (remote_ip, remote_prefix) =
            self.remote_ip.unwrap_or_else(|| address::default_remote(v6));
        let local_ip =
            self.local_ip.unwrap_or_else(|| address::random_local(v6, local_prefix, seed));
        let gateway_ip = self.gateway_ip.unwrap_or_else(|| address::default_gateway(v6));
        for (option, addr) in
            [("local_ip", local_ip), ("remote_ip", remote_ip), ("gateway_ip", gateway_ip)]
        {
            self.check_family(option, addr, ip)?;
        }
        let setup = Setup {
            ip_version: ip,
            local_ip,
            local_prefix,
            remote_ip,
            remote_prefix,
            gateway_ip,
            mtu: self.mtu,
            inject_gso_size: self.inject_gso_size,
            is_anyip: self.is_anyip,
            speed_mbps: self.speed_mbps,
            hz: self.hz,
            sysctls,
            seed,
        };
        Ok(Config {
            setup,
            bind_port: self.bind_port,
            connect_port: self.connect_port,
            tolerance: self.tolerance,
            tcp_ts_tick_usecs: self.tcp_ts_tick_usecs,
            tcp_ts_ecr_scaled: self.tcp_ts_ecr_scaled,
            strict_segments: self.strict_segments,
            strict_packets: self.strict_packets,
            strict_ts_ecr: self.strict_ts_ecr,
            non_fatal_packet: self.non_fatal_packet,
            send_omit_free: self.send_omit_free,
            init_scripts: self.init_scripts,
            code_command: self.code_command,
            defines: self.defines,
            udp_encapsulation: self.udp_encapsulation,
            tcp_md5_secret: self.tcp_md5_secret,
            psp_udp_port: self.psp_udp_port,
        })
    }

    fn check_family(
        &self,
        option: &'static str,
        addr: IpAddr,
        ip: IpVersion,
    ) -> Result<(), FamilyError> {
        if addr.is_ipv6() == ip.wire_is_v6() {
            return Ok(());
        }
        let origin = self.set_by.get(option).copied().unwrap_or(Origin::Builtin);
        let whose = match origin {
            Origin::Builtin => "built in",
            Origin::Script => "set in the script",
            Origin::ProfileDefault | Origin::Profile => "set by the profile",
            Origin::CommandLine => "given on the command line",
        };
        let message = format!("--{option}={addr} ({whose}) does not fit ip version {}", ip.name());
        Err(FamilyError { option, message })
    }
}

/// The option whose name is closest to `name`, at most two edits away.
fn nearest(name: &str) -> Option<&'static str> {
    let scored = OPTIONS.iter().map(|spec| (edits(name, spec.name), spec.name));
    scored.min().filter(|&(distance, _)| distance <= 2).map(|(_, name)| name)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b = b.chars().collect::<Vec<_>>();
    let mut row = (0..=b.len()).collect::<Vec<_>>();
    for (i, ca) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for ((above_left, above), cb) in row.iter().zip(row.iter().skip(1)).zip(&b) {
            let substituted = above_left + usize::from(ca != *cb);
            left = substituted.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
