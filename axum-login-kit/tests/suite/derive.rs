//! `#[derive(AuthUser)]`: users whose fields say all of it.

use axum::Router;
use axum::routing::{get, post};
use axum_db::prelude::*;
use axum_db::types::Uuid;
use axum_db::{Database, Sqlite, metadata};
use axum_login_kit::{Auth, AuthUser, Bcrypt, CurrentUser, Error, LoginManager};

use crate::browser::Browser;
use crate::sqlite::app::{self, SECRET};

type Db = axum_db::Db<Sqlite>;

/// Everything by its name.
#[model]
#[derive(Debug, Clone, AuthUser)]
pub struct Reader {
    #[model(primary_key)]
    pub id: i64,
    #[model(length = 120)]
    pub email: String,
    pub password_hash: Option<String>,
    pub is_email_confirmed: bool,
    pub is_active: bool,
    pub session_epoch: i32,
}

/// Everything by another one.
#[model(table = "members")]
#[derive(Debug, Clone, AuthUser)]
#[auth(session_table = "member_sessions")]
pub struct Member {
    #[auth(id)]
    #[model(primary_key, default = Uuid::now_v7())]
    pub number: Uuid,
    #[model(length = 40)]
    #[auth(skip)]
    pub id: String,
    #[model(column = "pw")]
    #[auth(password_hash, column = "pw")]
    pub r#type: String,
    #[auth(email)]
    pub mail: Option<String>,
    pub email: Option<String>,
}

/// Nothing but an id, and generic.
#[derive(AuthUser)]
#[auth(no_password)]
struct Guest<I: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static> {
    id: I,
}

fn reader() -> Reader {
    Reader {
        id: 7,
        email: "ada@example.com".into(),
        password_hash: Some("$2b$04$…".into()),
        is_email_confirmed: true,
        is_active: false,
        session_epoch: 3,
    }
}

#[test]
fn fields_are_methods_by_their_names_or_as_they_say() {
    let reader = reader();
    assert_eq!(AuthUser::id(&reader), 7);
    assert_eq!(reader.password_hash(), Some("$2b$04$…"));
    assert_eq!(reader.email(), Some("ada@example.com"));
    assert!(reader.is_email_confirmed() && !reader.is_active());
    assert_eq!(reader.session_epoch(), 3);
    assert_eq!(Reader::SESSION_TABLE, "auth_sessions");
    assert_eq!(Reader::PASSWORD_COLUMN, "password_hash");

    let number = Uuid::now_v7();
    let member = Member {
        number,
        id: "not the key".into(),
        r#type: "hash".into(),
        mail: Some("ada@example.com".into()),
        email: None,
    };
    assert_eq!(AuthUser::id(&member), number);
    assert_eq!(member.password_hash(), Some("hash"));
    assert_eq!(AuthUser::email(&member), Some("ada@example.com"));
    assert!(!member.is_email_confirmed() && member.is_active());
    assert_eq!(member.session_epoch(), 0);
    assert_eq!(Member::SESSION_TABLE, "member_sessions");
    assert_eq!(Member::PASSWORD_COLUMN, "pw");

    let guest = Guest { id: "guest" };
    assert_eq!(guest.id(), "guest");
    assert_eq!(guest.password_hash(), None);
}

async fn log_in(db: Db, auth: Auth<Member>, password: String) -> Result<String, Error> {
    let member = Member::query().one_or_none(&db).await?;
    match auth.verify_password(member, &password).await? {
        Some(member) => {
            auth.login(&member).remember(true).await?;
            Ok("welcome".to_owned())
        }
        None => Ok("no".to_owned()),
    }
}

async fn who(member: Option<CurrentUser<Member>>) -> String {
    member.map_or_else(|| "nobody".to_owned(), |member| member.number.to_string())
}

#[tokio::test]
async fn a_derived_user_logs_in_and_the_hash_is_renewed_in_its_own_column() {
    let files = testkit::sqlite();
    let database: Database<Sqlite> = app::connect(files.url());
    let tables = metadata![Member].with(axum_login_kit::tables::<Member>());
    database.create_all(&tables).await.unwrap();
    let login = LoginManager::<Member>::new(&database, SECRET)
        .passwords(Bcrypt::with_cost(5).unwrap())
        .build()
        .unwrap();
    let db = database.session();
    let old = Bcrypt::with_cost(4)
        .unwrap()
        .hash("password")
        .await
        .unwrap();
    let member = NewMember::new("x", old).insert(&db).await.unwrap();
    db.commit().await.unwrap();
    drop(db);
    let router = Router::new()
        .route("/", get(who))
        .route("/login", post(log_in))
        .layer(login.layer())
        .layer(database.layer());
    let mut browser = Browser::new(&router);
    assert_eq!(browser.post("/login", "wrong").await.body, "no");
    assert_eq!(browser.post("/login", "password").await.body, "welcome");
    assert_eq!(browser.get("/").await.body, member.number.to_string());
    let db = database.session();
    let renewed = Member::query().one(&db).await.unwrap();
    assert!(renewed.r#type.starts_with("$2b$05$"));
}

#[tokio::test]
async fn of_many_who_choose_a_first_password_at_once_one_does() {
    async fn choose(auth: Auth<Reader>, token: String) -> Result<String, Error> {
        let reader = auth.reset_password(&token, "a first one").await?;
        Ok(reader.map_or_else(|| "gone".to_owned(), |reader| reader.email))
    }
    let files = testkit::sqlite();
    let database: Database<Sqlite> = app::connect(files.url());
    let tables = metadata![Reader].with(axum_login_kit::tables::<Reader>());
    database.create_all(&tables).await.unwrap();
    let login = LoginManager::<Reader>::new(&database, SECRET)
        .passwords(Bcrypt::with_cost(4).unwrap())
        .build()
        .unwrap();
    let db = database.session();
    let reader = NewReader::new("ada@example.com", false, true, 0)
        .insert(&db)
        .await
        .unwrap();
    db.commit().await.unwrap();
    drop(db);
    assert_eq!(reader.password_hash, None);
    let router = Router::new()
        .route("/", post(choose))
        .layer(login.layer())
        .layer(database.layer());
    let token = login.tokens().password_reset(&reader);
    let choosing = (0..4).map(|_| {
        let (mut browser, token) = (Browser::new(&router), token.clone());
        async move { browser.post("/", &token).await.body }
    });
    let answers = futures_util::future::join_all(choosing).await;
    let chosen = answers.iter().filter(|answer| *answer == &reader.email);
    assert_eq!(chosen.count(), 1, "{answers:?}");
}
