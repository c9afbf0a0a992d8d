//! Ordinary programs on the kernel's TCP, for hosts in the rig to talk to: each runs in a thread of
//! the caller's namespace.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// A program of the kernel's that waits longer than this gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that is under way.
#[derive(Debug)]
pub struct Program<T>(JoinHandle<io::Result<T>>);

impl<T> Program<T> {
    /// Waits for its end.
    ///
    /// # Errors
    /// What the program ran into.
    pub fn join(self) -> io::Result<T> {
        self.0.join().unwrap_or_else(|_| Err(io::Error::other("the kernel's program panicked")))
    }
}

/// Starts a program.
pub fn start<T: Send + 'static>(
    program: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Program<T> {
    Program(std::thread::spawn(program))
}

/// A listener on a free port of one of the kernel's addresses.
///
/// # Errors
/// Those of bind(2).
pub fn listen(addr: IpAddr) -> io::Result<TcpListener> {
    TcpListener::bind((addr, 0))
}

/// Accepts one connection; it gives up after a minute of silence.
///
/// # Errors
/// Those of accept(2).
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (connection, _) = listener.accept()?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// Connects to each of `servers` in turn, says `text`, and waits for the other side to close.
pub fn say(servers: Vec<SocketAddr>, text: &'static str) -> Program<()> {
    start(move || {
        for server in servers {
            let mut connection = TcpStream::connect_timeout(&server, PATIENCE)?;
            connection.set_read_timeout(Some(PATIENCE))?;
            connection.write_all(text.as_bytes())?;
            connection.shutdown(std::net::Shutdown::Write)?;
            connection.read_to_end(&mut Vec::new())?;
        }
        Ok(())
    })
}

/// Accepts one connection and hears it out.
pub fn hear(listener: TcpListener) -> Program<String> {
    start(move || {
        let mut text = String::new();
        accept(&listener)?.read_to_string(&mut text)?;
        Ok(text)
    })
}
