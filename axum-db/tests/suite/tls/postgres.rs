//! libpq's `sslmode`, and what goes with it.

use std::time::Duration;

use axum_db::{Config, Database, Error, Postgres};
use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use testkit::{Kind, PrivateServer};

use super::{Authority, Expected, compare, self_signed, write};

type Db = axum_db::Db<Postgres>;

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn number(database: &Database<Postgres>, sql: &str) -> Result<i64, Error> {
    let db = database.session();
    let query = diesel::sql_query(sql);
    let row = db
        .run(axum_db::Access::Read, |conn| {
            Box::pin(query.get_result::<Number>(conn))
        })
        .await?;
    Ok(row.n)
}

/// Whether a connection is encrypted.
async fn encrypted(url: &str) -> Result<bool, String> {
    let question = "SELECT ssl::int::bigint AS n FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let database = Db::connect(url).await.map_err(|error| error.to_string())?;
    let answer = number(&database, question).await;
    answer.map(|n| n == 1).map_err(|error| error.to_string())
}

const WAYS_IN: &str = "\
local all all trust
host all postgres 127.0.0.1/32 trust
hostssl all tls_only 127.0.0.1/32 trust
hostnossl all plain_only 127.0.0.1/32 trust
hostssl all by_password 127.0.0.1/32 scram-sha-256
hostssl all by_certificate 127.0.0.1/32 cert
";

const ROLES: &str = "\
CREATE ROLE tls_only LOGIN; CREATE ROLE plain_only LOGIN; CREATE ROLE by_certificate LOGIN; \
SET password_encryption = 'scram-sha-256'; CREATE ROLE by_password LOGIN PASSWORD 'hunter2'";

const ALWAYS: [&str; 4] = [
    // What was committed outlives the crashes.
    "synchronous_commit=on",
    "hba_file={folder}/pg_hba.conf",
    "unix_socket_directories={folder}",
    "ssl_ca_file={folder}/ca.pem",
];

fn restart(server: &mut PrivateServer, certificate: &str) {
    server.crash().expect("a stop");
    let certificate_file = format!("ssl_cert_file={{folder}}/{certificate}.pem");
    let key_file = format!("ssl_key_file={{folder}}/{certificate}.key");
    let settings = ["ssl=on", &*certificate_file, &*key_file];
    server
        .start_again(&[&ALWAYS[..], &settings[..]].concat())
        .expect("a start");
}

