//! The line to the server fails after any byte: whoever waits hears of it in time and is told the truth, the next
//! request finds no lock and the pool whole, and nothing is left on either side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum_db::{Backend, Config, Database, Dialect, Error, ErrorKind, TransactionMode, prelude::*};
use diesel_async::RunQueryDsl as _;
use tokio::time::timeout;
use tower::ServiceExt;

use super::proxy::{Fault, Proxy, Way, What};
use super::support::{self, Db, count, execute, notes, number, soon};
use super::{Engine, fresh};

/// How long the sessions have whose line goes silent.
const LIMIT: Duration = Duration::from_millis(500);
/// By when they have heard of it, on a busy machine.
const IN_TIME: Duration = Duration::from_secs(4);

/// What a request does, between a read and its end. All of them change a row of their own, so that a lock that is left
/// behind is in the way of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Commit,
    CommitByTheLayer,
    Rollback,
    Savepoints,
    InHand,
}

const WORK: [Work; 5] = [
    Work::Commit,
    Work::CommitByTheLayer,
    Work::Rollback,
    Work::Savepoints,
    Work::InHand,
];

const WAYS: [Way; 2] = [Way::ToServer, Way::ToClient];
const WHAT: [What; 4] = [What::Stall, What::Dead, What::Close, What::Reset];

async fn insert(db: &Db, id: i32) -> Result<usize, Error> {
    let row = (notes::id.eq(id), notes::n.eq(0));
    diesel::insert_into(notes::table).values(row).run(db).await
}

async fn add_one(db: &Db, id: i32) -> Result<usize, Error> {
    let row = diesel::update(notes::table.find(id));
    row.set(notes::n.eq(notes::n + 1)).run(db).await
}

/// Changes the row `own` and writes the row `id`.
async fn work(work: Work, db: Db, own: i32, id: i32) -> Result<(), Error> {
    let before: Vec<i64> = notes::table.find(own).select(notes::n).all(&db).await?;
    assert_eq!(before.len(), 1);
    if work == Work::InHand {
        let mut conn = db.conn().await?;
        let row = diesel::update(notes::table.find(own)).set(notes::n.eq(notes::n + 1));
        row.execute(&mut *conn).await?;
        let row = (notes::id.eq(id), notes::n.eq(0));
        diesel::insert_into(notes::table)
            .values(row)
            .execute(&mut *conn)
            .await?;
    } else {
        add_one(&db, own).await?;
        insert(&db, id).await?;
    }
    match work {
        Work::CommitByTheLayer => Ok(()),
        Work::Rollback => db.rollback().await,
        Work::Savepoints => {
            db.savepoint(async |db| add_one(&db, own).await).await?;
            let taken = db.savepoint(async |db| {
                add_one(&db, own).await?;
                insert(&db, id).await
            });
            match taken.await {
                Err(error) if error.is(ErrorKind::UniqueViolation) => {}
                Err(error) => return Err(error),
                Ok(_) => panic!("the row is there already"),
            }
            db.commit().await
        }
        Work::Commit | Work::InHand => db.commit().await,
    }
}

/// How much the row of its own grows with `work`.
fn growth(work: Work) -> i64 {
    if work == Work::Savepoints { 2 } else { 1 }
}

/// Whether nothing can end it: what waits in hand for a silent server, which MySQL's driver lets nobody cut short.
fn waits_for_ever(doing: Work, fault: Fault) -> bool {
    let silent = matches!(fault.what, What::Stall | What::Dead);
    Engine::DIALECT == Dialect::Mysql && doing == Work::InHand && silent
}

/// Does `doing` as a request.
async fn request(
    database: &Database<Engine>,
    doing: Work,
    limit: Option<Duration>,
    (own, id): (i32, i32),
) -> (Option<Error>, bool) {
    let told = Arc::new(AtomicBool::new(false));
    let hook = told.clone();
    let handler = async move |db: Db| {
        db.after_commit(move || hook.store(true, Ordering::SeqCst));
        work(doing, db, own, id).await
    };
    let mut layer = database.layer();
    if doing == Work::CommitByTheLayer {
        layer = layer.mode(TransactionMode::OnSuccess);
    }
    if let Some(limit) = limit {
        layer = layer.with_deadline(limit);
    }
    let app = Router::new().route("/", get(handler)).layer(layer);
    let response = app.oneshot(Request::new(Body::empty())).await;
    let response = response.expect("a response");
    let error = response.extensions().get::<Error>().cloned();
    assert_eq!(error.is_none(), response.status() == StatusCode::OK);
    (error, AtomicBool::load(&told, Ordering::SeqCst))
}

