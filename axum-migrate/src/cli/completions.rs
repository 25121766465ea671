//! Completions for shells.

use std::process::ExitCode;

use clap::Subcommand as _;

use super::args::{self, Command};
use super::output::Output;
use crate::Error;

/// Prints the script for a shell: of the whole program where it is known, else of the way to these commands.
pub(super) fn print(
    args: &args::Completions,
    program: Option<&clap::Command>,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let mut command = match program {
        Some(program) => program.clone(),
        None => typed(&words),
    };
    let name = file_name(words.first().map_or("", String::as_str))
        .unwrap_or_else(|| command.get_name().to_owned());
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    out.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// The program as its own command line shows it: `blog db completions bash` is `blog` with `db`.
fn typed(words: &[String]) -> clap::Command {
    let way: Vec<&String> = words
        .iter()
        .skip(1)
        .take_while(|word| *word != "completions")
        .filter(|word| !word.starts_with('-'))
        .collect();
    let top = file_name(words.first().map_or("", String::as_str)).unwrap_or_default();
    let Some((last, before)) = way.split_last() else {
        return Command::augment_subcommands(clap::Command::new(top));
    };
    let mut command = Command::augment_subcommands(clap::Command::new(last.as_str().to_owned()));
    for word in before.iter().rev() {
        command = clap::Command::new(word.as_str().to_owned()).subcommand(command);
    }
    clap::Command::new(top).subcommand(command)
}

fn file_name(path: &str) -> Option<String> {
    let name = std::path::Path::new(path).file_stem()?;
    Some(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(command: &clap::Command) -> Vec<String> {
        command
            .get_subcommands()
            .map(|sub| sub.get_name().to_owned())
            .collect()
    }

    #[test]
    fn the_way_to_the_commands_is_what_was_typed() {
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let command = typed(&words("/usr/bin/blog --verbose db completions bash"));
        assert_eq!(command.get_name(), "blog");
        assert_eq!(ways(&command), ["db"]);
        let db = command.find_subcommand("db").expect("db");
        assert!(ways(db).contains(&"upgrade".to_owned()));
        let command = typed(&words("migrator completions zsh"));
        assert_eq!(command.get_name(), "migrator");
        assert!(ways(&command).contains(&"upgrade".to_owned()));
    }
}
