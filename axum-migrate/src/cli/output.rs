//! Where answers go, and how questions are asked.

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};

use crate::{Error, ErrorKind};

/// What a piece of text is, which is what gives it a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Added,
    Changed,
    Removed,
    /// A revision's id.
    Id,
    /// What is said about it: that it is the head, its labels.
    Mark,
    Warning,
    Faint,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Added => AnsiColor::Green.on_default(),
            Tone::Changed | Tone::Id => AnsiColor::Yellow.on_default(),
            Tone::Removed => AnsiColor::Red.on_default(),
            Tone::Mark => AnsiColor::Cyan.on_default().bold(),
            Tone::Warning => AnsiColor::Red.on_default().bold(),
            Tone::Faint => Style::new().dimmed(),
        }
    }
}

/// The text a command prints.
pub(crate) struct Output<'a> {
    sink: &'a mut (dyn Write + Send),
    colour: bool,
    /// Where JSON goes when it is to be a part of a larger answer.
    part: Option<Option<serde_json::Value>>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(sink: &'a mut (dyn Write + Send), colour: bool) -> Self {
        Self {
            sink,
            colour,
            part: None,
        }
    }

    /// Keeps the next JSON instead of printing it.
    pub(crate) fn collect(&mut self) {
        self.part = Some(None);
    }

    /// What was kept.
    pub(crate) fn collected(&mut self) -> Option<serde_json::Value> {
        self.part.take().flatten()
    }

    /// Prints one line. A reader that has gone away, as `head` does, is no error.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Error> {
        match writeln!(self.sink, "{text}").and_then(|()| self.sink.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::new(
                ErrorKind::Io,
                format!("could not write the answer: {error}; check where the output goes"),
            )),
            _ => Ok(()),
        }
    }

    /// Prints JSON.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        if let Some(part) = &mut self.part {
            *part = Some(value.clone());
            return Ok(());
        }
        self.line(format_args!("{value:#}"))
    }

    /// The text in its colour, where colours are wanted.
    pub(super) fn paint(&self, tone: Tone, text: impl Display) -> String {
        if self.colour {
            let style = tone.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }
}

/// Whether the standard output takes colours: `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, and whether it is a terminal.
pub(crate) fn stdout_has_colours() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Whether there is somebody to ask.
pub(super) fn can_ask(no_input: bool) -> bool {
    !no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on the terminal, for as long as the answer takes; without blocking the runtime's other tasks.
pub(super) async fn ask(question: String) -> Result<String, Error> {
    let answer = tokio::task::spawn_blocking(move || {
        let mut terminal = std::io::stderr();
        write!(terminal, "{question} ").and_then(|()| terminal.flush())?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok::<_, std::io::Error>(answer.trim().to_owned())
    })
    .await;
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Error::new(
            ErrorKind::NeedsInput,
            format!("could not read the answer: {error}; say it with the options and --no-input"),
        )),
        Err(_) => Err(Error::new(
            ErrorKind::NeedsInput,
            "the question was interrupted; run the command again",
        )),
    }
}
