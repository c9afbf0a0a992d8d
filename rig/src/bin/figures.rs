//! `figures`: what a TCP in the rig costs, in memory and without a kernel.
//!
//! The functions whose name begins with `counted` are what is measured; `cargo xtask figures` runs
//! this program under callgrind, which counts the instructions inside them, and prints the table.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::hint::black_box;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::Poll;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use synproof_rig::smol::Smol;
use synproof_rig::tcp::Tcp;
use synproof_stack::api::{Address, Domain, Sleep};
use synproof_stack::time::Instant;
use synproof_stack::{Config, Stack};

/// What the command line says.
#[derive(Parser)]
#[command(about = "What a TCP in the rig costs, without a kernel")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// stack or smoltcp
    #[arg(long, global = true, default_value = "stack")]
    host: String,
    /// How often, or how many connections
    #[arg(long, global = true, default_value_t = 1000)]
    count: u32,
}

/// What is measured.
#[derive(Subcommand, Clone, Copy)]
enum What {
    /// Connections that are opened, carry 14,600 bytes and are closed: both ends together
    Connection,
    /// In-order segments of 1,460 bytes, received and acknowledged
    Receive,
    /// Segments of 1,460 bytes, handed over and sent; their acknowledgements received
    Send,
    /// Resident memory of an established connection that is idle (one end)
    Memory,
    /// In-order segments of one byte, one for each of many connections (stack only)
    Lookup,
}

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const PORT: u16 = 80;
/// Ports used of each address of the client, when there are many connections.
const PORTS: u32 = 25_000;
const SEGMENT: usize = 1460;
const TRANSFER: usize = 10 * SEGMENT;
/// Buffers of smoltcp's sockets.
const BUFFER: usize = 65_536;
/// And where only the idle connection counts.
const SMALL_BUFFER: usize = 4096;

fn main() -> Result<()> {
    let Arguments { what, host, count } = Arguments::parse();
    if let What::Lookup = what {
        return lookup(count);
    }
    if host == "smoltcp" {
        let buffer = if matches!(what, What::Memory) { SMALL_BUFFER } else { BUFFER };
        let host = |addr: IpAddr| Smol::new(&[addr], 1500, buffer);
        measure(what, &mut Pair::new(host(CLIENT), host(SERVER)), count)
    } else {
        measure(what, &mut Pair::new(stack(vec![CLIENT]), stack(vec![SERVER])), count)
    }
}

fn stack(local_addrs: Vec<IpAddr>) -> Stack {
    let mut stack = Stack::new(Config { local_addrs, mtu: 1500, seed: 1, ..Config::default() });
    stack.net_mut().tso = false;
    // Segments carry no options, so that 1,460 bytes fit; smoltcp has none either.
    let _known = stack.sysctl_mut().set("net.ipv4.tcp_timestamps", "0");
    stack
}

/// Two hosts and the wire between them, in virtual time.
struct Pair<H: Tcp> {
    client: H,
    server: H,
    listener: Option<H::Conn>,
    now: Instant,
}

impl<H: Tcp> Pair<H> {
    const fn new(client: H, server: H) -> Self {
        Self { client, server, listener: None, now: Instant::from_millis(1) }
    }

    /// Lets a millisecond pass, and carries datagrams until there are none.
    fn settle(&mut self) {
        self.now = self.now.plus_micros(1000);
        self.client.on_timer(self.now);
        self.server.on_timer(self.now);
        self.carry();
    }

    fn carry(&mut self) {
        let now = self.now;
        loop {
            let mut idle = true;
            while let Some(packet) = self.client.poll_transmit(now) {
                self.server.on_packet(now, &packet);
                idle = false;
            }
            while let Some(packet) = self.server.poll_transmit(now) {
                self.client.on_packet(now, &packet);
                idle = false;
            }
            if idle {
                return;
            }
        }
    }

    /// A new connection: its two ends.
    fn connect(&mut self) -> io::Result<[H::Conn; 2]> {
        let server = SocketAddr::new(SERVER, PORT);
        let listener = match self.listener {
            Some(listener) if !H::LISTENER_IS_USED_UP => listener,
            Some(_) | None => self.server.listen(self.now, server)?,
        };
        self.listener = Some(listener);
        let client = self.client.connect(self.now, server)?;
        self.settle();
        let not_yet = || io::Error::other("the handshake is not over");
        let Poll::Ready(client) = self.client.established(self.now, client) else {
            return Err(not_yet());
        };
        let Poll::Ready(server) = self.server.established(self.now, listener) else {
            return Err(not_yet());
        };
        Ok([client?, server?])
    }

    /// Opens, carries data, closes.
    fn connection(&mut self, data: &[u8], buffer: &mut Vec<u8>) -> io::Result<()> {
        let [client, server] = self.connect()?;
        let mut rest = data;
        while !rest.is_empty() {
            if let Poll::Ready(taken) = self.client.send(self.now, client, rest) {
                rest = rest.get(taken?..).unwrap_or_default();
            }
            self.carry();
            buffer.clear();
            let mut got = usize::MAX;
            while got > 0
                && let Poll::Ready(more) = self.server.recv(self.now, server, BUFFER, buffer)
            {
                got = more?;
            }
        }
        self.client.close(self.now, client);
        self.settle();
        self.server.close(self.now, server);
        self.settle();
        self.client.forget(client);
        self.server.forget(server);
        Ok(())
    }
}

