//! pipe(), open(), splice() and sendfile(), and the files that commands made.
//!
//! A script prepares its files with commands; no other file exists.

use std::collections::BTreeMap;
use std::task::Poll;

use synproof_stack::api::SpliceSide;
use synproof_stack::errno::Errno as StackErrno;

use super::calls::{Answer, Kernel, beyond, count, to_fd};
use crate::target::Syscall;
use crate::target::syscall::{Fd, Output};

/// O_ACCMODE
const ACCESS: i32 = 3;
const O_RDONLY: i32 = 0;
/// O_CLOEXEC, O_LARGEFILE, O_NOCTTY: nothing to a file that is only read.
const HARMLESS: i32 = 0o2_000_000 | 0o100_000 | 0o400;

/// Files by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Carries out one of these calls.
pub(super) fn call(kernel: &mut Kernel<'_>, syscall: &Syscall) -> Answer {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller dispatches exactly these")]
    match syscall {
        Syscall::Pipe => {
            let (reader, writer) = kernel.stack.pipe();
            Ok(Poll::Ready((0, Output::Pipe(Fd(reader.0), Fd(writer.0)))))
        }
        Syscall::Open { path, flags } => open(kernel, path, *flags),
        Syscall::Splice { fd_in, off_in, fd_out, off_out, len, flags } => {
            let sides = (side(*fd_in, *off_in), side(*fd_out, *off_out));
            let spliced = kernel.stack.splice(kernel.now, sides, *len, *flags, kernel.sleep)?;
            Ok(spliced.map(|moved| (count(moved), Output::None)))
        }
        Syscall::Sendfile { out_fd, in_fd, offset, count: len } => {
            let sides = (to_fd(*out_fd), side(*in_fd, *offset));
            let sent = kernel.stack.sendfile(kernel.now, sides, *len, kernel.sleep)?;
            Ok(sent.map(|sent| (count(sent), Output::None)))
        }
        other => beyond(format!("{other:?}")),
    }
}

fn open(kernel: &mut Kernel<'_>, path: &str, flags: i32) -> Answer {
    if flags & ACCESS != O_RDONLY || flags & !(ACCESS | HARMLESS) != 0 {
        return beyond(format!("open() with the flags {flags:#x}"));
    }
    let Some(bytes) = kernel.files.get(path) else {
        return Err(StackErrno::ENOENT.into());
    };
    let fd = kernel.stack.open(bytes.clone());
    Ok(Poll::Ready((i64::from(fd.0), Output::None)))
}

fn side(fd: Fd, offset: Option<i64>) -> SpliceSide {
    SpliceSide { fd: to_fd(fd), offset }
}
