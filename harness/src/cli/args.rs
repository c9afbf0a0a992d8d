//! The arguments, as clap sees them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit;
use super::explore_args::{ExploreArgs, MinimizeArgs};
use super::packetdrill;
use super::packetdrill::PacketdrillArgs;
use crate::config::DEFAULT_SEED;
use crate::runner::Filter;
use crate::target::IpVersion;
use crate::target::registry::{TARGETS, stack_as};
use crate::target::setup::KERNELS;
use crate::target::wrap::Fault;

/// Proves what a TCP implementation does: runs packetdrill scripts against interchangeable
/// targets and explains every difference.
#[derive(Debug, Parser)]
#[command(name = "synproof", version, after_help = exit::help(), max_term_width = 100)]
pub(super) struct Arguments {
    /// Colours: on a terminal (unless NO_COLOR is set), always, or never
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scripts (without PATH: synproof's own suite)
    #[command(after_help = exit::help())]
    Run(Box<RunArgs>),
    /// Run scripts on several targets and say where they first part (without PATH: synproof's suite)
    #[command(after_help = exit::help())]
    Diff(Box<DiffArgs>),
    /// Say what is wrong with scripts, without running them
    #[command(after_help = exit::help(), mut_args = packetdrill::hide_unless_read)]
    Check(Box<CheckArgs>),
    /// Rewrite scripts in canonical form
    #[command(after_help = exit::help())]
    Fmt(FmtArgs),
    /// Show what would run
    #[command(after_help = exit::help(), mut_args = packetdrill::hide_unless_read)]
    List(Box<ListArgs>),
    /// Try every state with every event, or generated scenarios, and compare what targets do
    #[command(after_help = exit::help())]
    Explore(Box<ExploreArgs>),
    /// Find the smallest script that shows the same difference of two targets
    #[command(after_help = exit::help())]
    Minimize(MinimizeArgs),
    /// Run scripts against stacks that each break one rule, and say who notices
    #[cfg(all(feature = "target-stack", feature = "mutants"))]
    #[command(after_help = exit::help(), mut_args = packetdrill::hide_unless_read)]
    Mutants(Box<super::mutants::MutantsArgs>),
    /// Run scripts and say what they prove: requirements, cells of the state tables, edges
    #[command(after_help = exit::help(), mut_args = packetdrill::hide_unless_read)]
    Coverage(Box<CoverageArgs>),
    /// Say which targets this machine can run, and what is missing for the others
    #[command(after_help = exit::help())]
    Doctor(DoctorArgs),
    /// Say what a requirement, a state, an edge, a recorded divergence, a rule of comparison, an exit
    /// code, a class of failures or the code of a diagnostic is
    #[command(after_help = exit::help())]
    Explain(ExplainArgs),
    /// What this program does as the init of a User-Mode Linux
    #[cfg(all(target_os = "linux", feature = "target-linux"))]
    #[command(name = crate::uml::guest::COMMAND, hide = true)]
    UmlGuest(UmlGuestArgs),
}

/// What a kernel appends to the arguments of its init.
#[cfg(all(target_os = "linux", feature = "target-linux"))]
#[derive(Debug, Args)]
pub(super) struct UmlGuestArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) kernel: Vec<String>,
}

/// Which scripts, against what.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    #[command(flatten)]
    pub(super) scripts: ScriptArgs,
    /// What to run against
    #[arg(long, default_value = "stack", value_parser = target_name)]
    #[arg(help = target_help())]
    pub(super) target: String,
    /// Which Linux the target stack behaves as: linux-4.3, linux-6.1, linux-6.12 or linux-6.18
    /// [default: what the script is for, else linux-6.18]
    #[arg(long, value_name = "KERNEL", value_parser = kernel_name)]
    pub(super) kernel_profile: Option<String>,
}

