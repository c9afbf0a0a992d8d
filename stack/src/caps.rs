//! What the calling process may do: Linux's capabilities, as far as TCP sockets ask for them.
//!
//! Linux: capable, ns_capable (kernel/capability.c), capset(2). There is one process; it starts
//! with everything, as root does.

use crate::errno::Errno;

/// A capability by its Linux number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability(u8);

impl Capability {
    /// CAP_SETPCAP
    pub const SETPCAP: Self = Self(8);
    /// CAP_NET_BIND_SERVICE: ports below net.ipv4.ip_unprivileged_port_start.
    pub const NET_BIND_SERVICE: Self = Self(10);
    /// CAP_NET_ADMIN
    pub const NET_ADMIN: Self = Self(12);
    /// CAP_NET_RAW
    pub const NET_RAW: Self = Self(13);
    /// CAP_CHECKPOINT_RESTORE, the last one there is.
    const LAST: u8 = 40;

    /// The capability with this number, if Linux has it.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number <= Self::LAST).map(Self)
    }

    const fn bit(self) -> u64 {
        1 << self.0
    }
}

/// One of the three sets of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapSet {
    /// What is asked for.
    Effective,
    /// What may be made effective again.
    Permitted,
    /// What survives execve().
    Inheritable,
}

/// The sets of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    effective: u64,
    permitted: u64,
    inheritable: u64,
}

impl Default for Capabilities {
    fn default() -> Self {
        let all = (1 << (Capability::LAST + 1)) - 1;
        Self { effective: all, permitted: all, inheritable: 0 }
    }
}

impl Capabilities {
    /// Whether the process has `cap` (Linux: ns_capable).
    #[must_use]
    pub const fn has(&self, cap: Capability) -> bool {
        self.effective & cap.bit() != 0
    }

    /// CAP_NET_RAW or CAP_NET_ADMIN, which several options ask for.
    #[must_use]
    pub const fn has_raw_or_admin(&self) -> bool {
        self.has(Capability::NET_RAW) || self.has(Capability::NET_ADMIN)
    }

    /// Raises or drops one capability of one set.
    ///
    /// # Errors
    /// EPERM for a permitted one that was given up, an effective one that is not permitted, or an
    /// inheritable one that is neither.
    ///
    /// Linux: cap_capset (security/commoncap.c)
    pub const fn set(&mut self, which: CapSet, cap: Capability, on: bool) -> Result<(), Errno> {
        let mut new = *self;
        let set = match which {
            CapSet::Effective => &mut new.effective,
            CapSet::Permitted => &mut new.permitted,
            CapSet::Inheritable => &mut new.inheritable,
        };
        *set = if on { *set | cap.bit() } else { *set & !cap.bit() };
        let may_inherit = self.inheritable | self.permitted;
        let refused = new.permitted & !self.permitted != 0
            || new.effective & !new.permitted != 0
            || (!self.has(Capability::SETPCAP) && new.inheritable & !may_inherit != 0);
        if refused {
            return Err(Errno::EPERM);
        }
        *self = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{CapSet, Capabilities, Capability};
    use crate::errno::Errno;

    #[test]
    fn what_is_given_up_is_gone() {
        let mut caps = Capabilities::default();
        assert!(caps.has(Capability::NET_ADMIN));
        caps.set(CapSet::Effective, Capability::NET_ADMIN, false).unwrap();
        assert!(!caps.has(Capability::NET_ADMIN) && caps.has_raw_or_admin());
        caps.set(CapSet::Effective, Capability::NET_ADMIN, true).unwrap();
        let both = caps.set(CapSet::Permitted, Capability::NET_ADMIN, false);
        assert_eq!(both, Err(Errno::EPERM), "it is still effective");
        caps.set(CapSet::Effective, Capability::NET_ADMIN, false).unwrap();
        caps.set(CapSet::Permitted, Capability::NET_ADMIN, false).unwrap();
        let again = caps.set(CapSet::Effective, Capability::NET_ADMIN, true);
        assert_eq!(again, Err(Errno::EPERM));
    }
}
