//! Readiness and `TCP_INFO` of every open socket, looked at after each event of an observing run.

use std::collections::BTreeMap;

use crate::code::vars::tcp_info_fields;
use crate::script::ast::Event;
use crate::target::{Fd, Sample};

use super::failure::{Step, target_problem};
use super::flow::Protocol;
use super::log::What;
use super::session::Session;

/// Fields of `TCP_INFO` that are left out of logs: times since something happened, shares of the
/// time, rates, and how often the flow drew a new hash.
const LEFT_OUT: [&str; 12] = [
    "tcpi_last_data_sent",
    "tcpi_last_ack_sent",
    "tcpi_last_data_recv",
    "tcpi_last_ack_recv",
    "tcpi_pacing_rate",
    "tcpi_delivery_rate",
    "tcpi_delivery_rate_app_limited",
    "tcpi_busy_time",
    "tcpi_rwnd_limited",
    "tcpi_sndbuf_limited",
    "tcpi_rehash",
    "tcpi_total_rto_time",
];

/// What was last seen of one socket.
#[derive(Debug, Default)]
pub(super) struct Known {
    readiness: Option<i16>,
    info: BTreeMap<&'static str, u64>,
}

impl Session<'_> {
    /// Looks at every open TCP socket and logs what changed.
    pub(super) fn sample(&mut self, event: &Event) -> Step<()> {
        let sampling = self.mode.sampling();
        if sampling.is_none() {
            return Ok(());
        }
        let open = self.connections.iter().enumerate().filter_map(|(number, (_, connection))| {
            Some((number, connection.fd.filter(|_| connection.protocol == Protocol::Tcp)?))
        });
        let (numbers, fds): (Vec<usize>, Vec<Fd>) = open.unzip();
        if fds.is_empty() {
            return Ok(());
        }
        let samples = self.target.look(&fds, sampling);
        let samples = samples.map_err(|error| target_problem(error, event.span))?;
        for (number, sample) in numbers.into_iter().zip(samples) {
            self.note_sample(event, number, &sample);
        }
        Ok(())
    }

    fn note_sample(&mut self, event: &Event, number: usize, sample: &Sample) {
        let (at, line) = (self.finished_at(), Some(self.line(event.span)));
        let socket = || format!("#{}", number + 1);
        let known = self.seen.entry(number).or_default();
        let events = sample.readiness.filter(|events| known.readiness != Some(*events));
        known.readiness = sample.readiness.or(known.readiness);
        let mut fields = BTreeMap::new();
        for (name, value) in sample.tcp_info.iter().flat_map(|info| tcp_info_fields(info)) {
            if !LEFT_OUT.contains(&name) && known.info.insert(name, value) != Some(value) {
                fields.insert(name.to_owned(), value);
            }
        }
        if let Some(events) = events {
            self.record(at, line, What::Ready { socket: socket(), events });
        }
        if !fields.is_empty() {
            self.record(at, line, What::Info { socket: socket(), fields });
        }
    }
}