/// Which scripts, with what.
#[derive(Debug, Args)]
pub(super) struct ScriptArgs {
    /// Scripts and directories with scripts; `-` reads one from standard input
    pub(super) paths: Vec<PathBuf>,
    /// IP versions: ipv4, ipv4-mapped-ipv6, ipv6, all; comma separated [default: the profile's]
    #[arg(long, value_delimiter = ',', value_name = "VERSION")]
    pub(super) ip: Vec<IpArg>,
    /// Only scripts whose path contains this text, or matches this pattern (* and ?); repeatable
    #[arg(long, value_name = "TEXT", value_parser = |text: &str| Ok::<_, String>(Filter::new(text)))]
    pub(super) filter: Vec<Filter>,
    /// Options and sysctls by name (packetdrill, kselftest, synproof) or from a TOML file
    /// [default: by the nearest synproof.toml, else packetdrill]
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) profile: Option<String>,
    /// Seed of everything random
    #[arg(long, default_value_t = Seed(DEFAULT_SEED))]
    pub(super) seed: Seed,
    #[command(flatten)]
    pub(super) packetdrill: PacketdrillArgs,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Scripts at once [default: processors, twice that on a real clock]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Give up a script that keeps a guest of the target uml busy for longer (host's clock)
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) guest_timeout: u64,
    /// On a real clock: run a script that failed up to N times more; one that then passes says so
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) retries: u32,
    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Write another report to a file; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(super) report: Vec<ReportFile>,
    /// Leave out how long things took, so that runs on a virtual clock give the same bytes
    #[arg(long)]
    pub(super) no_wall: bool,
    /// Write a log of everything observed for each script into this directory
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// With --out: write a capture (pcapng) too
    #[arg(long, requires = "out")]
    pub(super) pcap: bool,
    /// Perturb what the target says, to see that it is noticed
    #[arg(long, hide = true, value_parser = fault)]
    pub(super) fault: Option<Fault>,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    #[command(flatten)]
    pub(super) scripts: ScriptArgs,
    /// The targets, two or more, comma separated: the first is held against each of the others
    #[arg(long, required = true, value_delimiter = ',', value_name = "A,B[,C]")]
    #[arg(value_parser = target_name)]
    pub(super) targets: Vec<String>,
    /// Scripts at once [default: processors, twice that where all clocks are real]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Give up a script that keeps a guest of the target uml busy for longer (host's clock)
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) guest_timeout: u64,
    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = DiffFormat::Human)]
    pub(super) format: DiffFormat,
    /// Leave out how long things took, so that runs on virtual clocks give the same bytes
    #[arg(long)]
    pub(super) no_wall: bool,
    /// Judge each target against the script as well
    #[arg(long)]
    pub(super) judge: bool,
    /// A rule that is not to allow differences; repeatable (`synproof explain rules` names them)
    #[arg(long, value_name = "NAME")]
    pub(super) without_rule: Vec<String>,
    /// A rule that is off by default and is to allow differences; repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) with_rule: Vec<String>,
    /// Write the logs of all sides and what comes of them into this directory
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Perturb what the last target says, to see that it is noticed
    #[arg(long, hide = true, value_parser = fault)]
    pub(super) fault: Option<Fault>,
}

/// What reports of comparisons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    Human,
    Json,
    Junit,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
}

#[derive(Debug, Args)]
pub(super) struct FmtArgs {
    /// Scripts and directories with scripts; `-` formats standard input to standard output
    #[arg(required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Change nothing; name the files that would change and exit with 1 if there are any
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Exit with 3 if this target cannot run
    #[arg(long, value_parser = target_name)]
    pub(super) target: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A requirement (RFC9293:MUST-12), a script and a line of it as reports name them
    /// (close/active:12), a state (FIN_WAIT1), an edge (`SYN_SENT -> ESTABLISHED`), a recorded divergence (D-0002), `rules`, `rule` and the name of one, an exit code (5), a class of
    /// failures (late) or the code of a diagnostic (parse::expected); without it, all codes
    #[arg(num_args = 0..=2)]
    pub(super) words: Vec<String>,
    /// Results of each target too, from a file that `coverage --format json` wrote; repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) coverage: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// Scripts at once [default: processors, twice that on a real clock]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Run nothing; read what `--format json` wrote for this target or that; repeatable
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "jobs", "filter"])]
    pub(super) from: Vec<PathBuf>,
    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = CoverageFormat::Human)]
    pub(super) format: CoverageFormat,
    /// Write a page for people, which needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// What the links of the page to scripts begin with
    #[arg(long, value_name = "PREFIX", default_value = "specs/scripts/", requires = "html")]
    pub(super) link: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CoverageFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    Junit,
    Tap,
}

