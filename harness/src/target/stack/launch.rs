//! Makes stacks: one fresh host per script.

use super::target::StackTarget;
use crate::target::{Capability, Clock, Launch, Setup, Target, TargetError, TargetInfo};

/// Length of a timer tick of the stack (HZ 1000), in microseconds.
const TICK_US: i64 = 1_000_000 / synproof_stack::time::HZ.cast_signed();

/// What the stack can do, sorted.
const CAPABILITIES: [Capability; 5] = [
    Capability::Ipv4,
    Capability::Ipv6,
    Capability::Ipv4Mapped,
    Capability::TcpInfo,
    Capability::Tso,
];

/// Makes targets out of [`synproof_stack::Stack`].
#[derive(Clone, Copy, Debug, Default)]
pub struct StackLaunch;

/// What every stack says about itself.
pub(super) fn info() -> TargetInfo {
    TargetInfo {
        name: "stack".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        clock: Clock::Virtual { tick_us: TICK_US },
        capabilities: CAPABILITIES.to_vec(),
    }
}

impl Launch for StackLaunch {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        Ok(info())
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        Ok(Box::new(StackTarget::new(setup)?))
    }
}
