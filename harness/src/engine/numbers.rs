//! Injected packets whose numbers are known only when their time has come.

use crate::script::ast::PacketSpec;
use crate::target::ScriptTime;

use super::log::RunLog;

/// Gives the injected packets of a script their numbers. What it answers has the form of the line:
/// only numbers differ.
pub trait Numbers {
    /// The packet of event number `event` (from 0), to be injected at `at`, after all that the log
    /// holds; none where it is as the line has it.
    fn packet(
        &mut self,
        event: usize,
        line: &PacketSpec,
        at: ScriptTime,
        log: &RunLog,
    ) -> Option<PacketSpec>;
}

/// The numbers that stand in the script.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsWritten;

impl Numbers for AsWritten {
    fn packet(
        &mut self,
        _: usize,
        _: &PacketSpec,
        _: ScriptTime,
        _: &RunLog,
    ) -> Option<PacketSpec> {
        None
    }
}
