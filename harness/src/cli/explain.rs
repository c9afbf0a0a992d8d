//! `synproof explain`: what a requirement, a state, an edge, a divergence or a code is.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::args::ExplainArgs;
use super::console::Console;
use super::coverage::read;
use super::exit::{EXIT_CODES, Exit};
use crate::registry::explain::{CodeSite, explain as of_registry};
use crate::registry::requirement::{claims, requirements};
use crate::registry::text::Measure;
use crate::runner::{CLASS_CODES, OPTION_CODES};
use crate::script::codes::{CODES, meaning};
use crate::target::transition::transitions;

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let said = match args.code.as_deref() {
        None => Ok(list()),
        Some(code) => match of_code(code) {
            Some(said) => Ok(format!("{code}: {said}\n")),
            None => of_specs(code, args, console),
        },
    };
    match said.map(|said| console.out(&said)) {
        Ok(Ok(())) => Exit::Ok,
        Ok(Err(error)) => Exit::of_output(&error),
        Err(exit) => exit,
    }
}

fn of_code(code: &str) -> Option<&'static str> {
    let exit = EXIT_CODES.iter().find(|(_, number, _)| number.to_string() == code);
    let option = OPTION_CODES.iter().find(|(known, _)| *known == code);
    let said = exit.map(|(_, _, text)| *text);
    let class = CLASS_CODES.iter().find(|(known, _)| *known == code);
    said.or_else(|| meaning(code)).or(option.or(class).map(|(_, text)| *text))
}

fn of_specs(word: &str, args: &ExplainArgs, console: &Console) -> Result<String, Exit> {
    let coverage = read(&args.coverage, console)?;
    let coverage = (!args.coverage.is_empty()).then_some(&coverage);
    let (requirements, claims, table) = (requirements(), claims(), transitions());
    let measure = Measure { requirements: &requirements, claims: &claims, table: &table };
    let checkout = checkout();
    let code = |id: &str| checkout.as_deref().map(|root| sites(root, id)).unwrap_or_default();
    of_registry(word, measure, coverage, &code).ok_or_else(|| {
        console.error(&format!(
            "`{word}` is no requirement, state, edge, divergence, exit code, class of failures or \
             code of a diagnostic"
        ));
        Exit::Usage
    })
}

/// The checkout of synproof around the working directory.
fn checkout() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut above = here.ancestors();
    let root = above.find(|dir| dir.join("stack/src").is_dir() && dir.join("specs").is_dir())?;
    Some(root.to_path_buf())
}

/// The lines of the stack that name a requirement.
fn sites(root: &Path, id: &str) -> Vec<CodeSite> {
    let tag = format!("[{id}]");
    let files = WalkDir::new(root.join("stack/src")).sort_by_file_name().into_iter();
    let sources = files.filter_map(Result::ok).filter_map(|file| {
        let text = std::fs::read_to_string(file.path()).ok()?;
        Some((file.path().strip_prefix(root).unwrap_or(file.path()).to_path_buf(), text))
    });
    let of_source = |(path, text): (PathBuf, String)| -> Vec<CodeSite> {
        let lines = text.lines().zip(1..).filter(|(line, _)| line.contains(&tag));
        let site = |(line, number): (&str, usize)| {
            let place = format!("{}:{number}", path.display());
            CodeSite { place, text: line.trim().to_owned() }
        };
        lines.map(site).collect()
    };
    sources.flat_map(of_source).collect()
}

/// Every code that can be asked for.
fn list() -> String {
    let exits = EXIT_CODES.iter().map(|(_, code, text)| format!("{code:<30}  {text}\n"));
    let codes = CLASS_CODES.iter().chain(CODES).chain(OPTION_CODES);
    exits.chain(codes.map(|(code, text)| format!("{code:<30}  {text}\n"))).collect()
}
