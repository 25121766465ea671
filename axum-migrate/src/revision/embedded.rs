//! The migrations folder inside the program.

use std::fmt;
use std::path::{Path, PathBuf};

use axum_db::Dialect;
use include_dir::Dir;

use super::Revision;
use super::directory::Scripts;
use crate::{Error, ErrorKind};

/// A migrations folder that [`embed!`](crate::embed) put into the program.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let database = database::<Main>(&folder).await;
/// static MIGRATIONS: Embedded = axum_migrate::embed!("$CARGO_MANIFEST_DIR/tests/migrations");
///
/// let migrate = Migrate::new(&database, Metadata::default()).embedded(MIGRATIONS);
/// assert_eq!(migrate.upgrade_on_start().await?.applied, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Embedded {
    package: &'static str,
    path: &'static str,
    files: &'static Dir<'static>,
}

impl Embedded {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        package: &'static str,
        path: &'static str,
        files: &'static Dir<'static>,
    ) -> Self {
        Self {
            package,
            path,
            files,
        }
    }

    /// The folder it was made from, where that is still there: on the machine that built the program.
    pub(crate) fn source(&self) -> Option<PathBuf> {
        let source = PathBuf::from(self.path.replace("$CARGO_MANIFEST_DIR", self.package));
        source.is_dir().then_some(source)
    }

    /// Whether Cargo runs the program, straight from the package that it was made from.
    pub(crate) fn is_run_by_cargo(&self) -> bool {
        std::env::var_os("CARGO_MANIFEST_DIR").is_some_and(|package| package == self.package)
    }

    /// Every revision for one engine, in no particular order.
    pub(crate) fn read(&self, dialect: Dialect) -> Result<Vec<Revision>, Error> {
        let engines = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql];
        let per_engine = engines
            .iter()
            .any(|engine| self.files.get_dir(engine.name()).is_some());
        let root = if per_engine {
            self.files.get_dir(dialect.name()).ok_or_else(|| {
                Error::new(
                    ErrorKind::Directory,
                    format!(
                        "the program contains no migrations for {dialect}; run `init` and `migrate` on a \
                         {dialect} database, and build it again"
                    ),
                )
            })?
        } else {
            self.files
        };
        root.dirs()
            .filter(|folder| !file_name(folder.path()).starts_with('.'))
            .map(|folder| read_scripts(folder)?.into_revision())
            .collect()
    }
}

fn read_scripts(folder: &Dir<'static>) -> Result<Scripts, Error> {
    let name = file_name(folder.path());
    let text_of = |file: &str| {
        match folder.get_file(folder.path().join(file)) {
        None => Ok(None),
        Some(found) => found.contents_utf8().map(|text| Some(text.to_owned())).ok_or_else(|| {
            Error::new(
                ErrorKind::Directory,
                format!("{name}/{file} inside the program is not UTF-8; save it as UTF-8 and build again"),
            )
        }),
    }
    };
    let up = text_of("up.sql")?.ok_or_else(|| {
        Error::new(
            ErrorKind::Directory,
            format!("{name} inside the program has no up.sql; restore the file and build again"),
        )
    })?;
    Ok(Scripts {
        up,
        down: text_of("down.sql")?,
        metadata: text_of("metadata.toml")?,
        folder: None,
        name,
    })
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Puts a migrations folder into the program: `embed!()` takes `migrations` beside `Cargo.toml`.
///
/// Give the result to [`Migrate::embedded`](crate::Migrate::embedded). Another folder is named as
/// `embed!("$CARGO_MANIFEST_DIR/db/migrations")`. With one sub-folder per engine, all of them are embedded. Every
/// new revision rewrites the folder's `HEAD` file, which makes Cargo build the program again. The folder has to
/// be there when the program is built: run `init` before you write this, or make it by hand.
///
/// ```
/// use axum_migrate::Embedded;
///
/// static MIGRATIONS: Embedded = axum_migrate::embed!("$CARGO_MANIFEST_DIR/tests/migrations");
/// assert!(format!("{MIGRATIONS:?}").contains("tests/migrations"));
/// ```
#[macro_export]
macro_rules! embed {
    () => {
        $crate::embed!("$CARGO_MANIFEST_DIR/migrations")
    };
    ($path:tt) => {{
        use $crate::__private::include_dir;
        static FILES: include_dir::Dir<'static> = include_dir::include_dir!($path);
        $crate::Embedded::new(env!("CARGO_MANIFEST_DIR"), $path, &FILES)
    }};
}
