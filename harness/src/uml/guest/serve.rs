//! Runs what the host sends, one script after the other.

use std::fs::File;
use std::io::{Read, Write};

use crate::engine::needs::named;
use crate::engine::{self, Run};
use crate::panics::caught;
use crate::script::ast::Script;
use crate::script::{self, source::SourceFile};
use crate::target::linux::{Link, LinuxLaunch, Passage};
use crate::target::{Capability, Launch};
use crate::uml::message::{Errand, Frames, Report, TAKEN, ToGuest, ToHost, WINDOW, frame};

/// Greets the host, then serves it until it says that there is nothing more to do.
pub(super) fn serve(terminal: &mut File) -> Result<(), String> {
    let launch = LinuxLaunch { link: Link::Tun, passage: Passage::USUAL };
    let greeting = match launch.info() {
        Ok(info) => ToHost::Ready(info),
        Err(error) => ToHost::Unusable(error.to_string()),
    };
    send(terminal, &frame(&greeting)?)?;
    let mut frames = Frames::default();
    let mut piece = vec![0; WINDOW];
    let mut read = 0;
    loop {
        match frames.next()? {
            Some(ToGuest::Finish) => return Ok(()),
            Some(ToGuest::Run(errand)) => {
                send(terminal, &frame(&ToHost::Ran(Box::new(run(*errand))))?)?;
            }
            None => {
                let len = terminal.read(&mut piece).map_err(|e| format!("read a script: {e}"))?;
                if len == 0 {
                    return Err("the host hung up".into());
                }
                frames.extend(piece.get(..len).unwrap_or_default());
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

fn run(errand: Errand) -> Report {
    let Errand { directory, path, text, defines, config } = errand;
    // Where it cannot be entered nothing relative is found, least of all what an earlier script had.
    if std::env::set_current_dir(directory).is_err() {
        let _ = std::env::set_current_dir("/");
    }
    let source = SourceFile::new(path, text);
    let (script, _) = script::parse(&source, &defines);
    let launch = LinuxLaunch { link: Link::Tun, passage: passage(&script) };
    let run = caught(|| engine::run(&script, &config, &launch));
    let mut run =
        run.unwrap_or_else(|why| Run::lost(&script, format!("internal bug: {why}"), Vec::new()));
    let capture = std::mem::take(&mut run.log.capture);
    Report { run, capture }
}

/// A script that lasts for minutes says so.
fn passage(script: &Script) -> Passage {
    let lasts = named(script).any(|(.., wanted)| wanted == Some(Capability::VirtualTime));
    if lasts { Passage::LONG } else { Passage::USUAL }
}
