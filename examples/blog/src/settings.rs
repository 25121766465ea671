//! What the blog can be told from outside: environment variables, or flags of the same names.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

#[cfg(feature = "sqlite")]
const DEFAULT_DATABASE_URL: &str = "sqlite://blog.db";
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
const DEFAULT_DATABASE_URL: &str = "postgres://postgres@localhost/blog";
#[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
const DEFAULT_DATABASE_URL: &str = "mysql://root@localhost/blog";

#[derive(clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// The database that holds the users and their posts.
    #[arg(long, env, global = true, hide_env_values = true, default_value = DEFAULT_DATABASE_URL)]
    pub database_url: String,

    /// Where the blog listens.
    #[arg(long, env, global = true, default_value = "127.0.0.1:3000")]
    pub blog_addr: String,

    /// Where visitors find the blog, for the links in mails: by default, http:// and BLOG_ADDR.
    #[arg(long, env, global = true)]
    blog_url: Option<String>,

    /// Signs cookies: at least 32 characters that nobody can guess. Left out in development,
    /// one is made and kept in blog.key beside the database.
    #[arg(long, env, global = true, hide_env_values = true)]
    secret_key: Option<String>,

    /// The folder of the profile pictures: by default, uploads beside the database.
    #[arg(long, env, global = true)]
    blog_pictures: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("BLOG_ADDR is {0:?}, which is no address: write it as 127.0.0.1:3000")]
    Address(String),
    #[error(
        "BLOG_ADDR lets other machines in, so SECRET_KEY must be set: make one with `openssl rand -hex 32`"
    )]
    NoSecretKey,
    #[error("the secret key file {0}: {1}", .path.display(), .source)]
    SecretKeyFile { path: PathBuf, source: io::Error },
}

impl Settings {
    /// The database with its settings: DATABASE_MAX_CONNECTIONS, DATABASE_POOL_TIMEOUT and so on.
    pub fn database(&self) -> Result<axum_db::Config, axum_db::Error> {
        axum_db::Config::new(&self.database_url).with_env("DATABASE")
    }

    /// The address to listen on.
    pub fn address(&self) -> Result<SocketAddr, SettingsError> {
        let unusable = || SettingsError::Address(self.blog_addr.clone());
        let mut addresses = self.blog_addr.to_socket_addrs().map_err(|_| unusable())?;
        addresses.next().ok_or_else(unusable)
    }

    /// The key that signs cookies. Only a blog that no other machine can reach makes its own.
    pub fn secret_key(&self) -> Result<String, SettingsError> {
        match &self.secret_key {
            Some(key) => Ok(key.clone()),
            None if self.address()?.ip().is_loopback() => {
                kept_key(&self.data_folder().join("blog.key"))
            }
            None => Err(SettingsError::NoSecretKey),
        }
    }

    /// Where the links in mails lead. Never to what a request calls itself: that is for the visitor to choose.
    pub fn url(&self) -> String {
        match &self.blog_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.blog_addr),
        }
    }

    /// The folder of the profile pictures.
    pub fn pictures(&self) -> PathBuf {
        self.blog_pictures
            .clone()
            .unwrap_or_else(|| self.data_folder().join("uploads"))
    }

    /// The folder of the SQLite file; the current one for a database behind a server.
    fn data_folder(&self) -> PathBuf {
        let file = self.database_url.strip_prefix("sqlite://").map(Path::new);
        file.and_then(Path::parent)
            .map(Path::to_owned)
            .unwrap_or_default()
    }
}

/// Reads the key from its file, which is made on the first start and is its owner's alone.
fn kept_key(path: &Path) -> Result<String, SettingsError> {
    let failed = |source| SettingsError::SecretKeyFile {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let key: String = rand::random::<[u8; 32]>()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            file.write_all(key.as_bytes()).map_err(failed)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(path).map_err(failed)?.trim().to_owned())
        }
        Err(error) => Err(failed(error)),
    }
}
