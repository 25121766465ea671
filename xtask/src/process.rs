//! Running programs: named, timed steps that an interrupt ends.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::Result;
use crate::counts::Counts;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C and SIGTERM end the running step instead of this program, which then stops the
/// servers it started.
pub(crate) fn catch_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))?;
    Ok(())
}

/// Fails once Ctrl-C was pressed.
pub(crate) fn check_interrupt() -> Result<()> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        return Err("interrupted".into());
    }
    Ok(())
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, PathBuf::from)
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// `cargo` in the folder of the workspace.
pub(crate) fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace());
    command
}

/// Runs a step, printing its name before and its seconds after.
///
/// # Errors
/// When the program cannot be started, does not succeed, or was interrupted. The message tells how to repeat
/// the step.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    let repeat = spelled(command);
    timed(name, &repeat, || wait(&mut spawn(command)?))
}

/// Runs a step of tests: as [`step`], and adds up from its output how many passed.
///
/// # Errors
/// As [`step`].
pub(crate) fn test_step(
    name: &str,
    repeat: &str,
    command: &mut Command,
    counts: &mut Counts,
) -> Result<()> {
    timed(name, repeat, || {
        let mut child = spawn(command.stdout(Stdio::piped()))?;
        let output = child.stdout.take().ok_or("no output to read")?;
        let reader = std::thread::spawn(move || forward(output));
        let status = wait(&mut child);
        match reader.join() {
            Ok(read) => counts.add(read?),
            Err(_) => return Err("reading the output failed".into()),
        }
        status
    })
}

/// Copies what a test run prints to our own output, counting.
fn forward(output: impl Read) -> std::io::Result<Counts> {
    let mut counts = Counts::default();
    let mut stdout = std::io::stdout();
    let mut lines = BufReader::new(output);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        counts.read(&String::from_utf8_lossy(&line));
        stdout.write_all(&line)?;
        line.clear();
    }
    Ok(counts)
}

fn timed(name: &str, repeat: &str, run: impl FnOnce() -> Result<ExitStatus>) -> Result<()> {
    check_interrupt()?;
    eprintln!("\n=== {name}: {repeat}");
    let start = Instant::now();
    let status = run()?;
    let seconds = start.elapsed().as_secs_f32();
    check_interrupt()?;
    if status.success() {
        eprintln!("=== {name}: ok, {seconds:.1} s");
        Ok(())
    } else {
        Err(
            format!("{name} failed after {seconds:.1} s ({status}). To repeat it:\n  {repeat}")
                .into(),
        )
    }
}

/// The output of a program that must succeed.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("could not run {}: {error}", spelled(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "{} failed ({}):\n{}{}",
            spelled(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        )
        .into())
    }
}

/// Starts a program in a process group of its own, so that an interrupt reaches this program alone.
pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("could not run {}: {error}", spelled(command)).into())
}

/// Waits for the program; an interrupt ends it and the programs it started.
fn wait(child: &mut Child) -> Result<ExitStatus> {
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if INTERRUPTED.load(Ordering::Relaxed) && !told {
            match kill_process_group(Pid::from_child(child), Signal::TERM) {
                Err(Errno::SRCH) | Ok(()) => told = true,
                Err(error) => return Err(error.into()),
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The command as it would be typed.
fn spelled(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.display(), quoted(value?))));
    let program = PathBuf::from(command.get_program());
    let program = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_owned();
    variables
        .chain([program.to_string_lossy().into_owned()])
        .chain(command.get_args().map(quoted))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
