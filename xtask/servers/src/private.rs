//! A server of our own: in a temporary folder, on a free port, stopped by its process id.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use crate::programs::{self, Programs};
use crate::{Kind, Result, free_port, handshake};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server that lets its administrator in without a password. Dropping it stops the server and
/// removes its files.
#[derive(Debug)]
pub struct PrivateServer {
    kind: Kind,
    programs: Programs,
    user: Option<User>,
    child: Child,
    port: u16,
    folder: TempDir,
}

impl PrivateServer {
    /// Prepares and starts a server, and waits until it lets us in.
    ///
    /// `files` are written into its folder, readable by the server alone. `settings` are added to those of
    /// the command line, as `name=value`; in them `{folder}` stands for the folder.
    ///
    /// # Errors
    /// When the machine has no such server, or it does not start; with the server's log.
    pub fn start(kind: Kind, files: &[(&str, String)], settings: &[&str]) -> Result<Self> {
        let programs = programs::locate(kind).ok_or_else(|| {
            format!(
                "{} is not installed here ({})",
                kind.name(),
                kind.how_to_install()
            )
        })?;
        let folder = tempfile::Builder::new().prefix("xtask-server-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let user = getuid()
            .is_root()
            .then(|| User::find(&programs))
            .transpose()?;
        let own = |path: &Path| match &user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        };
        own(folder.path())?;
        fs::write(folder.path().join(Programs::INIT_FILE), Programs::INIT_SQL)?;
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::write(&path, content)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            own(&path)?;
        }
        output(&mut prepared(
            programs.prepare(folder.path()),
            folder.path(),
            user.as_ref(),
        ))?;
        let port = free_port()?;
        let child = serve(&programs, folder.path(), user.as_ref(), port, settings)?;
        let mut server = Self {
            kind,
            programs,
            user,
            child,
            port,
            folder,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The port of 127.0.0.1 that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its administrator's URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.kind.local_url(self.port)
    }

    /// The folder that holds its files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Stops the server as a crash would: nobody is told, nothing is tidied up.
    ///
    /// To PostgreSQL it is SIGQUIT, an "immediate shutdown": a process of its own for each client would
    /// outlive SIGKILL for a while.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn crash(&mut self) -> Result<()> {
        self.stop_by(match self.kind {
            Kind::Postgres => Signal::QUIT,
            Kind::Mysql => Signal::KILL,
        })
    }

    /// Starts the stopped server again, on its old data and port, with these settings.
    ///
    /// # Errors
    /// When it does not start; with the server's log.
    pub fn start_again(&mut self, settings: &[&str]) -> Result<()> {
        let folder = self.folder.path();
        self.child = serve(
            &self.programs,
            folder,
            self.user.as_ref(),
            self.port,
            settings,
        )?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while let Err(error) = handshake::lets_in(self.kind, self.port) {
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                let state =
                    ended.map_or_else(|| "runs".into(), |status| format!("ended ({status})"));
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(format!("it {state}, but {error}. Its log:\n{log}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn stop_by(&mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            kill_process(Pid::from_child(&self.child), signal)?;
        }
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                self.child.kill()?;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        // To PostgreSQL a stop that waits for nobody, to MariaDB and MySQL an ordinary one.
        if let Err(error) = self.stop_by(Signal::QUIT) {
            eprintln!(
                "warning: process {} was not stopped: {error}",
                self.child.id()
            );
        }
    }
}

fn serve(
    programs: &Programs,
    folder: &Path,
    user: Option<&User>,
    port: u16,
    settings: &[&str],
) -> Result<Child> {
    let here = folder.display().to_string();
    let settings: Vec<String> = settings
        .iter()
        .map(|setting| setting.replace("{folder}", &here))
        .collect();
    let log = File::options()
        .append(true)
        .create(true)
        .open(folder.join("log"))?;
    let mut command = prepared(programs.serve(folder, port, &settings), folder, user);
    command.stdout(log.try_clone()?).stderr(log);
    // In a process group of its own an interrupt at the terminal does not reach it: we stop it.
    command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| could_not_run(&command, &error).into())
}

fn prepared(mut command: Command, folder: &Path, user: Option<&User>) -> Command {
    command.current_dir(folder);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// The output of a program that must succeed.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| could_not_run(command, &error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let program = command.get_program().display();
    Err(format!("{program} failed ({}):\n{text}{errors}", output.status).into())
}

fn could_not_run(command: &Command, error: &std::io::Error) -> String {
    format!("could not run {}: {error}", command.get_program().display())
}

/// Whom a server runs as when we are root.
#[derive(Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    fn find(programs: &Programs) -> Result<Self> {
        let names = programs.users();
        let found = names.iter().find_map(|name| {
            let id = |which: &str| {
                let said = output(Command::new("id").args([which, name])).ok()?;
                said.trim().parse().ok()
            };
            Some(Self {
                uid: id("-u")?,
                gid: id("-g")?,
            })
        });
        found.ok_or_else(|| {
            format!(
                "servers refuse to run as root, and there is no user {}",
                names.join(" or ")
            )
            .into()
        })
    }
}
