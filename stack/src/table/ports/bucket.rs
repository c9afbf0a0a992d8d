//! One port: its owners, and what bind() remembers of them so as not to ask each.
//!
//! Linux: struct inet_bind_bucket (include/net/inet_hashtables.h), inet_csk_update_fastreuse,
//! inet_csk_bind_conflict (net/ipv4/inet_connection_sock.c)

use std::collections::BTreeMap;

use super::claim::{Claim, Rules, Wildcards, inet_bind_conflict, inet_rcv_saddr_equal};
use crate::kernel::Behaviours;

/// What an owner of a port may do with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenure {
    /// The port was chosen by connect(), so connections to other destinations may have it too
    /// (SOCK_CONNECT_BIND).
    pub(super) by_connect: bool,
}

/// Who is let in with SO_REUSEPORT, whatever has become of the options of the owners.
#[derive(Clone, Copy, Debug)]
enum FastReuseport {
    /// FASTREUSEPORT_ANY: everybody.
    Any,
    /// FASTREUSEPORT_STRICT, and the fields named fast_*: who claims no more than this.
    Strict(Claim),
}

/// One port and its owners.
#[derive(Clone, Debug)]
pub(super) struct Bucket<Id> {
    pub(super) owners: BTreeMap<Id, Tenure>,
    /// Owners that did not get the port by connect().
    bound: usize,
    /// There is one, or has been one: fastreuse and fastreuseport are not -1.
    was_bound: bool,
    /// All that ever bound had SO_REUSEADDR, and so has everybody who may come.
    fastreuse: bool,
    /// What the last of them claimed, if it and everybody since bound with SO_REUSEPORT.
    fastreuseport: Option<FastReuseport>,
}

impl<Id> Default for Bucket<Id> {
    fn default() -> Self {
        Self {
            owners: BTreeMap::new(),
            bound: 0,
            was_bound: false,
            fastreuse: false,
            fastreuseport: None,
        }
    }
}

/// The claims of other sockets, by id.
pub(super) type Claims<'a, Id> = &'a dyn Fn(Id) -> Option<Claim>;

impl<Id: Copy + Ord> Bucket<Id> {
    pub(super) fn add(&mut self, id: Id, tenure: Tenure) {
        if self.owners.insert(id, tenure).is_none_or(|old| old.by_connect) && !tenure.by_connect {
            self.bound += 1;
            self.was_bound = true;
        }
    }

    /// Linux: __inet_put_port, inet_bind_bucket_destroy
    pub(super) fn remove(&mut self, id: Id, kernel: &Behaviours) {
        let Some(tenure) = self.owners.remove(&id) else { return };
        self.bound -= usize::from(!tenure.by_connect);
        if self.bound == 0 && kernel.port_forgets_bind {
            self.was_bound = false;
            self.fastreuseport = None;
        }
    }

    /// connect() may choose the port: nobody has it who was given it by bind().
    ///
    /// Linux: the look at fastreuse and fastreuseport in __inet_hash_connect
    pub(super) const fn is_for_connect(&self) -> bool {
        !self.was_bound
    }

    /// Whether `claim` is let in without a look at the owners.
    ///
    /// Linux: the first condition of inet_csk_get_port
    pub(super) fn lets_in_unseen(&self, claim: &Claim) -> bool {
        self.fastreuse && claim.reuses() || self.sk_reuseport_match(claim)
    }

    /// Linux: sk_reuseport_match
    fn sk_reuseport_match(&self, claim: &Claim) -> bool {
        let any = Wildcards { first: true, second: false };
        let fast = self.fastreuseport.filter(|_| claim.reuseport);
        fast.is_some_and(|fast| match fast {
            FastReuseport::Any => true,
            FastReuseport::Strict(fast) => inet_rcv_saddr_equal(&fast, claim, any),
        })
    }

    /// What bind() leaves for those that come after. The first owner leaves most, but newer kernels
    /// never see one: to them the bucket has its address already.
    ///
    /// Linux: inet_csk_update_fastreuse
    pub(super) fn inet_csk_update_fastreuse(&mut self, claim: &Claim, kernel: &Behaviours) {
        if self.owners.is_empty() && kernel.first_bind_is_seen {
            self.fastreuse = claim.reuses();
            self.fastreuseport = claim.reuseport.then_some(FastReuseport::Any);
            return;
        }
        self.fastreuse &= claim.reuses();
        if !claim.reuseport {
            self.fastreuseport = None;
        } else if !self.sk_reuseport_match(claim) {
            self.fastreuseport = Some(FastReuseport::Strict(*claim));
        }
    }

    /// Whether somebody else's claim stands against this one: somebody of the same address or of a
    /// wildcard for one address, anybody for a wildcard.
    ///
    /// Linux: inet_csk_bind_conflict, inet_bhash2_addr_any_conflict
    pub(super) fn inet_csk_bind_conflict(
        &self,
        id: Id,
        claim: &Claim,
        claims: Claims<'_, Id>,
        rules: Rules,
    ) -> bool {
        let meets = |other: &Claim| {
            if claim.uses_hash2() {
                let together = other.is_any_for(claim) || other.bucket2() == claim.bucket2();
                together && !other.leaves_alone(claim)
            } else {
                inet_rcv_saddr_equal(claim, other, Wildcards::BOTH)
            }
        };
        let others = self.owners.keys().filter(|owner| **owner != id);
        others
            .filter_map(|owner| claims(*owner))
            .any(|other| inet_bind_conflict(claim, &other, rules) && meets(&other))
    }
}
