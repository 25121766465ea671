//! Alembic, with SQLAlchemy's models of the same tables.

use std::process::Command;

use crate::peer::{Peer, Place, is_there, write};
use crate::{schema, upgrade};

fn absent() -> Option<String> {
    let advice = "no `alembic` on the PATH: pip install alembic psycopg2-binary pymysql";
    (!is_there("alembic")).then(|| advice.into())
}

/// Alembic's folder, with models of that many tables.
fn write_project(place: &Place, tables: usize) {
    let url = match place.engine {
        "sqlite" => format!("sqlite:///{}", place.peers_url()),
        "postgres" => place
            .database
            .url()
            .replacen("postgres", "postgresql+psycopg2", 1),
        _ => place.database.url().replacen("mysql", "mysql+pymysql", 1),
    };
    write(
        &place.folder.join("alembic.ini"),
        &format!("[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {url}\n"),
    );
    write(
        &place.folder.join("alembic/script.py.mako"),
        "from alembic import op\nimport sqlalchemy as sa\n\
         revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n\
         branch_labels = None\ndepends_on = None\n\n\
         def upgrade():\n    ${upgrades if upgrades else 'pass'}\n\n\
         def downgrade():\n    ${downgrades if downgrades else 'pass'}\n",
    );
    std::fs::create_dir_all(place.folder.join("alembic/versions")).expect("a folder");
    let new = schema::NEW;
    write(
        &place.folder.join("alembic/env.py"),
        &format!(
            r#"import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
for at in range({tables}):
    name = f"table_{{at:04}}"
    columns = [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("before_id", sa.Integer, nullable=True),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=True),
        sa.Column("rank", sa.SmallInteger, nullable=False),
        sa.Column("views", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=True),
        sa.Column("kind", sa.Integer, nullable=True),
        sa.Index(f"{{name}}_before_id_idx", "before_id"),
    ]
    if at > 0:
        columns.append(sa.ForeignKeyConstraint(
            ["before_id"], [f"table_{{at - 1:04}}.id"], name=f"{{name}}_before_id_fkey"))
    else:
        columns.append(sa.Column("{new}", sa.Text, nullable=True))
    sa.Table(name, metadata, *columns)

url = context.config.get_main_option("sqlalchemy.url")
with sa.create_engine(url).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"#
        ),
    );
}

fn alembic(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new("alembic");
    command.args(words).current_dir(&place.folder);
    command
}

/// `revision --autogenerate`.
pub(crate) struct AlembicGenerates(pub(crate) usize);

impl Peer for AlembicGenerates {
    fn name(&self) -> &'static str {
        "alembic revision --autogenerate"
    }

    fn absent(&self, _engine: &str) -> Option<String> {
        absent()
    }

    fn prepare(&self, place: &Place) -> Command {
        crate::autogenerate::fill(place, self.0);
        write_project(place, self.0);
        alembic(place, &["revision", "--autogenerate", "-m", "change"])
    }

    fn check(&self, place: &Place) {
        crate::autogenerate::assert_written(&place.folder.join("alembic/versions"));
    }
}

/// `upgrade head`.
pub(crate) struct AlembicUpgrades;

impl Peer for AlembicUpgrades {
    fn name(&self) -> &'static str {
        "alembic upgrade head"
    }

    fn absent(&self, _engine: &str) -> Option<String> {
        absent()
    }

    fn prepare(&self, place: &Place) -> Command {
        write_project(place, 0);
        for revision in 0..upgrade::REVISIONS {
            let before = match revision {
                0 => "None".to_owned(),
                _ => format!("'{:04}'", revision - 1),
            };
            let up = upgrade::up(revision);
            let text = format!(
                "from alembic import op\nrevision = '{revision:04}'\ndown_revision = {before}\n\
                 branch_labels = None\ndepends_on = None\n\n\
                 def upgrade():\n    op.execute(\"{}\")\n\n\
                 def downgrade():\n    op.execute(\"DROP TABLE step_{revision:03}\")\n",
                up.trim_end()
            );
            let file = format!("alembic/versions/{revision:04}_step.py");
            write(&place.folder.join(file), &text);
        }
        alembic(place, &["upgrade", "head"])
    }

    fn check(&self, place: &Place) {
        upgrade::assert_done(place);
    }
}
