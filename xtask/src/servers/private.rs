//! A server of our own: in a temporary folder, on a free port, stopped by its process id.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use super::programs::Programs;
use super::{Kind, free_port, handshake};
use crate::{Result, process};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it stops the server and removes its files.
#[derive(Debug)]
pub(super) struct PrivateServer {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl PrivateServer {
    /// Prepares and starts a server, and waits until it lets us in.
    pub(super) fn start(kind: Kind, programs: &Programs) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("xtask-server-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        fs::write(folder.path().join(Programs::INIT_FILE), Programs::INIT_SQL)?;
        let user = if getuid().is_root() {
            Some(User::find(programs)?)
        } else {
            None
        };
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid), Some(user.gid))?;
        }
        let prepare_as = |mut command: Command| {
            command.current_dir(folder.path());
            if let Some(user) = &user {
                command.uid(user.uid).gid(user.gid);
            }
            command
        };

        process::output(&mut prepare_as(programs.prepare(folder.path())))?;
        let port = free_port()?;
        let log = File::create(folder.path().join("log"))?;
        let mut serve = prepare_as(programs.serve(folder.path(), port));
        serve.stdout(log.try_clone()?).stderr(log);
        let child = process::spawn(&mut serve)?;
        let mut server = Self {
            child,
            port,
            folder,
        };
        server.wait_until_ready(kind)?;
        Ok(server)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn wait_until_ready(&mut self, kind: Kind) -> Result<()> {
        let start = Instant::now();
        while let Err(error) = handshake::lets_in(kind, self.port) {
            process::check_interrupt()?;
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

    /// SIGQUIT: to PostgreSQL a stop that waits for nobody, to MariaDB and MySQL an ordinary one.
    fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            kill_process(Pid::from_child(&self.child), Signal::QUIT)?;
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
        if let Err(error) = self.stop() {
            eprintln!(
                "warning: process {} was not stopped: {error}",
                self.child.id()
            );
        }
    }
}

/// Whom a server runs as when we are root.
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    fn find(programs: &Programs) -> Result<Self> {
        let names = programs.users();
        names
            .iter()
            .find_map(|name| {
                let id = |which: &str| {
                    process::output(Command::new("id").args([which, name]))
                        .ok()?
                        .trim()
                        .parse()
                        .ok()
                };
                Some(Self {
                    uid: id("-u")?,
                    gid: id("-g")?,
                })
            })
            .ok_or_else(|| {
                format!(
                    "servers refuse to run as root, and there is no user {}",
                    names.join(" or ")
                )
                .into()
            })
    }
}
