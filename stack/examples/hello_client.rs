//! The classic client, on this stack: connects, writes "Hello, world!" and closes.
//!
//! `cargo run -p synproof-stack --example hello_client` makes a network namespace and a TUN device,
//! talks to a server on the kernel's own TCP over IPv4 and then over IPv6, and prints what that
//! server heard. Exit code 77: no namespace or no device to be had.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use synproof_rig::{Driver, Tun, kernel};
use synproof_stack::Stack;
use synproof_stack::api::{Address, Domain, MsgFlags};

fn main() -> io::Result<ExitCode> {
    let mut driver = match Driver::in_namespace(1) {
        Ok(driver) => driver,
        Err(error) => {
            eprintln!("skipped: {error:#}");
            return Ok(ExitCode::from(77));
        }
    };
    for addr in Tun::KERNEL {
        let listener = kernel::listen(addr)?;
        let server = listener.local_addr()?;
        let program = kernel::hear(listener);
        say_hello(&mut driver, server)?;
        driver.drain()?;
        println!("{addr} heard: {}", program.join()?);
    }
    Ok(ExitCode::SUCCESS)
}

/// socket, connect, send, close: each waits as long as it takes.
fn say_hello(driver: &mut Driver<Stack>, server: SocketAddr) -> io::Result<()> {
    let domain = if server.is_ipv6() { Domain::Inet6 } else { Domain::Inet };
    let now = driver.now();
    let fd = driver.host.socket(now, domain, false);
    let address = Address::Inet(server);
    driver.call(|stack, now, sleep| stack.connect(now, fd, address, sleep))??;
    let (text, none) = (b"Hello, world!", MsgFlags::default());
    driver.call(|stack, now, sleep| stack.send(now, fd, text, none, sleep))??;
    driver.call(|stack, now, sleep| stack.close(now, fd, sleep))??;
    Ok(())
}
