//! Which simple commands we know, and how their words become [`Command`]s.

use std::path::Path;

use super::grep::Pattern;
use super::lexer::PPID;
use super::parse::{Context, Simple, Word};
use super::{Command, NstatCounters, Setting, file, ip, scratch, sysctl, tc};

/// Words that start control flow where a command is expected.
const RESERVED: [&str; 20] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac",
    "select", "function", "time", "in", "{", "}", "!", "[[",
];

/// Where the programs we know live.
const PROGRAM_DIRS: [&str; 6] =
    ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// The command that `pipeline` (one simple command or more) is; the error says what is beyond us.
pub(super) fn recognise(pipeline: &[Simple], context: Context<'_>) -> Result<Command, String> {
    let (first, rest) = pipeline.split_first().ok_or("an empty command")?;
    let (name, arguments) = split(first)?;
    if !rest.is_empty() {
        return piped(name, &arguments, first, rest);
    }
    if let Some(path) = &first.output {
        return match name {
            "echo" => echo_to(path, &arguments),
            _ => Err(format!("the output of {name} going to the file {path}")),
        };
    }
    simple(name, &arguments, context)
}

/// Name and arguments, with what no command we know may contain sorted out.
fn split(simple: &Simple) -> Result<(&str, Vec<String>), String> {
    let (name, arguments) = simple.words.split_first().ok_or("an empty command")?;
    let Word { text, quoted } = name;
    if !quoted && RESERVED.contains(&text.as_str()) {
        return Err(format!("the control flow word {text}"));
    }
    let assigned = text.split_once('=').is_some_and(|(variable, _)| {
        !variable.is_empty() && variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    if assigned {
        return Err(format!("the variable assignment {text}"));
    }
    let arguments = arguments.iter().map(|word| word.text.clone()).collect::<Vec<_>>();
    if arguments.iter().any(|word| word.contains(PPID)) && !is_shell(program(text)) {
        return Err("the process id in $PPID".to_owned());
    }
    Ok((program(text), arguments))
}

/// `/sbin/sysctl` is `sysctl`; other paths stay whole.
fn program(word: &str) -> &str {
    match word.rsplit_once('/') {
        Some((dir, base)) if PROGRAM_DIRS.contains(&dir) => base,
        Some(_) | None => word,
    }
}

fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "." | "source")
}

fn simple(name: &str, arguments: &[String], context: Context<'_>) -> Result<Command, String> {
    match (name, arguments) {
        ("sysctl", _) => sysctl_command(arguments),
        ("ip", _) => Ok(Command::Ip(ip::parse(arguments))),
        ("tc", _) => Ok(Command::Tc(tc::parse(arguments))),
        ("ethtool", _) => ethtool(arguments),
        ("nstat", _) => nstat(arguments),
        ("grep", _) => grep(arguments),
        ("cat", files) if !files.is_empty() => {
            Ok(Command::ReadFiles { paths: absolute(files.iter())? })
        }
        ("dd", _) => scratch::dd(arguments),
        ("rm", _) => scratch::rm(arguments),
        ("sleep", [time]) => sleep(time),
        ("echo" | ":" | "true", _) => Ok(Command::True),
        ("false", _) => Ok(Command::False),
        ("exit", [status]) => match status.parse::<u8>() {
            Ok(status) => Ok(Command::Exit(i32::from(status))),
            Err(_) => Err(format!("exit {status}")),
        },
        (shell, [path]) if is_shell(shell) => {
            script(path, matches!(shell, "." | "source"), context)
        }
        (path, []) if path.contains('/') => script(path, false, context),
        (path, _) if Path::new(path).file_name().is_some_and(|base| base == "set_sysctls.py") => {
            save_and_set(arguments)
        }
        (other, _) => Err(format!("the command {other}")),
    }
}

fn script(path: &str, sourced: bool, context: Context<'_>) -> Result<Command, String> {
    if path == format!("/tmp/sysctl_restore_{PPID}.sh") {
        return Ok(Command::RestoreSysctls);
    }
    if path.contains(PPID) {
        return Err("the process id in $PPID".to_owned());
    }
    file::read(path, sourced, context)
}

/// One-letter options of all leading `-abc` words, and the other words.
fn options(arguments: &[String]) -> (String, Vec<&String>) {
    let is_option = |word: &&String| word.len() > 1 && word.starts_with('-');
    let letters = arguments.iter().filter(is_option).map(|word| &word[1..]).collect();
    (letters, arguments.iter().filter(|word| !is_option(word)).collect())
}

