//! Checksums of scripts.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of both scripts in hexadecimal, the same whatever line ends git writes.
pub(crate) fn checksum(up: &str, down: Option<&str>) -> String {
    let mut parts = vec![up];
    parts.extend(down);
    fingerprint(&parts)
}

/// The SHA-256 of several texts in hexadecimal, their borders included.
pub(crate) fn fingerprint<T: AsRef<str>>(parts: &[T]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let part = part.as_ref().replace("\r\n", "\n");
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digits = hasher.finalize();
    let digits = digits.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_do_not_count_and_borders_do() {
        assert_eq!(checksum("a\r\nb", None), checksum("a\nb", None));
        assert_ne!(checksum("ab", Some("c")), checksum("a", Some("bc")));
        assert_ne!(checksum("a", Some("")), checksum("a", None));
        assert_eq!(checksum("a", None).len(), 64);
    }

    #[test]
    fn it_is_sha_256_of_each_length_and_text() {
        // printf '\0\0\0\0\0\0\0\3abc' | sha256sum
        let known = "c3494ca1a2cf8eeb8a11ded316fb55b83c3bbbedb6313cd50415251e5d09e12f";
        assert_eq!(fingerprint(&["abc"]), known);
    }
}