/// A database through a proxy, over which `doing` was done before, so that all is prepared.
async fn warm(
    url: &str,
    direct: &Database<Engine>,
    doing: Work,
    own: i32,
) -> (Proxy, Database<Engine>) {
    let db = direct.session();
    insert(&db, own).await.expect("a row");
    db.commit().await.expect("a commit");
    let proxy = Proxy::before(url, Engine::DIALECT).await;
    let mut config = Config::new(proxy.url());
    config.max_connections = 1;
    let database = Database::with_config(config).expect("a database");
    let (error, _) = request(&database, doing, None, (own, own + 1)).await;
    assert!(error.is_none(), "{doing:?}: {error:?}");
    // What is restored in the background is done.
    assert_eq!(count_of(&database, own).await, 1);
    proxy.carried();
    (proxy, database)
}

async fn count_of(database: &Database<Engine>, id: i32) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM notes WHERE id = {id}");
    number(&database.session(), sql).await.expect("a count")
}

/// The line fails while `doing` is done; the rows from `own` on are its own.
async fn fails(url: String, direct: Database<Engine>, doing: Work, fault: Fault, own: i32) {
    let place = format!("{doing:?}, {fault:?}");
    let (proxy, database) = warm(&url, &direct, doing, own).await;
    let value = format!("SELECT n FROM notes WHERE id = {own}");
    let before = number(&direct.session(), value.clone())
        .await
        .expect("a value");
    let silent = matches!(fault.what, What::Stall | What::Dead);
    proxy.fault(fault);
    let begun = Instant::now();
    let asking = request(&database, doing, silent.then_some(LIMIT), (own, own + 2));
    let (error, told) = timeout(Duration::from_secs(60), asking)
        .await
        .expect(&place);
    let took = begun.elapsed();
    // A statement in hand is cancelled first, for two seconds.
    let extra = Duration::from_secs(if doing == Work::InHand { 3 } else { 0 });
    assert!(took < IN_TIME + extra, "{place}: {took:?} {error:?}");
    proxy.spare();
    proxy.release();

    // The next request does its work, over whatever connection.
    let next = async {
        let db = database.session();
        add_one(&db, own).await?;
        db.commit().await
    };
    let next = timeout(Duration::from_secs(60), next).await.expect(&place);
    next.unwrap_or_else(|error| panic!("{place}: {error:?} {:?}", error.database_error()));

    // It waited for the lock of the one before, which has ended therefore, one way or the other.
    let written = count_of(&direct, own + 2).await;
    let after = number(&direct.session(), value).await.expect("a value");
    assert_eq!(after, before + 1 + written * growth(doing), "{place}");
    let commits = doing != Work::Rollback;
    match error.as_ref().map(Error::kind) {
        None => assert_eq!((written, told), (commits.into(), commits), "{place}"),
        Some(ErrorKind::UnknownOutcome) => assert!(commits && !told, "{place}"),
        Some(kind) => {
            assert_eq!((written, told), (0, false), "{place}: {kind:?}");
            let expected: &[ErrorKind] = match (silent, doing) {
                (true, Work::InHand) => &[
                    ErrorKind::Deadline,
                    ErrorKind::Connection,
                    ErrorKind::Cancelled,
                ],
                (true, _) => &[ErrorKind::Deadline],
                (false, _) => &[ErrorKind::Connection, ErrorKind::Aborted],
            };
            let cause = error.as_ref().and_then(Error::database_error);
            assert!(expected.contains(&kind), "{place}: {error:?} {cause:?}");
        }
    }
    let closing = timeout(Duration::from_secs(20), database.close()).await;
    assert!(closing.is_ok(), "{place}: a connection was not given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_fails_after_any_byte_costs_its_own_request_only() {
    let cases: usize = std::env::var("AXUM_DB_CANCELS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(32);
    let server = fresh();
    let direct = support::database(server.url(), 4).await;
    let mut all = Vec::new();
    for (at, doing) in WORK.into_iter().enumerate() {
        let own = i32::try_from(at).expect("a number") * 10;
        let (proxy, database) = warm(server.url(), &direct, doing, own).await;
        let (error, told) = request(&database, doing, None, (own, own + 2)).await;
        assert!(
            error.is_none() && told == (doing != Work::Rollback),
            "{doing:?}"
        );
        let carried = proxy.carried();
        for what in WHAT {
            for way in WAYS {
                let faults = (0..carried[way as usize]).map(|after| Fault { way, after, what });
                let faults = faults.filter(|fault| !waits_for_ever(doing, *fault));
                all.extend(faults.map(|fault| (doing, fault)));
            }
        }
        database.close().await;
    }
    // Those that look on have all their connections from now on.
    let sessions: Vec<Db> = (0..4).map(|_| direct.session()).collect();
    for db in &sessions {
        count(db).await;
    }
    drop(sessions);
    let tasks = tokio::runtime::Handle::current().metrics();
    let alive = tasks.num_alive_tasks();
    let step = (all.len() / cases).max(1);
    let mut running = tokio::task::JoinSet::new();
    for (at, (doing, fault)) in all.into_iter().step_by(step).enumerate() {
        let own = 100 + i32::try_from(at).expect("a number") * 10;
        running.spawn(fails(
            server.url().to_owned(),
            direct.clone(),
            doing,
            fault,
            own,
        ));
        if running.len() >= 16 {
            running
                .join_next()
                .await
                .expect("a task")
                .expect("all is well");
        }
    }
    while let Some(done) = running.join_next().await {
        done.expect("all is well");
    }
    // Nothing is left, here or on the server.
    let until = Instant::now() + Duration::from_secs(12);
    while tasks.num_alive_tasks() > alive {
        let more = tasks.num_alive_tasks().saturating_sub(alive);
        assert!(Instant::now() < until, "{more} tasks are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let others = match Engine::DIALECT {
        Dialect::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        }
        _ => {
            "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        }
    };
    soon(async || {
        number(&direct.session(), others)
            .await
            .is_ok_and(|others| others < 4)
    })
    .await;
}

#[tokio::test]
async fn idle_connections_that_a_firewall_has_forgotten_cost_one_wait_together() {
    let server = fresh();
    support::database(server.url(), 1).await.close().await;
    let proxy = Proxy::before(server.url(), Engine::DIALECT).await;
    let mut config = Config::new(proxy.url());
    config.max_connections = 4;
    config.ping_after_idle = Duration::ZERO;
    config.connect_timeout = Duration::from_secs(1);
    let database = Database::<Engine>::with_config(config).expect("a database");
    let sessions: Vec<Db> = (0..4).map(|_| database.session()).collect();
    for db in &sessions {
        assert_eq!(count(db).await, 0);
    }
    drop(sessions);
    proxy.forget();
    let begun = Instant::now();
    let answer = timeout(Duration::from_secs(60), count(&database.session())).await;
    assert_eq!(answer.expect("an answer"), 0);
    assert!(
        begun.elapsed() < Duration::from_millis(2500),
        "{:?}",
        begun.elapsed()
    );
    let sessions: Vec<Db> = (0..4).map(|_| database.session()).collect();
    for db in &sessions {
        assert_eq!(count(db).await, 0);
    }
}

#[tokio::test]
async fn a_health_check_of_a_silent_server_ends() {
    let server = fresh();
    let proxy = Proxy::before(server.url(), Engine::DIALECT).await;
    let mut config = Config::new(proxy.url());
    config.max_connections = 1;
    config.connect_timeout = Duration::from_millis(500);
    let database = Database::<Engine>::with_config(config).expect("a database");
    database.check().await.expect("an answer");
    proxy.fault(Fault {
        way: Way::ToClient,
        after: 0,
        what: What::Dead,
    });
    for _ in 0..2 {
        let checked = timeout(Duration::from_secs(30), database.check()).await;
        let error = checked.expect("it ends").expect_err("nobody answers");
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert!(
            error.to_string().contains("no answer within 500ms"),
            "{error}"
        );
    }
    proxy.release();
    database.check().await.expect("an answer");
    execute(&database.session(), "SELECT 1")
        .await
        .expect("an answer");
}
