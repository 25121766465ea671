//! The work that is compared, as each contender does it.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use futures_util::future::{BoxFuture, FutureExt, join_all};

use super::data::{PAGES, POSTS};
use super::{PER_TASK, TASKS};

/// A contender: its way to a row, a page and a write.
pub(crate) trait Work: Clone + Send + Sync + 'static {
    const NAME: &'static str;

    /// A post with its author, as text.
    fn post(&self, id: i32) -> impl Future<Output = String> + Send;

    /// How many posts there are, and ten of them with their authors.
    fn home(&self, page: i64) -> impl Future<Output = String> + Send;

    /// One row written in a transaction.
    fn write(&self, id: i32) -> impl Future<Output = ()> + Send;

    /// The application of the contender.
    fn app(&self) -> Router {
        Router::new()
            .route("/plain", get(plain))
            .route("/post/{id}", get(show::<Self>))
            .route("/home", get(home::<Self>))
            .route("/write/{id}", post(write::<Self>))
            .with_state(self.clone())
    }
}

/// What is measured without a server.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Post,
    Home,
    Write,
}

/// [`Work`], whatever its type.
pub(crate) trait Any {
    fn name(&self) -> &'static str;
    fn round(&self, step: Step) -> BoxFuture<'_, ()>;
    fn app(&self) -> Router;
}

impl<W: Work> Any for W {
    fn name(&self) -> &'static str {
        W::NAME
    }

    /// Tasks side by side, each of which does its share.
    fn round(&self, step: Step) -> BoxFuture<'_, ()> {
        let tasks = (0..TASKS).map(|task| {
            let work = self.clone();
            tokio::spawn(async move {
                for turn in 0..PER_TASK {
                    let id = (task * PER_TASK + turn) * 7 % POSTS + 1;
                    match step {
                        Step::Post => assert!(!work.post(id).await.is_empty()),
                        Step::Home => {
                            assert!(!work.home(1 + i64::from(id) % PAGES).await.is_empty())
                        }
                        Step::Write => work.write(id).await,
                    }
                }
            })
        });
        join_all(tasks)
            .map(|ended| assert!(ended.iter().all(Result::is_ok)))
            .boxed()
    }

    fn app(&self) -> Router {
        Work::app(self)
    }
}

pub(crate) async fn plain() -> &'static str {
    "hello"
}

async fn show<W: Work>(State(work): State<W>, Path(id): Path<i32>) -> String {
    work.post(id).await
}

#[derive(serde::Deserialize)]
struct Wanted {
    page: i64,
}

async fn home<W: Work>(State(work): State<W>, Query(wanted): Query<Wanted>) -> String {
    work.home(1 + wanted.page % PAGES).await
}

async fn write<W: Work>(State(work): State<W>, Path(id): Path<i32>) {
    work.write(id).await;
}

/// A row as every contender writes it.
pub(crate) fn line((id, title, author): (i32, String, String)) -> String {
    format!("{id} {title} by {author}\n")
}

/// A page as every contender writes it.
pub(crate) fn page(total: i64, rows: Vec<(i32, String, String)>) -> String {
    let mut text = format!("{total}\n");
    text.extend(rows.into_iter().map(line));
    text
}
