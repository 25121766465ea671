//! The published crates, as they would be published.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::{Result, process};

/// The crates that are published, each after those it needs.
pub(crate) const PUBLISHED: [&str; 5] = [
    "axum-db-macros",
    "axum-db",
    "axum-login-kit-macros",
    "axum-login-kit",
    "axum-migrate",
];

/// The packages, unpacked in a folder of their own, which goes with this value.
///
/// `cargo package` would verify them itself, but it keeps unpacked sources by version: after a change it would
/// compile one package against the older text of another.
pub(crate) struct Packages {
    folder: TempDir,
}

impl Packages {
    /// Packs the crates and unpacks them again.
    pub(crate) fn make() -> Result<Self> {
        let mut pack = process::cargo(["package", "--allow-dirty", "--no-verify"]);
        for name in PUBLISHED {
            pack.args(["-p", name]);
        }
        process::step("packages", pack.env("CARGO_TARGET_DIR", process::target()))?;
        let packages = Self {
            folder: tempfile::tempdir()?,
        };
        for name in PUBLISHED {
            let folder = packages.path(name);
            fs::create_dir(&folder)?;
            let archive =
                process::target().join(format!("package/{name}-{}.crate", version(name)?));
            process::output(
                Command::new("tar")
                    .args(["-x", "-z", "--strip-components=1", "-f"])
                    .arg(archive)
                    .arg("-C")
                    .arg(folder),
            )?;
        }
        fs::copy(
            process::workspace().join("Cargo.lock"),
            packages.folder.path().join("Cargo.lock"),
        )?;
        let members = format!("[workspace]\nresolver = \"3\"\nmembers = {PUBLISHED:?}\n");
        fs::write(
            packages.folder.path().join("Cargo.toml"),
            members + &packages.patch(),
        )?;
        Ok(packages)
    }

    /// Compiles each package against the others.
    pub(crate) fn verify(&self) -> Result<()> {
        process::step(
            "packages, compiled against each other",
            process::cargo(["check", "--workspace", "--all-features"])
                .env("CARGO_TARGET_DIR", process::target())
                .current_dir(self.folder.path()),
        )
    }

    /// Lines of a manifest that put the packages in the place of published crates.
    pub(crate) fn patch(&self) -> String {
        let lines = PUBLISHED.map(|name| format!("{name} = {{ path = {:?} }}\n", self.path(name)));
        format!("\n[patch.crates-io]\n{}", lines.concat())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn version(name: &str) -> Result<String> {
    // path+file:///somewhere/axum-db#0.1.0, or …#axum-db@0.1.0
    let id = process::output(&mut process::cargo(["pkgid", "-p", name]))?;
    Ok(id
        .trim()
        .rsplit(['#', '@'])
        .next()
        .unwrap_or_default()
        .to_owned())
}