fn measure<H: Tcp>(what: What, pair: &mut Pair<H>, count: u32) -> Result<()> {
    match what {
        What::Connection => {
            let (data, mut buffer) = (vec![7; TRANSFER], Vec::new());
            for _ in 0..count {
                counted_connection(pair, &data, &mut buffer)?;
            }
        }
        What::Receive => segments(pair, count, Counted::Receive)?,
        What::Send => segments(pair, count, Counted::Send)?,
        What::Memory => {
            // The first few pay for tables and libraries.
            let first = pair.connect()?;
            let before = resident()?;
            let open: io::Result<Vec<_>> = (0..count).map(|_| pair.connect()).collect();
            let bytes = resident()?.saturating_sub(before) / u64::from(count) / 2;
            black_box((first, open?));
            println!("{bytes}");
        }
        What::Lookup => {}
    }
    Ok(())
}

#[inline(never)]
fn counted_connection<H: Tcp>(
    pair: &mut Pair<H>,
    data: &[u8],
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    pair.connection(data, buffer)
}

/// Which half of a segment's way is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    Receive,
    Send,
}

/// Sends segments one by one over one connection; the receiving program reads each.
fn segments<H: Tcp>(pair: &mut Pair<H>, count: u32, counted: Counted) -> Result<()> {
    let [client, server] = pair.connect()?;
    let (data, mut buffer) = ([7; SEGMENT], Vec::new());
    for _ in 0..count {
        // Time for whatever was put off, so that every segment finds the same situation.
        pair.now = pair.now.plus_micros(50_000);
        pair.settle();
        let now = pair.now;
        let sent = match counted {
            Counted::Send => counted_send(&mut pair.client, now, client, &data),
            Counted::Receive => send(&mut pair.client, now, client, &data),
        }?;
        ensure!(sent.len() == 1, "a segment became {}", sent.len());
        for packet in sent {
            let answers = match counted {
                Counted::Receive => counted_receive(&mut pair.server, now, &packet),
                Counted::Send => receive(&mut pair.server, now, &packet),
            };
            for answer in answers {
                match counted {
                    Counted::Send => counted_acknowledge(&mut pair.client, now, &answer),
                    Counted::Receive => pair.client.on_packet(now, &answer),
                }
            }
        }
        buffer.clear();
        while let Poll::Ready(got) = pair.server.recv(now, server, BUFFER, &mut buffer) {
            got?;
        }
        ensure!(buffer.len() == SEGMENT, "{} bytes arrived", buffer.len());
        pair.carry();
    }
    Ok(())
}

#[inline(never)]
fn counted_receive<H: Tcp>(host: &mut H, now: Instant, packet: &[u8]) -> Vec<Vec<u8>> {
    receive(host, now, packet)
}

#[inline(never)]
fn counted_acknowledge<H: Tcp>(host: &mut H, now: Instant, packet: &[u8]) {
    host.on_packet(now, packet);
}

#[inline(never)]
fn counted_send<H: Tcp>(
    host: &mut H,
    now: Instant,
    conn: H::Conn,
    data: &[u8],
) -> io::Result<Vec<Vec<u8>>> {
    send(host, now, conn, data)
}

fn receive<H: Tcp>(host: &mut H, now: Instant, packet: &[u8]) -> Vec<Vec<u8>> {
    host.on_packet(now, packet);
    std::iter::from_fn(|| host.poll_transmit(now)).collect()
}

fn send<H: Tcp>(
    host: &mut H,
    now: Instant,
    conn: H::Conn,
    data: &[u8],
) -> io::Result<Vec<Vec<u8>>> {
    let Poll::Ready(taken) = host.send(now, conn, data) else {
        return Err(io::ErrorKind::WouldBlock.into());
    };
    if taken? != data.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    Ok(std::iter::from_fn(|| host.poll_transmit(now)).collect())
}

/// Resident memory of this process in bytes.
fn resident() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}

/// One segment for each of `count` connections.
fn lookup(count: u32) -> Result<()> {
    let addrs: Vec<IpAddr> =
        (0..=count / PORTS).map(|n| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0001 + n))).collect();
    let mut pair = Pair::new(stack(addrs.clone()), stack(vec![SERVER]));
    let server = SocketAddr::new(SERVER, PORT);
    let listener = Tcp::listen(&mut pair.server, pair.now, server)?;
    let mut clients = Vec::new();
    for n in 0..count {
        let port = u16::try_from(10_000 + n % PORTS)?;
        let addr = addrs.get(usize::try_from(n / PORTS)?).copied().context("no address")?;
        let stack = &mut pair.client;
        let fd = stack.socket(pair.now, Domain::Inet, true);
        stack.bind(pair.now, fd, Address::Inet(SocketAddr::new(addr, port)))?;
        let _begun = stack.connect(pair.now, fd, Address::Inet(server), &mut Sleep::default());
        pair.carry();
        let Poll::Ready(accepted) = pair.server.established(pair.now, listener) else {
            anyhow::bail!("connection {n} was not accepted");
        };
        accepted?;
        clients.push(fd);
    }
    // At most so many are looked at, in an order far from that of their making.
    let step = 7919 % clients.len().max(1);
    for n in 0..clients.len().min(1000) {
        let fd = clients.get(n * step.max(1) % clients.len()).copied().context("no connection")?;
        for packet in send(&mut pair.client, pair.now, fd, b"x")? {
            black_box(counted_receive(&mut pair.server, pair.now, &packet));
        }
    }
    Ok(())
}
