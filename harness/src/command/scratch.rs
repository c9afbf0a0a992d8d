//! Commands that prepare files for open() and sendfile(): dd, rm.

use super::Command;

/// Files that a script may make without a shell; larger ones are for the shell.
const MAX_LEN: u64 = 64 << 20;
/// Only files below these directories are a script's own.
const SCRATCH_DIRS: [&str; 2] = ["/tmp/", "/var/tmp/"];

/// `dd if=/dev/zero of=FILE bs=N count=N`
pub(super) fn dd(arguments: &[String]) -> Result<Command, String> {
    let (mut path, mut from, mut bs, mut count) = (None, None, 512, None);
    for word in arguments {
        let (key, value) = word.split_once('=').ok_or_else(|| odd("dd", word))?;
        match key {
            "if" => from = Some(value),
            "of" => path = Some(value),
            "bs" => bs = size(value).ok_or_else(|| odd("dd", word))?,
            "count" => count = Some(size(value).ok_or_else(|| odd("dd", word))?),
            "status" => {}
            _ => return Err(odd("dd", word)),
        }
    }
    if from != Some("/dev/zero") {
        return Err("a dd that reads something other than /dev/zero".to_owned());
    }
    let (Some(path), Some(count)) = (path, count) else {
        return Err("a dd without of= or count=".to_owned());
    };
    make(path, bs.saturating_mul(count))
}

/// `rm -f FILE…`
pub(super) fn rm(arguments: &[String]) -> Result<Command, String> {
    match arguments {
        [flag, paths @ ..] if flag == "-f" && !paths.is_empty() => {
            let paths = paths.iter().map(|path| scratch(path)).collect::<Result<_, _>>()?;
            Ok(Command::RemoveFiles { paths })
        }
        _ => Err("an rm that is not `rm -f FILE…`".to_owned()),
    }
}

fn make(path: &str, len: u64) -> Result<Command, String> {
    if len > MAX_LEN {
        return Err(format!("a file of {len} bytes"));
    }
    Ok(Command::MakeFile { path: scratch(path)?, len })
}

/// A path that is the script's own.
fn scratch(path: &str) -> Result<String, String> {
    let own = SCRATCH_DIRS.iter().any(|dir| path.starts_with(dir));
    let plain = !path.contains(['*', '?', '[', '~']) && !path.split('/').any(|part| part == "..");
    if own && plain { Ok(path.to_owned()) } else { Err(format!("the file {path}")) }
}

/// `5`, `4k`, `1M`
fn size(word: &str) -> Option<u64> {
    let digits = word.trim_end_matches(['k', 'K', 'M']);
    let unit = match word.get(digits.len()..)? {
        "" => 1,
        "k" | "K" => 1 << 10,
        "M" => 1 << 20,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn odd(program: &str, word: &str) -> String {
    format!("{word} as an argument of {program}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[rstest]
    #[case::bytes("bs=1 count=5 if=/dev/zero of=/tmp/f status=none", Some(5))]
    #[case::blocks("if=/dev/zero of=/tmp/f bs=4k count=3", Some(12_288))]
    #[case::default_block("if=/dev/zero of=/tmp/f count=2", Some(1024))]
    #[case::endless("if=/dev/zero of=/tmp/f", None)]
    #[case::noise("if=/dev/urandom of=/tmp/f count=1", None)]
    #[case::elsewhere("if=/dev/zero of=/etc/f count=1", None)]
    #[case::climbing("if=/dev/zero of=/tmp/../etc/f count=1", None)]
    #[case::odd("if=/dev/zero of=/tmp/f count=1 skip=1", None)]
    fn dd_makes_zeros(#[case] text: &str, #[case] len: Option<u64>) {
        let made = len.map(|len| Command::MakeFile { path: "/tmp/f".to_owned(), len });
        assert_eq!(dd(&words(text)).ok(), made);
    }

    #[test]
    fn rm_removes_what_is_the_scripts_own() {
        let paths = vec!["/tmp/a".to_owned(), "/tmp/b".to_owned()];
        assert_eq!(rm(&words("-f /tmp/a /tmp/b")), Ok(Command::RemoveFiles { paths }));
        assert!(rm(&words("-rf /tmp/a")).is_err());
        assert!(rm(&words("-f /home/a")).is_err());
    }
}
