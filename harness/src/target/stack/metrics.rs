//! `ip tcp_metrics` on the stack.

use std::net::IpAddr;

use synproof_stack::metrics::TcpMetrics;

use super::network::contains;
use crate::command::host::Refusal;
use crate::command::ip::TcpMetricsCommand;

/// ESRCH, as iproute2 reports it.
const NO_SUCH_ENTRY: &str = "RTNETLINK answers: No such process";
/// Exit status of `ip` when the kernel refuses.
const IP_REFUSED: i32 = 2;

/// Applies `command` to what the stack remembers.
pub(super) fn apply(command: &TcpMetricsCommand, metrics: &mut TcpMetrics) -> Result<(), Refusal> {
    match command {
        TcpMetricsCommand::Show => {}
        TcpMetricsCommand::Flush(None) => metrics.tcp_metrics_flush_all(),
        TcpMetricsCommand::Flush(Some(prefix)) => {
            metrics.delete(|remote| contains(*prefix, remote));
        }
        TcpMetricsCommand::Delete(addr) => {
            let addr: IpAddr = *addr;
            if !metrics.delete(|remote| remote == addr) {
                return Err(Refusal::Failed { status: IP_REFUSED, why: NO_SUCH_ENTRY.to_owned() });
            }
        }
    }
    Ok(())
}
