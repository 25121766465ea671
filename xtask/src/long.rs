//! What `cargo xtask ci --long` adds: too slow for every run, due before a change of some size is called done.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::ci::BACKENDS;
use crate::packages::{PUBLISHED, Packages};
use crate::{Result, examples, process, servers};

/// How much the randomised tests do in a long run.
pub(crate) const FULL_COUNTS: [(&str, &str); 2] = [
    ("AXUM_DB_CANCELS", "10000"),
    ("AXUM_MIGRATE_PAIRS_TIMES", "10"),
];

/// The fuzz targets of axum-login-kit, and how many inputs each of them tries: hashing is slow.
const FUZZ_TARGETS: [(&str, u32); 3] =
    [("cookies", 20_000), ("hashes", 2_000), ("next_url", 20_000)];
/// What cargo-fuzz passes to a stable compiler.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

/// Runs every step, and stops at the first that fails; the answer is what the tests are to be told after it.
pub(crate) fn run(packages: &Packages) -> Result<Vec<(&'static str, String)>> {
    examples::check()?;
    feature_pairs()?;
    login_bench()?;
    fuzz()?;
    minimal_versions()?;
    packaged_quickstart(packages)?;
    browser()?;
    let counts = FULL_COUNTS
        .iter()
        .map(|(name, count)| (*name, (*count).to_owned()));
    Ok(counts.chain([("AXUM_MIGRATE_DIESEL", diesel()?)]).collect())
}

/// Diesel's own program, of the line of the locked diesel: the tests of axum-migrate take turns with it where they are
/// told its path, and with the library that it is made of where not.
fn diesel() -> Result<String> {
    // SQLite is compiled into it; the others' C libraries are the machine's.
    if !has_programs(
        &["pg_config", "mariadb_config", "pkg-config"],
        &["libpq-dev", "libmariadb-dev-compat", "pkg-config"],
    )? {
        return Err("Diesel's program needs the C libraries of PostgreSQL and MariaDB; install them (Debian: \
                    libpq-dev, libmariadb-dev-compat, pkg-config)"
            .into());
    }
    let lock = fs::read_to_string(process::workspace().join("Cargo.lock"))?;
    let line = lock
        .split_once("name = \"diesel\"\nversion = \"")
        .and_then(|(_, rest)| rest.split('"').next())
        .and_then(|version| version.rsplit_once('.'))
        .map(|(line, _)| line)
        .ok_or("Cargo.lock has no diesel")?;
    let root = process::target().join("diesel");
    let mut install = process::cargo(["install", "diesel_cli", "--locked", "--debug"]);
    install
        .args(["--version", &format!("~{line}")])
        .args([
            "--no-default-features",
            "--features",
            "sqlite-bundled,postgres,mysql",
        ])
        .arg("--root")
        .arg(&root)
        .arg("--target-dir")
        .arg(root.join("build"));
    process::step("Diesel's program", &mut install)?;
    Ok(root.join("bin/diesel").display().to_string())
}

/// Sees to it that the browser tests find a browser and its driver.
fn browser() -> Result<()> {
    if has_programs(
        &["chromium", "chromedriver"],
        &["chromium", "chromium-driver"],
    )? {
        Ok(())
    } else {
        Err("the browser tests need `chromium` and `chromedriver`; install them (Debian: chromium, chromium-driver)".into())
    }
}

/// Whether these programs are there, installed where they were not and where we may.
fn has_programs(programs: &[&str], packages: &[&str]) -> Result<bool> {
    let ready = || {
        programs
            .iter()
            .all(|program| process::output(Command::new(program).arg("--version")).is_ok())
    };
    if !ready() {
        servers::install::packages(packages)?;
    }
    Ok(ready())
}

/// No backend, and every two of them: one alone and all together is what the ordinary run checks.
fn feature_pairs() -> Result<()> {
    let libraries = [
        "-p",
        "axum-db",
        "-p",
        "axum-login-kit",
        "-p",
        "axum-migrate",
    ];
    let mut check = process::cargo(["check", "--no-default-features"]);
    process::step("features, no backend", check.args(libraries))?;
    for (at, first) in BACKENDS.iter().enumerate() {
        for second in &BACKENDS[at + 1..] {
            let pair = format!("{first},{second}");
            let mut check = process::cargo(["check", "--all-targets", "--no-default-features"]);
            process::step(
                &format!("features, {pair}"),
                check.args(["--features", &pair]).args(libraries),
            )?;
        }
    }
    Ok(())
}

/// Clippy on the benchmark that is a workspace of its own.
fn login_bench() -> Result<()> {
    let mut clippy = process::cargo(["clippy", "--locked", "--all-targets"]);
    clippy
        .args(["--manifest-path", "benches/login/Cargo.toml"])
        .args(["--", "-D", "warnings"])
        .env("CARGO_TARGET_DIR", process::target());
    process::step("clippy, the login benchmark", &mut clippy)
}

