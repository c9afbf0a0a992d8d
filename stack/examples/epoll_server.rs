//! The classic edge-triggered server, on this stack: an epoll loop on port 12345 that accepts until
//! there is nobody left and receives ten bytes at a time until there is nothing left.
//!
//! `cargo run -p synproof-stack --example epoll_server` makes a network namespace and a TUN device,
//! serves two clients on the kernel's own TCP, one over IPv4 and one over IPv6, and prints what they
//! said. Exit code 77: no namespace or no device to be had.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::task::Poll;

use synproof_rig::{Driver, Tun, kernel};
use synproof_stack::api::{Address, Domain, EpollEvent, EpollOp, MsgFlags, Sleep};
use synproof_stack::errno::Errno;
use synproof_stack::{Fd, Stack};

const PORT: u16 = 12345;
const AT_ONCE: usize = 10;

const EPOLLIN: u32 = 0x001;
const EPOLLET: u32 = 1 << 31;

/// A client that is being heard.
struct Client {
    peer: SocketAddr,
    said: Vec<u8>,
    reads: u32,
}

/// The server's sockets.
struct Server {
    epoll: Fd,
    listener: Fd,
    clients: BTreeMap<Fd, Client>,
}

fn main() -> io::Result<ExitCode> {
    let mut driver = match Driver::in_namespace(1) {
        Ok(driver) => driver,
        Err(error) => {
            eprintln!("skipped: {error:#}");
            return Ok(ExitCode::from(77));
        }
    };

    let mut server = listen(&mut driver)?;
    let servers = Tun::HOST.map(|addr| SocketAddr::new(addr, PORT)).to_vec();
    let mut clients = servers.len();
    let program = kernel::say(servers, "Hello, world!");
    while clients > 0 {
        let (epoll, max, forever) = (server.epoll, 64, -1);
        let events =
            driver.call(|stack, now, sleep| stack.epoll_wait(now, epoll, max, forever, sleep))?;
        for event in events? {
            let fd = Fd(i32::try_from(event.data).map_err(io::Error::other)?);
            clients -= server.serve(&mut driver, fd)?;
        }
    }
    driver.drain()?;
    program.join()?;
    Ok(ExitCode::SUCCESS)
}

/// socket, bind, listen, `epoll_create`, `epoll_ctl`: one socket for both families.
fn listen(driver: &mut Driver<Stack>) -> io::Result<Server> {
    let now = driver.now();
    let stack = &mut driver.host;
    let listener = stack.socket(now, Domain::Inet6, true);
    let any = SocketAddr::new("::".parse().map_err(io::Error::other)?, PORT);
    stack.bind(now, listener, Address::Inet(any))?;
    stack.listen(now, listener, 128)?;
    let epoll = stack.epoll_create(1)?;
    let server = Server { epoll, listener, clients: BTreeMap::new() };
    server.watch(stack, listener)?;
    Ok(server)
}

impl Server {
    fn watch(&self, stack: &mut Stack, fd: Fd) -> Result<(), Errno> {
        let data = u64::from(fd.0.unsigned_abs());
        let event = EpollEvent { events: EPOLLIN | EPOLLET, data };
        stack.epoll_ctl(self.epoll, EpollOp::Add, fd, event)
    }

    /// Something happened on `fd`; says how many clients are done.
    fn serve(&mut self, driver: &mut Driver<Stack>, fd: Fd) -> io::Result<usize> {
        if fd == self.listener { self.accept(driver) } else { self.receive(driver, fd) }
    }

    /// Accepts until nobody waits any more: the edge comes only once.
    fn accept(&mut self, driver: &mut Driver<Stack>) -> io::Result<usize> {
        let now = driver.now();
        loop {
            match driver.host.accept(now, self.listener, true, &mut Sleep::default()) {
                Poll::Ready(Err(Errno::EAGAIN)) | Poll::Pending => return Ok(0),
                Poll::Ready(accepted) => {
                    let accepted = accepted?;
                    self.watch(&mut driver.host, accepted.fd)?;
                    let client = Client { peer: accepted.peer, said: Vec::new(), reads: 0 };
                    self.clients.insert(accepted.fd, client);
                }
            }
        }
    }

    /// Receives until there is nothing left; at the end of the stream the client is done.
    fn receive(&mut self, driver: &mut Driver<Stack>, fd: Fd) -> io::Result<usize> {
        let now = driver.now();
        let Some(client) = self.clients.get_mut(&fd) else { return Ok(0) };
        loop {
            let none = MsgFlags::default();
            match driver.host.recv(now, fd, AT_ONCE, none, &mut Sleep::default()) {
                Poll::Ready(Err(Errno::EAGAIN)) | Poll::Pending => return Ok(0),
                Poll::Ready(Ok(received)) if received.data.is_empty() => break,
                Poll::Ready(received) => {
                    client.said.extend(received?.data);
                    client.reads += 1;
                }
            }
        }
        let (said, reads) = (String::from_utf8_lossy(&client.said), client.reads);
        println!("{} said in {reads} reads: {said}", client.peer.ip());
        // A socket that does not linger closes at once.
        let _closed = driver.host.close(now, fd, &mut Sleep::default());
        self.clients.remove(&fd);
        Ok(1)
    }
}
