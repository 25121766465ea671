//! Installing a server by the platform's package manager, where we may: as root on Debian.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::process::getuid;

use crate::{Result, process};
use servers::Kind;

/// Debian's switch for services: exit code 101 forbids starting one.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs a server's package without starting its service. Does nothing where that is not ours to do.
pub(super) fn install(kind: Kind) -> Result<()> {
    let package = match kind {
        Kind::Postgres => "postgresql",
        Kind::Mysql => "mariadb-server",
    };
    packages(&[package])
}

/// Installs packages, starting no service of theirs. Does nothing where that is not ours to do.
pub(crate) fn packages(names: &[&str]) -> Result<()> {
    if !getuid().is_root() || !Path::new("/etc/debian_version").exists() {
        return Ok(());
    }
    let _policy = NoServices::declare()?;
    process::step("package lists", apt_get(&["update"]).arg("-qq"))?;
    let options = [
        "-qq",
        "-y",
        "--no-install-recommends",
        "-o",
        "Dpkg::Use-Pty=0",
    ];
    process::step(
        &names.join(", "),
        apt_get(&["install"]).args(options).args(names),
    )
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// While it lives, installing a package starts no service. A policy that was there already stays in force.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn declare() -> Result<Self> {
        let ours = match File::create_new(POLICY) {
            Ok(mut file) => {
                file.write_all(b"#!/bin/sh\nexit 101\n")?;
                file.set_permissions(fs::Permissions::from_mode(0o755))?;
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(format!("could not write {POLICY}: {error}").into()),
        };
        Ok(Self { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("warning: {POLICY} still forbids starting services; remove it: {error}");
        }
    }
}