/// sysctl(8) of procps and of FreeBSD.
fn sysctl_command(arguments: &[String]) -> Result<Command, String> {
    let (letters, words) = options(arguments);
    if let Some(odd) = letters.chars().find(|c| !"qwneN".contains(*c)) {
        return Err(format!("the option -{odd} of sysctl"));
    }
    let ignore_missing = letters.contains('e');
    let name = |word: &str| sysctl::dotted(word).ok_or_else(|| format!("the sysctl {word}"));
    let mut settings = Vec::new();
    let mut names = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => {
                settings.push(Setting { name: name(key)?, value: value.to_owned() });
            }
            None => names.push(name(word)?),
        }
    }
    match (settings.is_empty(), names.is_empty()) {
        (false, true) => Ok(Command::SetSysctls { settings, ignore_missing }),
        (true, false) if !letters.contains('w') => {
            Ok(Command::ReadSysctls { names, ignore_missing })
        }
        _ => Err("a sysctl that neither only sets nor only reads".to_owned()),
    }
}

/// `set_sysctls.py PATH=VALUE …`. A value ends at a second equals sign, as it does there.
fn save_and_set(arguments: &[String]) -> Result<Command, String> {
    let mut settings = Vec::new();
    for word in arguments {
        let mut parts = word.split('=');
        let (Some(path), Some(value)) = (parts.next(), parts.next()) else {
            return Err(format!("{word} as an argument of set_sysctls.py"));
        };
        let name = sysctl::is_proc_path(path).then(|| sysctl::dotted(path)).flatten();
        let name = name.ok_or_else(|| format!("{path}, which is no sysctl"))?;
        settings.push(Setting { name, value: value.to_owned() });
    }
    Ok(Command::SaveAndSetSysctls { settings })
}

fn echo_to(path: &str, arguments: &[String]) -> Result<Command, String> {
    let words = match arguments {
        [first, rest @ ..] if first == "-n" => rest,
        all => all,
    };
    let value = words.join(" ");
    if value.starts_with('-') && words.len() > 1 || value.contains(['\\', '\n']) {
        return Err(format!("what echo makes of {value:?}"));
    }
    if sysctl::is_proc_path(path) {
        let name = sysctl::dotted(path).ok_or_else(|| format!("the sysctl {path}"))?;
        let settings = vec![Setting { name, value }];
        return Ok(Command::SetSysctls { settings, ignore_missing: false });
    }
    if path.starts_with("/sys/") || path.starts_with("/proc/") {
        return Ok(Command::WriteFile { path: path.to_owned(), value });
    }
    Err(format!("the file {path}"))
}

fn ethtool(arguments: &[String]) -> Result<Command, String> {
    let [flag, dev, words @ ..] = arguments else {
        return Err("ethtool without a device".to_owned());
    };
    if !matches!(flag.as_str(), "-K" | "--features" | "--offload") {
        return Err(format!("the option {flag} of ethtool"));
    }
    let mut features = Vec::new();
    for pair in words.chunks(2) {
        let on = match pair {
            [_, state] if state == "on" => true,
            [_, state] if state == "off" => false,
            _ => return Err(format!("{} in ethtool", pair.join(" "))),
        };
        features.extend(pair.first().map(|name| (name.clone(), on)));
    }
    Ok(Command::EthtoolFeatures { dev: dev.clone(), features })
}

/// What the options of nstat(8) ask for.
struct NstatOptions {
    counters: NstatCounters,
    silent: bool,
    update_history: bool,
}

fn nstat_options(arguments: &[String]) -> Result<NstatOptions, String> {
    let (letters, words) = options(arguments);
    if let Some(odd) = letters.chars().find(|c| !"aznsr".contains(*c)) {
        return Err(format!("the option -{odd} of nstat"));
    }
    if !words.is_empty() {
        return Err("nstat with names of counters".to_owned());
    }
    Ok(NstatOptions {
        // Without a history, changes are absolute values.
        counters: NstatCounters {
            absolute: letters.contains(['a', 'r']),
            zeros: letters.contains('z'),
        },
        silent: letters.contains('n'),
        update_history: !letters.contains('s'),
    })
}

