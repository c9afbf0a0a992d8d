//! What a call returned, in script coordinates: descriptors by label, stamps in script time.

use crate::script::ast::SyscallSpec;
use crate::target::{EpollEvent, Fd, Output, Returned};

use super::calls::{Effect, Expect, stamps_in_script_time};
use super::session::Session;
use super::syscalls::label_of;

impl Session<'_> {
    /// The result as the log has it. It holds no number that the target drew.
    pub(super) fn script_result(
        &mut self,
        spec: &SyscallSpec,
        (expect, effect): (&Expect, &Effect),
        returned: &Returned,
    ) -> Returned {
        let mut result = returned.clone();
        if matches!(expect, Expect::NewDescriptor) && result.value >= 0 {
            // One that the script did not expect has no label; any will do.
            let fd = Fd(i32::try_from(result.value).unwrap_or(-1));
            result.value = label_of(spec, fd).max(0);
        }
        match &mut result.output {
            Output::Epoll(events) => events.iter_mut().for_each(|event| self.label_event(event)),
            Output::Pipe(read, write) => {
                if let Effect::Pipe(read_label, write_label) = effect {
                    let label = |label: i64| Fd(i32::try_from(label).unwrap_or(-1));
                    (*read, *write) = (label(*read_label), label(*write_label));
                }
            }
            Output::Message { control, .. } => {
                let realtime = self.target.realtime_at_start_us();
                control.iter_mut().for_each(|message| stamps_in_script_time(message, realtime));
            }
            Output::None
            | Output::Peer(_)
            | Output::Data(_)
            | Output::OptVal(_)
            | Output::Int(_)
            | Output::Poll(_) => {}
        }
        result
    }

    /// `fd` of an event that was registered with a label is the target's number.
    fn label_event(&self, event: &mut EpollEvent) {
        let label = i32::try_from(event.data).ok().and_then(|fd| self.descriptors.label(Fd(fd)));
        if let Some(label) = label.and_then(|label| u64::try_from(label).ok()) {
            event.data = label;
        }
    }
}
