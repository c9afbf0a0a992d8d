//! What a machine must have to build a kernel, and the one line that installs what is missing.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::request::{Request, debian_package, debian_tarball};

/// A program kbuild calls, and the Debian package that has it.
struct Program {
    name: &'static str,
    package: &'static str,
    /// Only archives need it.
    for_archives: bool,
}

const PROGRAMS: [Program; 9] = [
    Program { name: "make", package: "make", for_archives: false },
    Program { name: "gcc", package: "gcc", for_archives: false },
    Program { name: "ld", package: "binutils", for_archives: false },
    Program { name: "flex", package: "flex", for_archives: false },
    Program { name: "bison", package: "bison", for_archives: false },
    Program { name: "bc", package: "bc", for_archives: false },
    Program { name: "awk", package: "mawk", for_archives: false },
    Program { name: "tar", package: "tar", for_archives: true },
    Program { name: "xz", package: "xz-utils", for_archives: true },
];

/// Headers of the C library and of Linux that UML's host side and kbuild's own programs include.
const HEADERS: [(&str, &str); 2] = [("elf.h", "libc6-dev"), ("linux/if_tun.h", "linux-libc-dev")];

/// Something that is not there.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    what: String,
    package: String,
}

/// Fails, with everything that is missing and how to install it, unless the request can be built.
pub(crate) fn check(request: &Request) -> Result<()> {
    let here = env::consts::ARCH;
    ensure!(here == "x86_64", "User-Mode Linux runs on x86-64 only, and this machine is {here}");
    let missing: Vec<_> =
        programs(request).chain(headers()).chain(debian_source(request)).collect();
    match apt_line(&missing) {
        Some(text) => bail!(text),
        None => Ok(()),
    }
}

/// The C compiler as kbuild takes it: `$CC`, or gcc. It may have words before it, as `ccache gcc`.
pub(crate) fn compiler() -> String {
    let chosen = env::var("CC").ok().map(|text| text.trim().to_owned());
    chosen.filter(|text| !text.is_empty()).unwrap_or_else(|| "gcc".to_owned())
}

/// A command that runs the compiler.
fn compile() -> Command {
    let compiler = compiler();
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("gcc"));
    command.args(words).stdin(Stdio::null());
    command
}

/// The first line of what the compiler says about itself.
pub(crate) fn compiler_version() -> Result<String> {
    let name = compiler();
    let output = compile().arg("--version").output();
    let output = output.with_context(|| format!("failed to run {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().map(str::trim).filter(|line| !line.is_empty());
    first.map(str::to_owned).with_context(|| format!("{name} has no --version"))
}

fn programs(request: &Request) -> impl Iterator<Item = Missing> {
    let archive = !matches!(request, Request::Tree(_));
    PROGRAMS.iter().filter(move |program| archive || !program.for_archives).filter_map(|program| {
        let compiler = compiler();
        let name = match program.name {
            "gcc" => compiler.split_whitespace().next().unwrap_or("gcc"),
            name => name,
        };
        (!is_on_path(Path::new(name)))
            .then(|| Missing { what: name.to_owned(), package: program.package.into() })
    })
}

fn headers() -> impl Iterator<Item = Missing> {
    HEADERS
        .iter()
        .filter(|(header, _)| includes(header) == Some(false))
        .map(|(header, package)| Missing { what: (*header).into(), package: (*package).into() })
}

/// Whether the compiler finds a header; None without a compiler to ask.
fn includes(header: &str) -> Option<bool> {
    let mut command = compile();
    command.args(["-E", "-x", "c", "-include", header, "-o", "/dev/null", "/dev/null"]);
    let status = command.stderr(Stdio::null()).status();
    Some(status.ok()?.success())
}

fn debian_source(request: &Request) -> Option<Missing> {
    match request {
        Request::Debian { series } if !debian_tarball(series).is_file() => Some(Missing {
            what: debian_tarball(series).display().to_string(),
            package: debian_package(series),
        }),
        Request::Debian { .. } | Request::Tree(_) | Request::Tarball(_) => None,
    }
}

/// What is missing, and the line that installs all of it; None when nothing is.
fn apt_line(missing: &[Missing]) -> Option<String> {
    let what: Vec<_> = missing.iter().map(|one| one.what.as_str()).collect();
    let mut packages: Vec<_> = missing.iter().map(|one| one.package.as_str()).collect();
    packages.sort_unstable();
    packages.dedup();
    let (what, packages) = (what.join(", "), packages.join(" "));
    (!missing.is_empty()).then(|| format!("missing: {what}\ninstall: apt install {packages}"))
}

/// Whether a program can be found as a shell would find it.
fn is_on_path(name: &Path) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    name.components().count() > 1 && name.is_file()
        || env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::{Missing, apt_line, is_on_path};

    #[test]
    fn one_line_installs_everything() {
        let missing =
            |what: &str, package: &str| Missing { what: what.into(), package: package.into() };
        let text = apt_line(&[missing("flex", "flex"), missing("a.h", "x"), missing("b.h", "x")]);
        assert_eq!(text.as_deref(), Some("missing: flex, a.h, b.h\ninstall: apt install flex x"));
        assert_eq!(apt_line(&[]), None);
    }

    #[test]
    fn programs_are_looked_up() {
        assert!(is_on_path("sh".as_ref()));
        assert!(is_on_path("/bin/sh".as_ref()));
        assert!(!is_on_path("/bin/no-such-program".as_ref()));
        assert!(!is_on_path("no-such-program".as_ref()));
    }
}
