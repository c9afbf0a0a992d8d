//! Runs what the host sends, one script after the other.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use super::length::{SHORT_US, passage};
use crate::config::Config;
use crate::engine::{self, Mode, Run};
use crate::panics::caught;
use crate::script::ast::Script;
use crate::script::{self, source::SourceFile};
use crate::target::Launch;
use crate::target::linux::{Passage, Resident, clock_step_ns};
use crate::uml::message::{
    Errand, Frames, Greeting, Report, TAKEN, ToGuest, ToHost, WINDOW, frame,
};
use crate::uml::stream::Swell;

/// Greets the host, then serves it until it says that there is nothing more to do.
pub(super) fn serve(terminal: &mut File) -> Result<(), String> {
    let resident = Resident::settle().and_then(|resident| Ok((resident.info()?, resident)));
    let resident = match resident {
        Ok((info, resident)) => {
            let greeting = Greeting { info, clock_step_ns: clock_step_ns() };
            send(terminal, &frame(&ToHost::Ready(greeting))?)?;
            resident
        }
        Err(error) => return send(terminal, &frame(&ToHost::Unusable(error.to_string()))?),
    };
    let mut desk = Desk { resident, directory: None };
    let (mut swell, mut frames) = (Swell::new(), Frames::default());
    let mut piece = vec![0; WINDOW];
    let mut read = 0;
    loop {
        match frames.next()? {
            Some(ToGuest::Finish) => return Ok(()),
            Some(ToGuest::Run(errand)) => {
                send(terminal, &frame(&ToHost::Ran(Box::new(desk.run(*errand))))?)?;
            }
            None => {
                let len = terminal.read(&mut piece).map_err(|e| format!("read a script: {e}"))?;
                if len == 0 {
                    return Err("the host hung up".into());
                }
                frames.extend(&swell.swell(piece.get(..len).unwrap_or_default())?);
                read += len;
                while read >= TAKEN {
                    read -= TAKEN;
                    send(terminal, &frame(&ToHost::Taken)?)?;
                }
            }
        }
    }
}

pub(super) fn send(terminal: &mut File, frame: &[u8]) -> Result<(), String> {
    terminal.write_all(frame).map_err(|error| format!("send a result: {error}"))
}

/// Where errands are run.
struct Desk {
    resident: Resident,
    /// Where this process is; none before the first script.
    directory: Option<PathBuf>,
}

impl Desk {
    fn run(&mut self, errand: Errand) -> Report {
        let Errand { directory, path, text, defines, config, mode } = errand;
        self.enter(directory);
        let source = SourceFile::new(path, text);
        let (script, _) = script::parse(&source, &defines);
        let mut run = self.play(&script, &config, mode);
        let capture = std::mem::take(&mut run.log.capture);
        Report { run, capture }
    }

    fn play(&self, script: &Script, config: &Config, mode: Mode) -> Run {
        let passage = passage(script);
        let run = self.pass(passage, script, config, mode);
        if passage == Passage::SHORT && self.resident.lasted_us() > SHORT_US {
            return self.pass(Passage::USUAL, script, config, mode);
        }
        run
    }

    fn pass(&self, passage: Passage, script: &Script, config: &Config, mode: Mode) -> Run {
        let launch = self.resident.passing(passage);
        let run = caught(|| engine::carry_out(script, config, &launch, mode));
        run.unwrap_or_else(|why| Run::lost(script, format!("internal bug: {why}"), Vec::new()))
    }

    fn enter(&mut self, directory: PathBuf) {
        if self.directory.as_ref() == Some(&directory) {
            return;
        }
        let entered = std::env::set_current_dir(&directory).is_ok();
        if !entered {
            // Nothing relative is found there, least of all what an earlier script had.
            let _ = std::env::set_current_dir("/");
        }
        self.directory = Some(directory).filter(|_| entered);
    }
}
