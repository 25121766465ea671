//! Any text in the place of a stored hash: a password that made none of the seeds made none of them.
#![no_main]

use axum_login_kit::{Bcrypt, Passwords};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

/// Numbers in a hash up to this one cost little, whatever they count.
const CHEAP: u128 = 32;
/// Every number above this one is refused, whatever it counts.
const MOST: u128 = 10_000_000;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

/// Whether to check this text is work that the crate does and a fuzzer has no time for.
fn is_slow(hash: &str) -> bool {
    let numbers = || {
        let words = hash.split(['$', ':', ',', '=', '+']);
        words.filter_map(|word| word.parse::<u128>().ok())
    };
    let bcrypt = hash.contains("$2") && numbers().any(|cost| (7..=18).contains(&cost));
    bcrypt || numbers().any(|number| (CHEAP + 1..=MOST).contains(&number))
}

fuzz_target!(|data: &[u8]| {
    let Ok(hash) = str::from_utf8(data) else {
        return;
    };
    if is_slow(hash) {
        return;
    }
    // New ones each time: they learn from the hashes that they meet. These know every way to check one.
    let cheapest = Passwords::from(Bcrypt::with_cost(4).unwrap());
    let passwords = cheapest.pepper("pepper").flask_compat();
    let verified =
        RUNTIME.with(|runtime| runtime.block_on(passwords.verify("battery staple", hash)));
    let verified = verified.unwrap();
    assert!(!verified.valid && !verified.rehash_due, "{hash:?}");
    // Nobody learns from the time that there is no hash.
    assert!(passwords.work_done() >= 2 * 16, "{hash:?}");
});
