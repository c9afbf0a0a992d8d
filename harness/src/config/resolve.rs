//! Merges all sources of options in order of precedence.

use super::draft::Draft;
use super::model::Config;
use super::setting::{CliOptions, Origin, Setting};
use crate::profile::Profile;
use crate::script::Defines;
use crate::script::ast::{OptionDecl, Script};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Span;
use crate::target::IpVersion;
use crate::target::setup::KERNELS;

/// The configuration of a run of `script` with `ip`.
///
/// # Errors
/// One diagnostic for every option of the script that is wrong, or for an address that does not
/// fit the IP version. Settings of profiles and command lines were checked when they were read.
pub fn resolve(
    script: &Script,
    profile: &Profile,
    ip: IpVersion,
    cli: &CliOptions,
) -> Result<Config, Vec<Diagnostic>> {
    let mut draft = Draft::default();
    let mut diagnostics = Vec::new();
    let whole = |setting: Setting| (setting, Span::default());
    let layers: [(Origin, Vec<(Setting, Span)>); 4] = [
        (Origin::ProfileDefault, profile.defaults(ip).into_iter().map(whole).collect()),
        (Origin::Script, script.options.iter().map(|o| (setting(o), o.span)).collect()),
        (Origin::Profile, profile.options(ip).into_iter().map(whole).collect()),
        (Origin::CommandLine, cli.settings().iter().cloned().map(whole).collect()),
    ];
    for (origin, settings) in layers {
        for (setting, span) in settings {
            if let Err(error) = draft.apply(&setting, origin) {
                diagnostics.push(Diagnostic::error(error.code(), span, error.to_string()));
            }
        }
    }
    match kernel(script) {
        Ok(kernel) => draft.kernel = kernel,
        Err(unknown) => diagnostics.push(unknown),
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    draft.finish(ip, cli.seed, profile.sysctls().to_vec()).map_err(|error| {
        let set_here = script.options.iter().rev().find(|o| o.name == error.option);
        let span = set_here.map(|o| o.span).unwrap_or_default();
        vec![
            Diagnostic::error("option::address-family", span, error.message)
                .with_help("choose the ip versions with --ip, or give an address of each family"),
        ]
    })
}

/// The kernel that a `//! kernel:` line says a script is for.
fn kernel(script: &Script) -> Result<Option<String>, Diagnostic> {
    let Some(line) = script.metadata.iter().find(|line| line.key == "kernel") else {
        return Ok(None);
    };
    let name = line.value.trim().to_owned();
    if KERNELS.contains(&name.as_str()) {
        return Ok(Some(name));
    }
    let message = format!("`{name}` is no kernel of which the differences are known");
    Err(Diagnostic::error("metadata::unknown-kernel", line.span, message)
        .with_help(format!("kernels are {}", KERNELS.join(", "))))
}

/// The configuration when nobody sets anything.
#[must_use]
pub fn builtin(ip: IpVersion, seed: u64) -> Config {
    match Draft::default().finish(ip, seed, Vec::new()) {
        Ok(config) => config,
        Err(error) => unreachable!("built-in addresses fit every IP version: {}", error.message),
    }
}

/// The symbols that must be known before a script can be parsed with `ip`: those of the profile's
/// `[options]` and of the command line, which win over the script's own.
#[must_use]
pub fn defines(profile: &Profile, ip: IpVersion, cli: &CliOptions) -> Defines {
    let settings = profile.options(ip).into_iter().chain(cli.settings().iter().cloned());
    settings
        .filter(|s| s.name == "define")
        .filter_map(|s| {
            let text = s.value?;
            let (symbol, value) = text.split_once('=')?;
            Some((symbol.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The `--ip_version` a script asks for, if it does and it is one.
#[must_use]
pub fn ip_version_option(script: &Script) -> Option<IpVersion> {
    let option = script.options.iter().rev().find(|o| o.name == "ip_version")?;
    super::table::ip_version(option.value.as_deref()?).ok()
}

fn setting(option: &OptionDecl) -> Setting {
    Setting { name: option.name.clone(), value: option.value.clone() }
}
