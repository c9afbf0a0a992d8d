//! `tc` on the stack's one link: which queueing discipline stands in front of it.
//!
//! A discipline that only keeps order is as good as any other one; a queue without room drops, fq
//! paces, and one that does something else on purpose is refused.

use synproof_stack::Stack;
use synproof_stack::qdisc::Qdisc;

use super::commands::lacks;
use crate::command::host::Refusal;
use crate::command::tc::{QdiscCommand, QdiscOp, QdiscParent, TcCommand, TcObject};

/// Disciplines that hand packets on as they come.
const FIFO_QDISCS: [&str; 6] = ["bfifo", "fq_codel", "noqueue", "pfifo", "pfifo_fast", "mq"];
/// A queue of so many packets is never full: the link is never busy.
const ROOMY: u32 = 100;

/// Carries out a `tc` command.
pub(super) fn tc(command: &TcCommand, stack: &mut Stack) -> Result<(), Refusal> {
    match &command.object {
        TcObject::Qdisc(QdiscCommand { op: QdiscOp::Show, .. }) => Ok(()),
        TcObject::Qdisc(qdisc) => match discipline(qdisc) {
            Some(discipline) => {
                stack.set_qdisc(discipline);
                Ok(())
            }
            None => lacks(format!("`tc {}`", command.words.join(" "))),
        },
        TcObject::NotUnderstood(why) => lacks(format!("`tc {}` ({why})", command.words.join(" "))),
    }
}

/// The discipline after the command, if the stack has it.
fn discipline(command: &QdiscCommand) -> Option<Qdisc> {
    if !matches!(command.parent, None | Some(QdiscParent::Root)) {
        return None;
    }
    match command.op {
        QdiscOp::Delete => Some(Qdisc::default()),
        QdiscOp::Add | QdiscOp::Replace | QdiscOp::Change => match command.kind.as_deref()? {
            "fq" if command.options.is_empty() => Some(Qdisc::Fq),
            kind if FIFO_QDISCS.contains(&kind) => fifo(command),
            _ => None,
        },
        QdiscOp::Show => None,
    }
}

fn fifo(command: &QdiscCommand) -> Option<Qdisc> {
    let Some(text) = command.option("limit") else { return Some(Qdisc::default()) };
    let limit = text.trim_end_matches('p').parse().ok()?;
    (limit == 0 || limit >= ROOMY).then_some(Qdisc::Pfifo { limit })
}
