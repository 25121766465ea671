//! Random steps of a session, beside a model of what they should do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum_db::{Database, Error, ErrorKind};

use super::support::{CutOff, Db, count, database, execute};
use super::{Engine, fresh};

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    None,
    Open,
    Failed,
}

/// What the rows, the transaction and the hooks should be.
struct Model {
    committed: BTreeSet<u64>,
    seen: BTreeSet<u64>,
    state: State,
    waiting: usize,
    ran: usize,
}

impl Model {
    /// A write of `rows`: what it gives.
    fn write(&mut self, rows: &[u64]) -> Option<ErrorKind> {
        if self.state == State::Failed {
            return Some(ErrorKind::Aborted);
        }
        self.state = State::Open;
        for row in rows {
            if !self.seen.insert(*row) {
                self.lose(State::Failed);
                return Some(ErrorKind::UniqueViolation);
            }
        }
        None
    }

    fn lose(&mut self, state: State) {
        self.state = state;
        self.seen = self.committed.clone();
        self.waiting = 0;
    }

    fn commit(&mut self) -> Option<ErrorKind> {
        if self.state == State::Failed {
            self.lose(State::None);
            return Some(ErrorKind::Aborted);
        }
        self.state = State::None;
        self.committed = self.seen.clone();
        self.ran += std::mem::take(&mut self.waiting);
        None
    }
}

async fn insert(db: &Db, rows: &[u64]) -> Result<(), Error> {
    for row in rows {
        execute(db, format!("INSERT INTO notes VALUES ({row}, 0)")).await?;
    }
    Ok(())
}

fn kind<R>(outcome: Result<R, Error>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

async fn run(database: &Database<Engine>, seed: u64, committed: &mut BTreeSet<u64>) {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (seed + 1));
    let mut db = database.session();
    let hooks = Arc::new(AtomicUsize::new(0));
    let mut model = Model {
        seen: committed.clone(),
        committed: committed.clone(),
        state: State::None,
        waiting: 0,
        ran: 0,
    };
    let mut next = seed * 1000;
    for step in 0..60 {
        let place = format!("seed {seed}, step {step}, {:?}", model.state);
        next += 1;
        // Now and then a row that is there already.
        let old = model.seen.first().copied();
        let row = if dice.roll(4) == 0 {
            old.unwrap_or(next)
        } else {
            next
        };
        match dice.roll(12) {
            0..=2 => assert_eq!(
                kind(insert(&db, &[row]).await),
                model.write(&[row]),
                "{place}"
            ),
            3 => {
                // What a savepoint lost, the transaction keeps going without.
                let rows = [next, row, next + 500];
                let got = db.savepoint(async |db| insert(&db, &rows).await).await;
                let (seen, state, waiting) = (model.seen.clone(), model.state, model.waiting);
                let expected = model.write(&rows);
                if state != State::Failed && expected.is_some() {
                    (model.seen, model.state, model.waiting) = (seen, State::Open, waiting);
                }
                assert_eq!(kind(got), expected, "{place}");
            }
            4 => {
                // A failure that the closure keeps to itself.
                let got = db
                    .savepoint(async |db| {
                        let hooks = hooks.clone();
                        db.after_commit(move || {
                            hooks.fetch_add(1000, Ordering::Relaxed);
                        });
                        insert(&db, &[next]).await?;
                        let _ = insert(&db, &[next]).await;
                        Ok::<_, Error>(())
                    })
                    .await;
                assert_eq!(kind(got), Some(ErrorKind::Aborted), "{place}");
                if model.state != State::Failed {
                    model.state = State::Open;
                }
            }
            5 => {
                let found = count(&db).await;
                assert_eq!(usize::try_from(found), Ok(model.seen.len()), "{place}");
            }
            6 => {
                assert_eq!(kind(db.commit().await), model.commit(), "{place}");
                let found = count(&database.session()).await;
                assert_eq!(usize::try_from(found), Ok(model.committed.len()), "{place}");
            }
            7 => {
                db.rollback().await.expect("a rollback");
                model.lose(State::None);
            }
            8 => assert_eq!(kind(db.begin().await), model.write(&[]), "{place}"),
            9 => {
                // Cut off anywhere: at BEGIN, within the statement, or not at all.
                let polls = usize::try_from(dice.roll(4)).expect("a count");
                let outcome = CutOff::after(polls, insert(&db, &[next])).await;
                match outcome {
                    Some(outcome) => assert_eq!(kind(outcome), model.write(&[next]), "{place}"),
                    None => {
                        db.rollback().await.expect("a rollback");
                        model.lose(State::None);
                    }
                }
            }
            10 => {
                let hooks = hooks.clone();
                db.after_commit(move || {
                    hooks.fetch_add(1, Ordering::Relaxed);
                });
                model.waiting += 1;
            }
            _ => {
                db = database.session();
                model.lose(State::None);
            }
        }
        assert_eq!(hooks.load(Ordering::Relaxed), model.ran, "{place}");
    }
    drop(db);
    *committed = model.committed;
}

#[tokio::test]
async fn random_steps_do_what_the_model_says() {
    let seeds: u64 = std::env::var("AXUM_DB_CANCELS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(3_000);
    let server = fresh();
    let database = database(server.url(), 2).await;
    let mut committed = BTreeSet::new();
    for seed in 0..seeds / 50 {
        run(&database, seed, &mut committed).await;
    }
}
