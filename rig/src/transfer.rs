//! One bulk transfer between a host in the rig and the kernel, and what came of it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::task::Poll;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::tcp::Tcp;
use crate::{Driver, Tun, kernel};

/// Bytes handed over in one call, on both sides.
const AT_ONCE: usize = 1 << 18;

/// A digest of everything sent or received.
pub type Hash = [u8; 32];

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The host in the rig.
    ToKernel,
    /// The kernel.
    FromKernel,
}

/// What came of a transfer.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Bytes that arrived.
    pub bytes: u64,
    /// From the first call of connect() until the receiver had the last byte.
    pub elapsed: Duration,
    /// Digests of what the host and the kernel sent or received.
    pub hashes: [Hash; 2],
}

impl Outcome {
    /// Megabytes per second.
    #[must_use]
    pub fn goodput(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let bytes = self.bytes as f64;
        bytes / 1e6 / self.elapsed.as_secs_f64()
    }

    /// What was received is what was sent.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let [ours, kernels] = self.hashes;
        ours == kernels
    }
}

/// Moves `bytes` bytes of `seed`'s stream over a connection that the host opens.
///
/// # Errors
/// Whatever ended the connection before its time on either side; `TimedOut` for a stall.
pub fn transfer<H: Tcp>(
    driver: &mut Driver<H>,
    v6: bool,
    direction: Direction,
    bytes: u64,
    seed: u64,
) -> io::Result<Outcome> {
    let [v4, six] = Tun::KERNEL;
    let listener = kernel::listen(if v6 { six } else { v4 })?;
    let remote = listener.local_addr()?;
    let program = kernel::start(move || kernel_side(&listener, direction, bytes, seed));
    let began = Instant::now();
    let conn = {
        let now = driver.now();
        let conn = driver.host.connect(now, remote)?;
        driver.until(|host, now| (host.established(now, conn), None))??
    };
    let ours = match direction {
        Direction::ToKernel => send_all(driver, conn, bytes, seed)?,
        Direction::FromKernel => recv_all(driver, conn)?,
    };
    let received_at = Instant::now();
    let now = driver.now();
    driver.host.close(now, conn);
    driver.until(|host, _| (when(host.is_flushed(conn)), None))?;
    let theirs = program.join()?;
    let done_at = if direction == Direction::ToKernel { theirs.at } else { received_at };
    let received = if direction == Direction::ToKernel { theirs.bytes } else { ours.bytes };
    Ok(Outcome { bytes: received, elapsed: done_at - began, hashes: [ours.hash, theirs.hash] })
}

/// What one side knows at the end.
struct Side {
    bytes: u64,
    hash: Hash,
    at: Instant,
}

/// The bytes of a transfer: a block that differs from one to the next.
struct Stream {
    block: Vec<u8>,
    left: u64,
    number: u64,
}

impl Stream {
    fn new(bytes: u64, seed: u64) -> Self {
        let mut rng = synproof_stack::rng::Rng::new(seed);
        let block = (0..AT_ONCE / 8).flat_map(|_| rng.next_u64().to_ne_bytes()).collect();
        Self { block, left: bytes, number: 0 }
    }

    /// The next block; empty at the end.
    fn next(&mut self) -> &[u8] {
        self.number += 1;
        let number = self.number.to_ne_bytes();
        // A number every few hundred bytes tells blocks and places in them apart.
        for place in self.block.chunks_exact_mut(512) {
            place.iter_mut().zip(number).for_each(|(to, from)| *to = to.wrapping_add(from));
        }
        let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.block.len());
        self.left -= u64::try_from(len).unwrap_or(0);
        self.block.get(..len).unwrap_or_default()
    }
}

fn send_all<H: Tcp>(
    driver: &mut Driver<H>,
    conn: H::Conn,
    bytes: u64,
    seed: u64,
) -> io::Result<Side> {
    let mut stream = Stream::new(bytes, seed);
    let mut hash = Sha256::new();
    loop {
        let block = stream.next();
        if block.is_empty() {
            return Ok(Side { bytes, hash: hash.finalize().into(), at: Instant::now() });
        }
        hash.update(block);
        let mut rest = block;
        while !rest.is_empty() {
            let taken = driver.until(|host, now| (host.send(now, conn, rest), None))??;
            rest = rest.get(taken..).unwrap_or_default();
        }
    }
}

fn recv_all<H: Tcp>(driver: &mut Driver<H>, conn: H::Conn) -> io::Result<Side> {
    let mut hash = Sha256::new();
    let (mut bytes, mut buffer) = (0, Vec::with_capacity(AT_ONCE));
    loop {
        buffer.clear();
        let got =
            driver.until(|host, now| (host.recv(now, conn, AT_ONCE, &mut buffer), None))??;
        if got == 0 {
            return Ok(Side { bytes, hash: hash.finalize().into(), at: Instant::now() });
        }
        hash.update(&buffer);
        bytes += u64::try_from(got).unwrap_or(0);
    }
}

/// The other end: an ordinary program on the kernel's TCP.
fn kernel_side(
    listener: &TcpListener,
    direction: Direction,
    bytes: u64,
    seed: u64,
) -> io::Result<Side> {
    let mut conn = kernel::accept(listener)?;
    match direction {
        Direction::ToKernel => kernel_reads(&mut conn),
        Direction::FromKernel => kernel_writes(&mut conn, bytes, seed),
    }
}

fn kernel_reads(conn: &mut TcpStream) -> io::Result<Side> {
    let mut hash = Sha256::new();
    let (mut bytes, mut buffer) = (0, vec![0; AT_ONCE]);
    loop {
        let got = conn.read(&mut buffer)?;
        let at = Instant::now();
        if got == 0 {
            return Ok(Side { bytes, hash: hash.finalize().into(), at });
        }
        hash.update(buffer.get(..got).unwrap_or_default());
        bytes += u64::try_from(got).unwrap_or(0);
    }
}

fn kernel_writes(conn: &mut TcpStream, bytes: u64, seed: u64) -> io::Result<Side> {
    let mut stream = Stream::new(bytes, seed);
    let mut hash = Sha256::new();
    loop {
        let block = stream.next();
        if block.is_empty() {
            break;
        }
        hash.update(block);
        conn.write_all(block)?;
    }
    conn.shutdown(Shutdown::Write)?;
    // The host closes once it has everything.
    let _end = conn.read(&mut [0])?;
    Ok(Side { bytes, hash: hash.finalize().into(), at: Instant::now() })
}

fn when(ready: bool) -> Poll<()> {
    if ready { Poll::Ready(()) } else { Poll::Pending }
}