/// `--report FORMAT=FILE`.
#[derive(Clone, Debug)]
pub(super) struct ReportFile {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected FORMAT=FILE, FORMAT one of human, json, junit, tap";
        let (format, path) = text.split_once('=').ok_or(expected)?;
        let format = Format::from_str(format, false).map_err(|_| expected)?;
        if path.is_empty() {
            return Err(expected.into());
        }
        Ok(Self { format, path: path.into() })
    }
}

/// One word of `--ip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IpArg {
    All,
    One(IpVersion),
}

impl FromStr for IpArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let versions = [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6];
        let one = versions.into_iter().find(|ip| ip.name() == text).map(Self::One);
        one.or_else(|| (text == "all").then_some(Self::All))
            .ok_or_else(|| "expected ipv4, ipv4-mapped-ipv6, ipv6 or all".into())
    }
}

impl IpArg {
    /// The versions that `words` name, each once, in a fixed order; none for no word.
    pub(super) fn versions(words: &[Self]) -> Option<Vec<IpVersion>> {
        let all = [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6];
        let named = |ip: &IpVersion| words.contains(&Self::All) || words.contains(&Self::One(*ip));
        (!words.is_empty()).then(|| all.into_iter().filter(named).collect())
    }
}

/// `--seed 42` or `--seed 0x2a`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(pub(super) u64);

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        let expected = "expected a number from 0 to 18446744073709551615, or 0x and hexadecimal";
        number.map(Self).map_err(|_| expected.into())
    }
}

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number of at least 1".into())
}

fn fault(text: &str) -> Result<Fault, String> {
    let names = || Fault::ALL.map(Fault::name).join(", ");
    Fault::from_name(text).ok_or_else(|| format!("expected one of {}", names()))
}

/// One of the names, `uml:` and a kernel, or `stack:` and a kernel or a mutant.
pub(super) fn target_name(text: &str) -> Result<String, String> {
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    let named = TARGETS.iter().any(|target| target.name == text);
    let with = |prefix| text.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty());
    let variant = with("stack:").is_some_and(|rest| match kernel_name(rest) {
        Ok(_) => true,
        Err(_) => !rest.starts_with("linux-"),
    });
    if named || with("uml:").is_some() || variant {
        Ok(text.to_owned())
    } else {
        let kernels = KERNELS.map(stack_as).join(", ");
        Err(format!("expected one of {}, {kernels}, or uml:KERNEL (`synproof doctor`)", names()))
    }
}

/// A kernel that the stack can be.
fn kernel_name(text: &str) -> Result<String, String> {
    let known = KERNELS.contains(&text).then(|| text.to_owned());
    known.ok_or_else(|| format!("expected one of {}", KERNELS.join(", ")))
}

impl SelectArgs {
    /// The target, of which `--kernel-profile` says more.
    pub(super) fn target(&self) -> String {
        match &self.kernel_profile {
            Some(kernel) if self.target == "stack" => stack_as(kernel),
            Some(_) | None => self.target.clone(),
        }
    }
}

fn target_help() -> String {
    let each = TARGETS.iter().map(|target| format!("{} ({})", target.name, target.help));
    format!("What to run against: {}", each.collect::<Vec<_>>().join(", "))
}
