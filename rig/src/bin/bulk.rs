//! `bulk`: transfers between a host in the rig and the kernel, checked and timed.
//!
//! Every row is one connection over TUN in a namespace of its own. The streams on both ends are
//! compared by SHA-256; the exit code is 1 if one differs or stalls. Figures of a row mean little
//! by themselves: the machine is shared; compare them with the row beside.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use synproof_rig::smol::Smol;
use synproof_rig::tcp::Tcp;
use synproof_rig::transfer::{Direction, Outcome, transfer};
use synproof_rig::{Driver, Link, Tun, TunConfig, Weather, netns};
use synproof_stack::{Config, Stack};

/// What the command line says.
#[derive(Parser)]
#[command(about = "Bulk transfers between a TCP in the rig and the kernel's, checked and timed")]
struct Arguments {
    /// Megabytes (2^20 bytes) per transfer
    #[arg(long, default_value_t = 1024)]
    mib: u64,
    /// The same for smoltcp on a lossy link, where it is slow: it has no SACK of its own
    #[arg(long, default_value_t = 16)]
    mib_slow: u64,
    /// Hosts to put into the rig
    #[arg(long, value_delimiter = ',', default_values = ["stack", "smoltcp"])]
    host: Vec<String>,
    /// Weather: clean, offload (clean, bursts as one packet; the stack only), lossy
    #[arg(long, value_delimiter = ',', default_values = ["clean", "lossy"])]
    link: Vec<String>,
    /// 4, 6
    #[arg(long, value_delimiter = ',', default_values_t = [4, 6])]
    ip: Vec<u8>,
    /// Directions: up (to the kernel), down (from the kernel)
    #[arg(long, value_delimiter = ',', default_values = ["up", "down"])]
    direction: Vec<String>,
    /// Delay of every packet in microseconds, one way
    #[arg(long, default_value_t = 0)]
    delay_us: u32,
    /// Seed of the link and of the bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One per cent each of loss, duplication and reordering.
const LOSSY: Weather =
    Weather { loss: 100, duplication: 100, reordering: 100, hold_us: 300, delay_us: 0 };
/// What smoltcp's buffers get; the reference stack sizes its own up to 4 MiB and 32 MiB.
const BUFFER: usize = 4 << 20;

/// One row.
#[derive(Clone)]
struct Case {
    host: String,
    link: String,
    v6: bool,
    direction: Direction,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    netns::enter()?;
    println!("host      link      ip    direction      MiB     MB/s  sha-256");
    let mut ok = true;
    for case in cases(&arguments) {
        let outcome = run(&case, &arguments);
        let way = match case.direction {
            Direction::ToKernel => "to kernel",
            Direction::FromKernel => "from kernel",
        };
        let family = if case.v6 { "IPv6" } else { "IPv4" };
        let figures = match outcome {
            Ok(outcome) => {
                ok &= outcome.is_intact();
                let verdict = if outcome.is_intact() { "equal" } else { "DIFFERENT" };
                format!("{:>7.1}  {verdict}", outcome.goodput())
            }
            Err(error) => {
                ok = false;
                format!("      –  FAILED: {error:#}")
            }
        };
        let mib = mib(&case, &arguments);
        println!("{:<9} {:<9} {family}  {way:<12} {mib:>5}  {figures}", case.host, case.link);
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cases(arguments: &Arguments) -> Vec<Case> {
    let mut all = Vec::new();
    for link in &arguments.link {
        for ip in &arguments.ip {
            for direction in &arguments.direction {
                let direction = match direction.as_str() {
                    "up" => Direction::ToKernel,
                    _ => Direction::FromKernel,
                };
                let hosts = arguments.host.iter();
                all.extend(hosts.filter(|host| *link != "offload" || *host == "stack").map(
                    |host| Case { host: host.clone(), link: link.clone(), v6: *ip == 6, direction },
                ));
            }
        }
    }
    all
}

fn run(case: &Case, arguments: &Arguments) -> Result<Outcome> {
    let config = TunConfig { offload: case.link == "offload", ..TunConfig::default() };
    let tun = Tun::create(config).context("failed to make a TUN device")?;
    let mut weather = if case.link == "lossy" { LOSSY } else { Weather::default() };
    weather.delay_us = arguments.delay_us;
    let link = Link::new(weather, arguments.seed);
    if case.host == "smoltcp" {
        let mtu = usize::try_from(config.mtu)?;
        go(Driver::new(Smol::new(&Tun::HOST, mtu, BUFFER), tun, link), case, arguments)
    } else {
        let local_addrs = Tun::HOST.to_vec();
        let mut stack = Stack::new(Config {
            local_addrs,
            mtu: config.mtu,
            seed: arguments.seed,
            ..Config::default()
        });
        stack.net_mut().tso = config.offload;
        go(Driver::new(stack, tun, link), case, arguments)
    }
}

const fn is_slow(case: &Case) -> bool {
    matches!((case.host.as_bytes(), case.link.as_bytes()), (b"smoltcp", b"lossy"))
}

fn mib(case: &Case, arguments: &Arguments) -> u64 {
    if is_slow(case) { arguments.mib.min(arguments.mib_slow) } else { arguments.mib }
}

fn go<H: Tcp>(mut driver: Driver<H>, case: &Case, arguments: &Arguments) -> Result<Outcome> {
    let bytes = mib(case, arguments) << 20;
    Ok(transfer(&mut driver, case.v6, case.direction, bytes, arguments.seed)?)
}
