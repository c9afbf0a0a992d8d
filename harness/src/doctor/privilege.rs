//! Whether this process may make network namespaces: as root, or in a user namespace.

use super::{Check, Status};

pub(super) fn checks() -> Vec<Check> {
    let held = effective_capabilities();
    vec![capabilities(held), user_namespaces(held)]
}

/// Needed capabilities (capabilities(7)), and what for.
const NEEDED: [(u32, &str); 3] =
    [(21, "CAP_SYS_ADMIN"), (12, "CAP_NET_ADMIN"), (13, "CAP_NET_RAW")];

/// Makes the harness punctual under load.
const CAP_SYS_NICE: u32 = 23;

fn effective_capabilities() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn has(held: u64, capability: u32) -> bool {
    held >> capability & 1 == 1
}

fn capabilities(held: u64) -> Check {
    const NAME: &str = "capabilities";
    let lacking: Vec<_> =
        NEEDED.iter().filter(|(n, _)| !has(held, *n)).map(|(_, name)| *name).collect();
    if !lacking.is_empty() {
        let detail = format!("without {}: a user namespace is needed", lacking.join(", "));
        return Check::bad(NAME, Status::Warn, detail, "run as root, or see the next line");
    }
    if !has(held, CAP_SYS_NICE) {
        let detail = "without CAP_SYS_NICE: events may be late on a busy machine";
        return Check::bad(NAME, Status::Warn, detail, "run as root");
    }
    Check::ok(NAME, "CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_NICE")
}

/// Sysctls that forbid user namespaces, with the value that allows them.
const SWITCHES: [(&str, &str); 2] = [
    ("kernel.unprivileged_userns_clone", "1"),
    ("kernel.apparmor_restrict_unprivileged_userns", "0"),
];

fn user_namespaces(held: u64) -> Check {
    const NAME: &str = "user namespaces";
    let read = |name: &str| {
        let path = crate::command::sysctl::proc_path(name);
        std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
    };
    // Who holds the capabilities does not need a user namespace.
    let severity = if has(held, 21) { Status::Warn } else { Status::Missing };
    let limit = read("user.max_user_namespaces");
    match limit.as_deref() {
        None => {
            let fix = "use a kernel with CONFIG_USER_NS, or run as root";
            return Check::bad(NAME, severity, "this kernel has none", fix);
        }
        Some("0") => {
            let fix = "sysctl -w user.max_user_namespaces=10000";
            return Check::bad(NAME, severity, "user.max_user_namespaces is 0", fix);
        }
        Some(_) => {}
    }
    let shut = SWITCHES.iter().find(|(name, open)| read(name).is_some_and(|value| value != *open));
    match shut {
        Some((name, open)) => {
            let detail = format!("{name} keeps unprivileged users out");
            Check::bad(NAME, severity, detail, format!("sysctl -w {name}={open}"))
        }
        None => Check::ok(NAME, format!("up to {}", limit.unwrap_or_default())),
    }
}
