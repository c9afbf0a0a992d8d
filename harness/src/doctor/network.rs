//! The network of the kernel, as tried out in a fresh namespace.

use super::{Check, Status};
use crate::target::TargetError;
use crate::target::linux::{Inspection, inspect};

pub(super) fn checks() -> Vec<Check> {
    match inspect() {
        Err(error) => vec![from_error("network namespaces", Status::Missing, &error)],
        Ok(found) => {
            let mut checks = vec![
                Check::ok("network namespaces", "can be made"),
                tried("/dev/net/tun", Status::Missing, &found.tun, "tun0 can be made"),
                offloads(&found),
                tried("veth", Status::Warn, &found.veth, "a pair can be made"),
                tried("sock_diag", Status::Missing, &found.sock_diag, "answers"),
                congestion_controls(&found.congestion_controls),
            ];
            checks.extend(found.qdiscs.iter().map(|&(kind, taken)| qdisc(kind, taken)));
            checks
        }
    }
}

fn tried(name: &str, severity: Status, result: &Result<(), TargetError>, well: &str) -> Check {
    match result {
        Ok(()) => Check::ok(name, well),
        Err(error) => from_error(name, severity, error),
    }
}

fn from_error(name: &str, severity: Status, error: &TargetError) -> Check {
    let fix = match error {
        TargetError::Unavailable { fix, .. } => fix.clone(),
        TargetError::Io { .. } => "see the message; a newer kernel may be needed".into(),
        TargetError::Unsupported(_) | TargetError::Internal(_) => "report this as a bug".into(),
    };
    Check::bad(name, severity, error.to_string(), fix)
}

/// `tun0` is only made together with its offloads.
fn offloads(found: &Inspection) -> Check {
    const NAME: &str = "tun offloads";
    if found.tun.is_ok() {
        Check::ok(NAME, "checksums, TSO for IPv4 and IPv6, TSO with ECN")
    } else {
        let fix = "see /dev/net/tun above";
        Check::bad(NAME, Status::Missing, "could not be tried without tun0", fix)
    }
}

/// Outside the first network namespace, only an algorithm that everybody may use can become the
/// default, and scripts make cubic or reno theirs.
pub(super) fn congestion_controls(tried: &[(String, bool)]) -> Check {
    const NAME: &str = "congestion controls";
    let all: Vec<_> = tried.iter().map(|(name, _)| name.as_str()).collect();
    let refused: Vec<_> =
        tried.iter().filter(|(_, taken)| !taken).map(|(name, _)| name.as_str()).collect();
    if !refused.is_empty() {
        return Check::bad(
            NAME,
            Status::Warn,
            format!("a namespace may not choose {} (scripts that set it fail)", refused.join(", ")),
            format!(
                "on the host: sysctl -w net.ipv4.tcp_allowed_congestion_control=\"{}\"",
                all.join(" ")
            ),
        );
    }
    if all.contains(&"cubic") {
        return Check::ok(NAME, all.join(", "));
    }
    let fix = "modprobe tcp_cubic, or a kernel with CONFIG_TCP_CONG_CUBIC";
    Check::bad(NAME, Status::Warn, format!("{}; no cubic", all.join(", ")), fix)
}

fn qdisc(kind: &str, taken: bool) -> Check {
    let name = format!("qdisc {kind}");
    if taken {
        return Check::ok(&name, "available");
    }
    let option = format!("CONFIG_NET_SCH_{}", kind.to_uppercase());
    let fix = format!("modprobe sch_{kind} ({option}); scripts that attach it fail otherwise");
    Check::bad(&name, Status::Warn, "this kernel does not have it", fix)
}
