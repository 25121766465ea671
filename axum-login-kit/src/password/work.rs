//! How much work a hash is, so that all failures can take the same.

use std::sync::atomic::{AtomicU64, Ordering};

use super::stored;

/// The ways to hash, whose work is not counted in the same unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rounds: 2 to the power of the cost.
    Bcrypt,
    /// Kibibytes, times passes.
    #[cfg(feature = "argon2")]
    Argon2,
    /// Iterations.
    #[cfg(feature = "werkzeug")]
    Pbkdf2,
    /// N · r · p.
    #[cfg(feature = "werkzeug")]
    Scrypt,
}

impl Kind {
    const ALL: &[Kind] = &[
        Kind::Bcrypt,
        #[cfg(feature = "argon2")]
        Kind::Argon2,
        #[cfg(feature = "werkzeug")]
        Kind::Pbkdf2,
        #[cfg(feature = "werkzeug")]
        Kind::Scrypt,
    ];
}

/// Work of each kind.
#[derive(Debug, Default)]
pub(super) struct Work([u64; 4]);

impl Work {
    pub(super) fn add(&mut self, kind: Kind, amount: u64) {
        let work = &mut self.0[kind as usize];
        *work = work.saturating_add(amount);
    }

    pub(super) fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }
}

/// What is known of the hashes that are stored, and what has been done so far; shared by all clones.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The most expensive hash of each kind.
    levels: [AtomicU64; 4],
    /// The memory of the most expensive Argon2 hash, in KiB.
    argon2_memory: AtomicU64,
    done: AtomicU64,
}

impl Ledger {
    /// From now on, failures take as long as this hash.
    pub(super) fn learn(&self, kind: Kind, amount: u64, memory: u64) {
        if self.levels[kind as usize].fetch_max(amount, Ordering::Relaxed) < amount {
            self.argon2_memory.fetch_max(memory, Ordering::Relaxed);
        }
    }

    /// Everything that was hashed, in all units together.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, amount: u64) {
        self.done.fetch_add(amount, Ordering::Relaxed);
    }

    /// Does what is missing from `spent`, so that this failure takes as long as every other one. Of bcrypt's
    /// work it is `bcrypt_times` the level.
    pub(super) fn level(&self, password: &str, spent: &Work, bcrypt_times: u64) {
        for &kind in Kind::ALL {
            let level = self.levels[kind as usize].load(Ordering::Relaxed);
            let times = if kind == Kind::Bcrypt {
                bcrypt_times
            } else {
                1
            };
            let missing = (level * times).saturating_sub(spent.of(kind));
            let memory = self.argon2_memory.load(Ordering::Relaxed);
            self.count(stored::spend(kind, missing, memory, password));
        }
    }
}