#[tokio::test]
async fn every_sslmode_is_as_libpq_has_it() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let for_localhost = ours.sign("localhost");
    let user = ours.sign("by_certificate");
    let stranger = other.sign("by_certificate");
    let lasting = self_signed("localhost", 2999);
    let expired = self_signed("localhost", 2021);

    let files = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &str| write(files.path(), name, content);
    let ca = file("ca.pem", &ours.certificate());
    let other = file("other.pem", &other.certificate());
    let lasting_file = file("lasting.pem", &lasting.certificate);
    let expired_file = file("expired.pem", &expired.certificate);
    let by_certificate = format!(
        "sslmode=verify-full&sslrootcert={ca}&sslcert={}&sslkey={}",
        file("user.pem", &user.certificate),
        file("user.key", &user.key)
    );
    let by_wrong_certificate = format!(
        "sslmode=verify-full&sslrootcert={ca}&sslcert={}&sslkey={}",
        file("stranger.pem", &stranger.certificate),
        file("stranger.key", &stranger.key)
    );

    let mut server = testkit::private_server(
        Kind::Postgres,
        &[
            ("pg_hba.conf", WAYS_IN.to_owned()),
            ("ca.pem", ours.certificate()),
            ("signed.pem", for_localhost.certificate),
            ("signed.key", for_localhost.key),
            ("lasting.pem", lasting.certificate),
            ("lasting.key", lasting.key),
            ("expired.pem", expired.certificate),
            ("expired.key", expired.key),
        ],
        &[&ALWAYS[..], &["ssl=off"]].concat(),
    );
    let port = server.port();
    let check = async |who_and_where: &str, parameters: &str, expected: Expected| {
        let url = format!("postgres://{who_and_where}:{port}/postgres?{parameters}");
        compare(&url, encrypted(&url).await, expected);
    };
    let administrator = Db::connect(server.url()).await.expect("a database");
    let mut connection = administrator.connect_dedicated().await.expect("it is us");
    connection.batch_execute(ROLES).await.expect("roles");
    drop(connection);

    // A server without TLS.
    let refused =
        Err("server does not support TLS; where the way to it can be trusted, add sslmode=disable");
    for (parameters, expected) in [
        ("", Ok(false)),
        ("sslmode=disable", Ok(false)),
        ("sslmode=allow", Ok(false)),
        ("sslmode=prefer", Ok(false)),
        ("sslmode=require", refused),
        (&*format!("sslmode=verify-ca&sslrootcert={ca}"), refused),
        (&*format!("sslrootcert={ca}"), refused),
    ] {
        check("postgres@localhost", parameters, expected).await;
    }

    // A server whose certificate an authority signed for `localhost`.
    restart(&mut server, "signed");
    let unknown = Err("invalid peer certificate: UnknownIssuer; where an authority of your own");
    let for_another = Err("not valid for name");
    for (host, parameters, expected) in [
        ("localhost", "", Ok(false)),
        ("localhost", "sslmode=disable", Ok(false)),
        ("localhost", "sslmode=allow", Ok(false)),
        ("localhost", "sslmode=prefer", Ok(true)),
        ("localhost", "sslmode=require", Ok(true)),
        ("127.0.0.1", "sslmode=require", Ok(true)),
        ("localhost", "sslmode=verify-full", unknown),
        ("localhost", "sslrootcert=system", unknown),
    ] {
        check(&format!("postgres@{host}"), parameters, expected).await;
    }
    for (host, mode, root, expected) in [
        // As libpq has it, `require` with an authority checks for it.
        ("localhost", "sslmode=require&", &ca, Ok(true)),
        ("localhost", "sslmode=require&", &other, unknown),
        ("localhost", "sslmode=verify-ca&", &ca, Ok(true)),
        ("127.0.0.1", "sslmode=verify-ca&", &ca, Ok(true)),
        ("localhost", "sslmode=verify-ca&", &other, unknown),
        ("localhost", "sslmode=verify-full&", &ca, Ok(true)),
        ("127.0.0.1", "sslmode=verify-full&", &ca, for_another),
        ("localhost", "sslmode=verify-full&", &other, unknown),
        // An authority is named for a reason.
        ("localhost", "", &ca, Ok(true)),
        ("127.0.0.1", "", &ca, for_another),
        ("localhost", "", &other, unknown),
    ] {
        let parameters = format!("{mode}sslrootcert={root}");
        check(&format!("postgres@{host}"), &parameters, expected).await;
    }
    // A host of another name, at a known address.
    let elsewhere = format!("hostaddr=127.0.0.1&sslrootcert={ca}");
    check("postgres@db.example", &elsewhere, for_another).await;

    // What the server lets in decides where the mode leaves it open.
    let no_way = Err("no pg_hba.conf entry");
    for (who, mode, expected) in [
        ("tls_only", "disable", no_way),
        ("tls_only", "allow", Ok(true)),
        ("tls_only", "prefer", Ok(true)),
        ("plain_only", "allow", Ok(false)),
        ("plain_only", "prefer", Ok(false)),
        ("plain_only", "require", no_way),
    ] {
        check(
            &format!("{who}@localhost"),
            &format!("sslmode={mode}"),
            expected,
        )
        .await;
    }

    // Who the client is: by a password that is bound to the server's certificate, or by its own.
    let bound = format!("sslmode=verify-full&sslrootcert={ca}&channel_binding=require");
    check("by_password:hunter2@localhost", &bound, Ok(true)).await;
    let wrong = Err("password authentication failed");
    check("by_password:hunter3@localhost", &bound, wrong).await;
    check("by_certificate@localhost", &by_certificate, Ok(true)).await;
    let no_certificate = Err("client certificate");
    check(
        "by_certificate@localhost",
        &format!("sslrootcert={ca}"),
        no_certificate,
    )
    .await;
    check("by_certificate@localhost", &by_wrong_certificate, Err("")).await;

    // A socket is plain, whatever is asked for.
    let folder = server.folder().display().to_string().replace('/', "%2F");
    check(
        &format!("postgres@{folder}"),
        "sslmode=verify-full",
        Ok(false),
    )
    .await;

    cancels_travel_inside(&format!(
        "postgres://tls_only@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={ca}"
    ))
    .await;

    // A server whose certificate signed itself, and which is named.
    restart(&mut server, "lasting");
    let named = format!("sslrootcert={lasting_file}");
    check("postgres@localhost", &named, Ok(true)).await;
    check("postgres@127.0.0.1", &named, for_another).await;
    check(
        "postgres@localhost",
        &format!("sslrootcert={ca}"),
        Err("invalid peer certificate"),
    )
    .await;
    restart(&mut server, "expired");
    let named = format!("sslrootcert={expired_file}");
    check("postgres@localhost", &named, Err("certificate expired")).await;
}

/// The server lets nobody in, not even to cancel, without TLS; and the connection stays.
async fn cancels_travel_inside(url: &str) {
    const OWN_PROCESS: &str = "SELECT pg_backend_pid()::bigint AS n";
    let mut config = Config::new(url);
    config.max_connections = 1;
    let database = Db::connect(config).await.expect("a database");
    let process = number(&database, OWN_PROCESS).await.expect("its process");
    let sleeping = number(&database, "SELECT 1::bigint AS n FROM pg_sleep(25)");
    let cut_off = tokio::time::timeout(Duration::from_millis(300), sleeping).await;
    assert!(cut_off.is_err(), "it sleeps");
    let next = tokio::time::timeout(Duration::from_secs(15), number(&database, OWN_PROCESS)).await;
    assert_eq!(next.expect("it was cancelled").expect("an answer"), process);
}
