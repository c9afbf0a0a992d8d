//! Timed shell commands, and the values that code blocks will look at.

use crate::code;
use crate::script::ast::{CodeBlock, Event, ShellCommand};

use super::calls::errno_text;
use super::failure::{Step, failure, target_problem};
use super::log::What;
use super::outcome::Class;
use super::run;
use super::schedule::Due;
use super::session::{Finished, Session};

impl Session<'_> {
    /// Runs the command at its time; script time goes on while it runs.
    pub(super) fn command(
        &mut self,
        event: &Event,
        command: &ShellCommand,
        due: Due,
    ) -> Step<Finished> {
        self.wait_for(event, due)?;
        let started = self.target.now();
        let script = self.script;
        let ended = run::shell(self.target.as_mut(), script, &command.text, command.span)?;
        let status = ended.as_ref().map_or(0, |problem| problem.status);
        if let Some(problem) = ended {
            self.differs(|_| problem.failure)?;
        }
        let what = What::Command { text: command.text.clone(), status };
        self.record(started, Some(self.line(event.span)), what);
        Ok(Finished { started, finished: self.target.now() })
    }

    /// Reads what the block may ask for. The block itself runs after the script.
    pub(super) fn capture_code(
        &mut self,
        event: &Event,
        block: &CodeBlock,
        due: Due,
    ) -> Step<Finished> {
        self.let_blocked_calls_finish(event, due)?;
        self.wait_for(event, due)?;
        let fd = self
            .connections
            .current()
            .and_then(|id| self.connections.get(id))
            .and_then(|connection| connection.fd);
        let Some(fd) = fd else {
            if !self.mode.judges() {
                return Ok(Finished::at(self.target.now()));
            }
            let message = "this code block has no socket to look at";
            return Err(failure(Class::Script, block.span, event.span, message)
                .with_note("the socket under test has no descriptor yet, or it was closed")
                .error());
        };
        let snapshot = self.target.probe(fd).map_err(|e| target_problem(e, event.span))?;
        let snapshot = match snapshot {
            Ok(snapshot) => snapshot,
            Err(_) if !self.mode.judges() => return Ok(Finished::at(self.target.now())),
            Err(errno) => {
                let why = errno_text(errno);
                let message = format!("getsockopt for this code block failed: {why}");
                return Err(failure(Class::Script, block.span, event.span, message).error());
            }
        };
        if !self.mode.judges() {
            self.note_code(event);
        }
        let line = code::text_line(block, &self.script.source);
        self.code.push(code::Captured { block: block.clone(), line, snapshot });
        Ok(Finished::at(self.target.now()))
    }
}
