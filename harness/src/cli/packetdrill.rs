//! packetdrill's options as arguments, made from the table in [`crate::config`], so that
//! `synproof run` can stand in for packetdrill.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::{OPTIONS, OptionSpec, Setting, Takes};

/// The options that were given, each as often as it was, by the order of the table.
#[derive(Clone, Debug, Default)]
pub(super) struct PacketdrillArgs {
    pub(super) settings: Vec<Setting>,
}

const HEADING: &str = "packetdrill's options";

fn argument(spec: &'static OptionSpec) -> Arg {
    let arg = Arg::new(spec.name).long(spec.name).help(spec.help).help_heading(HEADING);
    let arg = match spec.short {
        Some(short) => arg.short(short),
        None => arg,
    };
    match spec.takes {
        Takes::Nothing(_) | Takes::Refused(false, _) => {
            arg.action(ArgAction::SetTrue).overrides_with(spec.name)
        }
        Takes::Value(metavar, _) => arg.action(ArgAction::Append).value_name(metavar),
        Takes::Refused(true, _) => arg.action(ArgAction::Append).value_name("VALUE"),
    }
    .hide(matches!(spec.takes, Takes::Refused(..)) || spec.help.starts_with("accepted"))
    .value_parser(parser(spec))
}

/// Options that decide what `check` and `list` say.
const READ: [&str; 11] = [
    "ip_version",
    "local_ip",
    "remote_ip",
    "gateway_ip",
    "netmask_ip",
    "mtu",
    "define",
    "udp_encapsulation",
    "tcp_md5_secret",
    "code_format",
    "non_fatal",
];

/// Leaves packetdrill's other options out of the help: they are accepted, so that one set of
/// arguments serves `run`, `check` and `list`.
pub(super) fn hide_unless_read(arg: Arg) -> Arg {
    let name = arg.get_id().as_str();
    let is_known = OPTIONS.iter().any(|spec| spec.name == name);
    let hide = is_known && !READ.contains(&name);
    if hide { arg.hide(true) } else { arg }
}

fn parser(spec: &OptionSpec) -> ValueParser {
    match spec.takes {
        Takes::Nothing(_) | Takes::Refused(false, _) => ValueParser::bool(),
        Takes::Value(..) | Takes::Refused(true, _) => ValueParser::string(),
    }
}

impl Args for PacketdrillArgs {
    fn augment_args(command: Command) -> Command {
        command.args(OPTIONS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// One option as often as it was given.
fn given(spec: &OptionSpec, matches: &ArgMatches) -> Vec<Setting> {
    match spec.takes {
        Takes::Nothing(_) | Takes::Refused(false, _) if matches.get_flag(spec.name) => {
            vec![Setting::flag(spec.name)]
        }
        Takes::Nothing(_) | Takes::Refused(false, _) => Vec::new(),
        Takes::Value(..) | Takes::Refused(true, _) => {
            let values = matches.get_many::<String>(spec.name).into_iter().flatten();
            values.map(|value| Setting::new(spec.name, value)).collect()
        }
    }
}

impl FromArgMatches for PacketdrillArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { settings: OPTIONS.iter().flat_map(|spec| given(spec, matches)).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
