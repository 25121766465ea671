//! Failures in the memory of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::http::Extensions;

use super::store::{Bound, Limits, Store};
use crate::error::Error;

/// How many accounts and addresses are remembered: whoever makes up more is not to fill the memory.
const MAX_ROWS: usize = 100_000;

#[derive(Debug, Clone, Default)]
pub(super) struct InMemory(Arc<Mutex<HashMap<String, Row>>>);

#[derive(Debug)]
struct Row {
    failures: i64,
    pause: i64,
    locked_until: i64,
    last_at: i64,
}

impl InMemory {
    fn rows(&self) -> MutexGuard<'_, HashMap<String, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    fn first(limits: Limits, now: i64) -> Self {
        let (locked_until, pause) = limits.first(now);
        Row {
            failures: 1,
            pause,
            locked_until,
            last_at: now,
        }
    }

    fn count(&mut self, limits: Limits, now: i64) -> Option<i64> {
        if limits.holds(self.locked_until, now) {
            return Some(self.locked_until);
        }
        if self.last_at < now - limits.forget_after {
            *self = Row::first(limits, now);
            return None;
        }
        self.failures += 1;
        self.last_at = now;
        if self.failures < limits.free {
            self.locked_until = 0;
            self.pause = limits.pause;
        } else {
            self.locked_until = now + self.pause;
            self.pause = (self.pause * 2).min(limits.max_pause);
        }
        None
    }
}

#[async_trait]
impl Store for InMemory {
    fn bind(&self, _: &Extensions) -> Box<dyn Bound> {
        Box::new(self.clone())
    }

    async fn sweep(&self, before: i64) -> Result<u64, Error> {
        let mut rows = self.rows();
        let all = rows.len();
        rows.retain(|_, row| row.last_at >= before);
        Ok((all - rows.len()) as u64)
    }
}

#[async_trait]
impl Bound for InMemory {
    async fn count(&self, name: &str, limits: Limits, now: i64) -> Result<Option<i64>, Error> {
        let mut rows = self.rows();
        if let Some(row) = rows.get_mut(name) {
            return Ok(row.count(limits, now));
        }
        if rows.len() >= MAX_ROWS {
            rows.retain(|_, row| row.locked_until > now);
        }
        if rows.len() < MAX_ROWS {
            rows.insert(name.to_owned(), Row::first(limits, now));
        }
        Ok(None)
    }

    async fn forget(&self, name: &str) -> Result<(), Error> {
        self.rows().remove(name);
        Ok(())
    }

    async fn take_back(&self, name: &str) -> Result<(), Error> {
        if let Some(row) = self.rows().get_mut(name)
            && row.failures > 0
        {
            row.failures -= 1;
            row.locked_until = 0;
        }
        Ok(())
    }

    fn failed(&self, _: &str, _: Limits, _: i64) {}
}

#[cfg(test)]
mod tests {
    use super::{Bound, InMemory, MAX_ROWS};
    use crate::lockout::store::Limits;

    #[tokio::test]
    async fn whoever_makes_up_names_fills_no_memory_and_opens_no_lock() {
        let limits = |free| Limits {
            free,
            pause: 30,
            max_pause: 900,
            forget_after: 86_400,
        };
        let memory = InMemory::default();
        assert_eq!(memory.count("ada", limits(1), 100).await.unwrap(), None);
        for number in 0..MAX_ROWS + 10 {
            let name = number.to_string();
            memory.count(&name, limits(5), 100).await.unwrap();
        }
        assert!(memory.rows().len() < MAX_ROWS);
        let locked = memory.count("ada", limits(1), 100).await.unwrap();
        assert_eq!(locked, Some(130));
        // Nor where all of them are locked.
        for number in 0..MAX_ROWS + 10 {
            let name = number.to_string();
            memory.count(&name, limits(1), 100).await.unwrap();
        }
        assert_eq!(memory.rows().len(), MAX_ROWS);
    }
}