/// Clippy on the fuzz targets, and a short run of each from its seeds.
fn fuzz() -> Result<()> {
    const FOLDER: &str = "axum-login-kit/fuzz";
    let manifest = format!("{FOLDER}/Cargo.toml");
    let target = process::target().join("fuzz");
    let cargo = |command: &str| {
        let mut cargo = process::cargo([command, "--locked", "--manifest-path", &manifest]);
        cargo.env("CARGO_TARGET_DIR", &target);
        cargo
    };
    process::step(
        "clippy, fuzz targets",
        cargo("clippy")
            .args(["--no-deps", "--", "-D", "warnings"])
            .env("CARGO_TARGET_DIR", process::target()),
    )?;
    if !has_programs(&["c++"], &["g++"])? {
        return Err("the fuzz targets need a C++ compiler; install one (Debian: g++)".into());
    }
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("rustc does not say for which machine it compiles")?;
    // With a target named, the flags are not those of build scripts and macros.
    process::step(
        "fuzz targets",
        cargo("build")
            .args(["--release", "--target", host])
            .env("RUSTFLAGS", COVERAGE.join(" ")),
    )?;
    for (name, runs) in FUZZ_TARGETS {
        // What it finds on its way is not kept among the seeds.
        let found = tempfile::tempdir()?;
        let mut run = Command::new(target.join(host).join("release").join(name));
        run.arg(format!("-runs={runs}"))
            .arg("-seed=1")
            .arg("-rss_limit_mb=1024")
            .arg(format!("-artifact_prefix={}/", target.display()))
            .arg(found.path())
            .arg(format!("{FOLDER}/seeds/{name}"))
            .current_dir(process::workspace());
        process::step(&format!("fuzz target {name}"), &mut run)?;
    }
    Ok(())
}

/// Compiles the published crates with the oldest dependencies that their manifests allow.
fn minimal_versions() -> Result<()> {
    let copy = tempfile::tempdir()?;
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(process::workspace());
    for file in process::output(&mut list)?.lines() {
        let from = process::workspace().join(file);
        let to = copy.path().join(file);
        if file != "Cargo.lock" && from.is_file() {
            fs::create_dir_all(to.parent().ok_or("a file without a folder")?)?;
            fs::copy(from, to)?;
        }
    }
    // The option is unstable; the variable lets a stable toolchain have it, and is set for this command alone.
    process::step(
        "oldest dependencies",
        process::cargo(["generate-lockfile", "-Z", "direct-minimal-versions"])
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(copy.path()),
    )?;
    let mut check = process::cargo(["check", "--locked", "--all-features"]);
    for name in PUBLISHED {
        check.args(["-p", name]);
    }
    process::step(
        "oldest dependencies, compiled",
        check
            .env("CARGO_TARGET_DIR", process::target().join("oldest"))
            .current_dir(copy.path()),
    )
}

/// Runs the README's first program as a stranger would: in a project of its own, with the dependencies that the
/// README lists, on the crates as packaged; then asks it what the README asks.
fn packaged_quickstart(packages: &Packages) -> Result<()> {
    const ADDRESS: &str = "127.0.0.1:3000";
    let readme = fs::read_to_string(process::workspace().join("README.md"))?;
    let dependencies = block(&readme, "toml")?;
    let program = block(&readme, "rust,no_run")?;
    let port = servers::free_port()?;
    if !program.contains(ADDRESS) {
        return Err(format!("the README's first program does not serve at {ADDRESS}").into());
    }
    let program = program.replace(ADDRESS, &format!("127.0.0.1:{port}"));
    let patch = packages.patch();
    let manifest =
        format!("[package]\nname = \"quickstart\"\nedition = \"2024\"\n\n{dependencies}{patch}");
    let project = tempfile::tempdir()?;
    fs::create_dir(project.path().join("src"))?;
    fs::write(project.path().join("Cargo.toml"), manifest)?;
    fs::write(project.path().join("src/main.rs"), program)?;
    process::step(
        "the README's first program, on the packaged crates",
        process::cargo(["build"])
            .env("CARGO_TARGET_DIR", process::target())
            .current_dir(project.path()),
    )?;

    let mut program = Command::new(process::target().join("debug/quickstart"));
    let mut server = process::spawn(program.current_dir(project.path()))?;
    let answers = converse(port);
    server.kill()?;
    server.wait()?;
    let answers = answers?;
    if answers == ["note 1\n", "1. buy milk\n"] {
        Ok(())
    } else {
        Err(format!("the README's first program answers {answers:?}").into())
    }
}

/// What the program answers to a new note, and to the question for all.
fn converse(port: u16) -> Result<[String; 2]> {
    let mut tries = 0;
    while let Err(error) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        tries += 1;
        if tries > 200 {
            return Err(format!("the README's first program does not listen: {error}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok([ask(port, "POST", "buy milk")?, ask(port, "GET", "")?])
}

/// The body of the answer to one HTTP request.
fn ask(port: u16, method: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "{method} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    match response.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => Err(format!("the README's first program answers {response:?}").into()),
    }
}

/// The first block of code in a language.
fn block<'a>(markdown: &'a str, language: &str) -> Result<&'a str> {
    markdown
        .split_once(&format!("```{language}\n"))
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(block, _)| block)
        .ok_or_else(|| format!("README.md has no block of {language}").into())
}
