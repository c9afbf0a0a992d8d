//! `synproof-campaign`: what `cargo xtask fuzz` calls for everything that takes longer than a look.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use synproof_campaign::report;
use synproof_campaign::run::{Campaign, Plan};
use synproof_campaign::state::State;
use synproof_campaign::status::screen;
use synproof_campaign::store::{Finding, Store};
use synproof_campaign::tool::Tool;
use synproof_campaign::worker::Workers;

#[derive(Parser)]
#[command(name = "synproof-campaign", about = "Runs fuzzers for hours")]
struct Arguments {
    /// Directory of the campaign
    #[arg(long, default_value = "fuzz/campaign")]
    dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run workers, and keep what they find
    Run(Box<RunArgs>),
    /// How it stands
    Status,
    /// Write report.html, report.json and report.xml again
    Report,
}

#[derive(Args)]
struct RunArgs {
    /// Targets; without them all that look for bugs
    targets: Vec<String>,
    /// The program `synproof-fuzz`
    #[arg(long)]
    tool: PathBuf,
    /// Directory of the libFuzzer programs
    #[arg(long)]
    programs: PathBuf,
    /// How long, in seconds
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
    /// Workers at a time
    #[arg(short, long, default_value_t = 1)]
    jobs: usize,
    /// Length of a slice, in seconds
    #[arg(long, default_value_t = 20)]
    slice: u64,
    /// Run only while the disk has so many megabytes left
    #[arg(long, default_value_t = 256)]
    room_mb: u64,
    /// Scripts to make seeds of: files and directories
    #[arg(long)]
    seeds: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::Run(args) => run(&arguments, args),
        Command::Status => status(&arguments),
        Command::Report => again(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "synproof-campaign: {error:#}");
            ExitCode::from(3)
        }
    }
}

/// Runs; true if nothing was found that was not planted, and everything that was.
fn run(arguments: &Arguments, args: &RunArgs) -> Result<bool> {
    let plan = Plan {
        dir: arguments.dir.clone(),
        tool: Tool { tool: args.tool.clone(), programs: args.programs.clone() },
        targets: args.targets.clone(),
        time: Duration::from_secs(args.seconds),
        workers: args.jobs.max(1),
        slice: Duration::from_secs(args.slice.max(1)),
        room: args.room_mb << 20,
        seeds: args.seeds.clone(),
    };
    let workers = Workers::default();
    let stop = workers.clone();
    ctrlc::set_handler(move || stop.stop()).context("no handler for signals")?;
    let campaign = Campaign::open(plan, workers)?;
    let mut display = Display::new(args.seconds);
    let state = campaign.run(|state, store, _| display.show(state, store))?;
    let store = Store::open(&arguments.dir)?;
    report::write(&store, &state)?;
    say(&format!("report: {}", arguments.dir.join("report.html").display()));
    let found = findings(&store);
    Ok(found.iter().all(|finding| finding.planted) && state.blind(&found).is_empty())
}

/// The screen on a terminal; elsewhere a line now and then.
struct Display {
    began: Instant,
    seconds: u64,
    is_terminal: bool,
    shown: Option<Instant>,
}

impl Display {
    fn new(seconds: u64) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        Self { began: Instant::now(), seconds, is_terminal, shown: None }
    }

    fn show(&mut self, state: &State, store: &Store) {
        let pause = Duration::from_secs(if self.is_terminal { 1 } else { 30 });
        if self.shown.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        self.shown = Some(Instant::now());
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let left = (self.seconds as f64 - self.began.elapsed().as_secs_f64()).max(0.0);
        let text = screen(state, &findings(store), Some(left));
        if self.is_terminal {
            say(&format!("\x1b[H\x1b[2J{text}"));
        } else {
            let trouble = state.trouble.as_ref().map(|trouble| format!("; trouble: {trouble}"));
            let line = text.lines().next().unwrap_or_default();
            say(&format!("{line}{}", trouble.unwrap_or_default()));
        }
    }
}

fn findings(store: &Store) -> Vec<Finding> {
    store.findings().unwrap_or_default().into_iter().map(|(finding, _)| finding).collect()
}

fn status(arguments: &Arguments) -> Result<bool> {
    let (store, state) = opened(arguments)?;
    say(screen(&state, &findings(&store), None).trim_end());
    Ok(true)
}

fn again(arguments: &Arguments) -> Result<bool> {
    let (store, state) = opened(arguments)?;
    report::write(&store, &state)?;
    say(&format!("report: {}", arguments.dir.join("report.html").display()));
    Ok(true)
}

fn opened(arguments: &Arguments) -> Result<(Store, State)> {
    let dir = arguments.dir.display();
    anyhow::ensure!(arguments.dir.join("state.json").is_file(), "{dir}: no campaign");
    let store = Store::open(&arguments.dir)?;
    let state = store.read("state.json").with_context(|| format!("{dir}: no state"))?;
    Ok((store, state))
}

/// A closed pipe is nobody's fault.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
}
