//! A progress bar on standard error, for people who watch.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::Report;
use crate::runner::Event;

/// The bar as a report.
pub(super) struct Progress(pub(super) ProgressBar);

impl Progress {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
        let bar = ProgressBar::new(0);
        Self(if let Ok(style) = style { bar.with_style(style) } else { bar })
    }
}

impl Report for Progress {
    fn on(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Planned { cases, .. } => {
                self.0.set_length(u64::try_from(*cases).unwrap_or(u64::MAX));
            }
            Event::Started(id) => self.0.set_message(id.name().to_owned()),
            Event::Finished(_) => self.0.inc(1),
            Event::Summary(_) => self.0.finish_and_clear(),
        }
        Ok(())
    }
}

/// Standard output below which the bar stays.
pub(super) struct AboveBar(pub(super) ProgressBar);

impl Write for AboveBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stdout().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.suspend(|| io::stdout().lock().flush())
    }
}
