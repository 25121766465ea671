//! What Werkzeug and Django store without bcrypt and Argon2: PBKDF2 and scrypt.

use hmac::Hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::stored::{Core, base64, is_long_enough};

/// The most iterations that a stored hash may ask for; both projects are at about a million.
const MAX_ITERATIONS: u32 = 10_000_000;
/// The most memory of scrypt: 128 · N · r bytes are 256 MiB, and beside them 128 · p · r.
const MAX_MEMORY: u64 = 1 << 21;
/// The most work of scrypt, N · r · p.
const MAX_WORK: u64 = 1 << 23;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    /// Werkzeug's until 2013; as good as the others here, where collisions gain nothing.
    Sha1,
    Sha256,
    Sha512,
}

pub(super) fn parse(text: &str) -> Option<Core> {
    let (method, rest) = text.split_once('$')?;
    match method {
        "pbkdf2_sha256" | "pbkdf2_sha1" => {
            let digest = match method {
                "pbkdf2_sha256" => Digest::Sha256,
                _ => Digest::Sha1,
            };
            let (iterations, rest) = rest.split_once('$')?;
            let (salt, hash) = rest.split_once('$')?;
            return pbkdf2_of(digest, iterations, salt, base64(hash)?);
        }
        "scrypt" => {
            let mut parts = rest.split('$');
            let mut part = || parts.next();
            let (n, salt, r, p, hash) = (part()?, part()?, part()?, part()?, part()?);
            return match part() {
                None => scrypt_of(n, r, p, salt, base64(hash)?),
                Some(_) => None,
            };
        }
        _ => {}
    }
    let (salt, hash) = rest.split_once('$')?;
    let hash = unhex(hash)?;
    let mut parts = method.split(':');
    let mut part = || parts.next();
    let core = match part()? {
        "pbkdf2" => {
            let digest = match part()? {
                "sha1" => Digest::Sha1,
                "sha256" => Digest::Sha256,
                "sha512" => Digest::Sha512,
                _ => return None,
            };
            pbkdf2_of(digest, part()?, salt, hash)?
        }
        "scrypt" => scrypt_of(part()?, part()?, part()?, salt, hash)?,
        _ => return None,
    };
    part().is_none().then_some(core)
}

fn pbkdf2_of(digest: Digest, iterations: &str, salt: &str, hash: Vec<u8>) -> Option<Core> {
    let iterations = iterations.parse().ok()?;
    ((1..=MAX_ITERATIONS).contains(&iterations) && is_long_enough(&hash)).then_some(Core::Pbkdf2 {
        digest,
        iterations,
        salt: salt.to_owned(),
        hash,
    })
}

fn scrypt_of(n: &str, r: &str, p: &str, salt: &str, hash: Vec<u8>) -> Option<Core> {
    let (n, r, p): (u64, u32, u32) = (n.parse().ok()?, r.parse().ok()?, p.parse().ok()?);
    let memory = n.max(p.into()).checked_mul(u64::from(r))?;
    let work = n.checked_mul(u64::from(r))?.checked_mul(u64::from(p))?;
    let affordable = n.is_power_of_two() && n > 1 && work > 0;
    let affordable = affordable && memory <= MAX_MEMORY && work <= MAX_WORK;
    let log_n = u8::try_from(n.checked_ilog2()?).ok()?;
    (affordable && is_long_enough(&hash)).then_some(Core::Scrypt {
        log_n,
        r,
        p,
        salt: salt.to_owned(),
        hash,
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = pairs.iter().map(|&[high, low]| {
        let byte = digit(high)? << 4 | digit(low)?;
        u8::try_from(byte).ok()
    });
    rest.is_empty().then(|| bytes.collect()).flatten()
}

pub(super) fn pbkdf2(
    digest: Digest,
    password: &str,
    salt: &str,
    iterations: u32,
    length: usize,
) -> Vec<u8> {
    let (password, salt) = (password.as_bytes(), salt.as_bytes());
    let mut made = vec![0; length];
    // HMAC takes a key of any length.
    let _ = match digest {
        Digest::Sha1 => pbkdf2::pbkdf2::<Hmac<Sha1>>(password, salt, iterations, &mut made),
        Digest::Sha256 => pbkdf2::pbkdf2::<Hmac<Sha256>>(password, salt, iterations, &mut made),
        Digest::Sha512 => pbkdf2::pbkdf2::<Hmac<Sha512>>(password, salt, iterations, &mut made),
    };
    made
}

pub(super) fn scrypt(
    password: &str,
    salt: &str,
    log_n: u8,
    r: u32,
    p: u32,
    length: usize,
) -> Vec<u8> {
    let mut made = vec![0; length];
    let params = scrypt::Params::new(log_n, r, p);
    let outcome = params
        .map(|params| scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut made));
    match outcome {
        Ok(Ok(())) => made,
        // Nothing is equal to it.
        _ => Vec::new(),
    }
}

pub(super) fn spend_pbkdf2(amount: u64, password: &str) -> u64 {
    match u32::try_from(amount) {
        Ok(iterations) if iterations > 0 => {
            std::hint::black_box(pbkdf2(Digest::Sha256, password, "", iterations, 32));
            amount
        }
        _ => 0,
    }
}

pub(super) fn spend_scrypt(amount: u64, password: &str) -> u64 {
    const R: u32 = 8;
    let mut spent = 0;
    for log_n in 1..=18 {
        if (amount / u64::from(R)) & (1 << log_n) != 0 {
            std::hint::black_box(scrypt(password, "", log_n, R, 1, 64));
            spent += u64::from(R) << log_n;
        }
    }
    spent
}
