//! fcntl(): O_NONBLOCK is all TCP knows.

use crate::errno::Errno;
use crate::stack::Stack;
use crate::table::Fd;

const F_GETFD: i32 = 1;
const F_SETFD: i32 = 2;
const F_GETFL: i32 = 3;
const F_SETFL: i32 = 4;
const O_RDWR: i64 = 2;
const O_NONBLOCK: i64 = 0o4000;

impl Stack {
    /// Reads or changes the flags of a descriptor.
    pub fn fcntl(&mut self, fd: Fd, cmd: i32, arg: i64) -> Result<i64, Errno> {
        self.fds.get(fd)?;
        match cmd {
            F_GETFD => Ok(0),
            F_SETFD => Ok(0),
            F_GETFL => {
                let nonblock = self.sock_of(fd).is_ok_and(|sk| sk.opts.nonblock);
                Ok(if nonblock { O_RDWR | O_NONBLOCK } else { O_RDWR })
            }
            F_SETFL => {
                let nonblock = arg & O_NONBLOCK != 0;
                if let Ok(sk) = self.sock_of_mut(fd) {
                    sk.opts.nonblock = nonblock;
                } else {
                    self.set_pipe_nonblock(fd, nonblock);
                }
                Ok(0)
            }
            _ => Err(Errno::EINVAL),
        }
    }
}