fn nstat(arguments: &[String]) -> Result<Command, String> {
    let options = nstat_options(arguments)?;
    Ok(if options.update_history { Command::Nstat } else { Command::True })
}

/// `nstat | grep P`, `grep P FILE | grep P`, `cat FILE | grep P`.
fn piped(
    name: &str,
    arguments: &[String],
    first: &Simple,
    rest: &[Simple],
) -> Result<Command, String> {
    if first.output.is_some() {
        return Err("output that goes to a file and a pipe".to_owned());
    }
    if !matches!(name, "nstat" | "grep" | "cat") {
        return Err(format!("a pipe from {name}"));
    }
    let mut patterns = Vec::new();
    for simple in rest {
        let (filter, arguments) = split(simple)?;
        if filter != "grep" || simple.output.is_some() {
            return Err(format!("a pipe from {name} to {filter}"));
        }
        let (pattern, files) = grep_words(&arguments)?;
        if !files.is_empty() {
            return Err("a grep in a pipe that reads files".to_owned());
        }
        patterns.push(pattern);
    }
    match name {
        "nstat" => {
            let options = nstat_options(arguments)?;
            if options.silent {
                return Err("a pipe from an nstat that prints nothing".to_owned());
            }
            let NstatOptions { counters, silent: _, update_history } = options;
            Ok(Command::NstatGrep { counters, patterns, update_history })
        }
        "grep" => {
            let (pattern, files) = grep_words(arguments)?;
            patterns.insert(0, pattern);
            Ok(Command::Grep { patterns, files: absolute(files.into_iter())? })
        }
        // With one file a grep of it is the same; with several it would print their names.
        "cat" if arguments.len() == 1 => {
            Ok(Command::Grep { patterns, files: absolute(arguments.iter())? })
        }
        other => Err(format!("a pipe from {other}")),
    }
}

fn grep(arguments: &[String]) -> Result<Command, String> {
    let (pattern, files) = grep_words(arguments)?;
    if files.is_empty() {
        return Err("a grep that reads its standard input".to_owned());
    }
    Ok(Command::Grep { patterns: vec![pattern], files: absolute(files.into_iter())? })
}

/// Pattern and files; `-q` and `-s` change nothing that a script sees.
fn grep_words(arguments: &[String]) -> Result<(String, Vec<&String>), String> {
    let (letters, words) = options(arguments);
    if let Some(odd) = letters.chars().find(|c| !"qsFE".contains(*c)) {
        return Err(format!("the option -{odd} of grep"));
    }
    let (pattern, files) = words.split_first().ok_or("grep without a pattern")?;
    let special = match (letters.contains('F'), letters.contains('E')) {
        (true, _) => ".*^$[]\\",
        (false, true) => "+?(){}|\\",
        (false, false) => "",
    };
    if pattern.contains(|c| special.contains(c)) || Pattern::new(pattern).is_none() {
        return Err(format!("the pattern {pattern:?} of a grep"));
    }
    Ok(((*pattern).clone(), files.to_vec()))
}

fn absolute<'a>(paths: impl Iterator<Item = &'a String>) -> Result<Vec<String>, String> {
    paths
        .map(|path| match path.starts_with('/') {
            true => Ok(path.clone()),
            false => Err(format!("the file {path} of the script's directory")),
        })
        .collect()
}

/// `0.25`, `2`, `3m`: seconds with up to six decimals, or with a unit of sleep(1).
fn sleep(time: &str) -> Result<Command, String> {
    let beyond = || format!("sleep {time}");
    let (digits, unit) = match time.char_indices().last() {
        Some((at, 's')) => (time.get(..at), 1_000_000),
        Some((at, 'm')) => (time.get(..at), 60_000_000),
        Some((at, 'h')) => (time.get(..at), 3_600_000_000),
        Some(_) | None => (Some(time), 1_000_000_i64),
    };
    let (whole, fraction) =
        digits.map(|d| d.split_once('.').unwrap_or((d, ""))).ok_or_else(beyond)?;
    let all = format!("{whole}{fraction}");
    let decimals = u32::try_from(fraction.len()).ok().filter(|&n| n <= 6).ok_or_else(beyond)?;
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return Err(beyond());
    }
    let scaled = all.parse::<i64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(beyond)?;
    Ok(Command::Sleep { us: scaled / 10_i64.pow(decimals) })
}
