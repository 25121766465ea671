//! `ssl-mode`, as MySQL's own programs have it.

use axum_db::Mysql;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use testkit::Kind;

use super::{Authority, Expected, compare, write};

type Db = axum_db::Db<Mysql>;

#[derive(diesel::QueryableByName)]
struct Status {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Whether a connection is encrypted.
async fn encrypted(url: &str) -> Result<bool, String> {
    let database = Db::connect(url).await.map_err(|error| error.to_string())?;
    let db = database.session();
    let query = diesel::sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    let rows: Result<Vec<Status>, _> = db
        .run(axum_db::Access::Read, |conn| {
            Box::pin(query.get_results(conn))
        })
        .await;
    let rows = rows.map_err(|error| error.to_string())?;
    Ok(rows.iter().any(|row| !row.value.is_empty()))
}

#[tokio::test]
async fn every_ssl_mode_does_what_it_says() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let for_localhost = ours.sign("localhost");
    let files = tempfile::tempdir().expect("a folder");
    let ca = write(files.path(), "ca.pem", &ours.certificate());
    let other = write(files.path(), "other.pem", &other.certificate());
    let mut server = testkit::private_server(
        Kind::Mysql,
        &[
            ("ca.pem", ours.certificate()),
            ("signed.pem", for_localhost.certificate),
            ("signed.key", for_localhost.key),
        ],
        &["skip-ssl"],
    );
    let port = server.port();
    let check = async |host: &str, parameters: &str, expected: Expected| {
        let url = format!("mysql://root@{host}:{port}/mysql?{parameters}");
        compare(&url, encrypted(&url).await, expected);
    };

    // A server without TLS.
    let refused = Err("where the way to it can be trusted, add ssl-mode=DISABLED");
    for (parameters, expected) in [
        ("", Ok(false)),
        ("ssl-mode=DISABLED", Ok(false)),
        ("ssl-mode=PREFERRED", Ok(false)),
        ("ssl-mode=REQUIRED", refused),
        (&*format!("ssl-ca={ca}"), refused),
    ] {
        check("localhost", parameters, expected).await;
    }

    // A server whose certificate an authority signed for `localhost`.
    server.crash().expect("a stop");
    server
        .start_again(&[
            "ssl-cert={folder}/signed.pem",
            "ssl-key={folder}/signed.key",
            "ssl-ca={folder}/ca.pem",
        ])
        .expect("a start");
    for (host, parameters, expected) in [
        ("localhost", "", Ok(false)),
        ("localhost", "ssl-mode=DISABLED", Ok(false)),
        ("localhost", "ssl-mode=preferred", Ok(true)),
        ("localhost", "sslMode=REQUIRED", Ok(true)),
        ("127.0.0.1", "ssl_mode=REQUIRED", Ok(true)),
        (
            "localhost",
            "ssl-mode=VERIFY_IDENTITY",
            Err("invalid peer certificate"),
        ),
    ] {
        check(host, parameters, expected).await;
    }
    for (host, authority, expected) in [
        ("localhost", &ca, Ok(true)),
        ("127.0.0.1", &ca, Err("not valid for name")),
        ("localhost", &other, Err("add ssl-ca=")),
    ] {
        check(
            host,
            &format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}"),
            expected,
        )
        .await;
        check(host, &format!("ssl-ca={authority}"), expected).await;
    }

    // A socket is plain, whatever is asked for.
    let socket = server.folder().join("socket");
    let parameters = format!("ssl-mode=VERIFY_IDENTITY&socket={}", socket.display());
    check("localhost", &parameters, Ok(false)).await;
}
