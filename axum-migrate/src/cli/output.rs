//! Where answers go, and how questions are asked.

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _, Write};

use crate::{Error, ErrorKind};

/// The text a command prints.
pub(super) struct Output<'a> {
    sink: &'a mut (dyn Write + Send),
}

impl<'a> Output<'a> {
    pub(super) fn new(sink: &'a mut (dyn Write + Send)) -> Self {
        Self { sink }
    }

    /// Prints one line. A reader that has gone away, as `head` does, is no error.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Error> {
        match writeln!(self.sink, "{text}").and_then(|()| self.sink.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::new(
                ErrorKind::Io,
                format!("could not write the answer: {error}; check where the output goes"),
            )),
            _ => Ok(()),
        }
    }

    /// Prints JSON.
    pub(super) fn json(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        self.line(format_args!("{value:#}"))
    }
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
