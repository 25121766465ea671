//! Folder names and the versions in them.

use chrono::{DateTime, Utc};

use crate::{Error, ErrorKind};

/// What Diesel takes from a folder's name as version: everything before the first `_`, without dashes.
pub(super) fn version_of(name: &str) -> String {
    name.split('_').next().unwrap_or_default().replace('-', "")
}

/// The part of a folder's name before the first `_`.
pub(super) fn stamp_of(name: &str) -> &str {
    name.split_once('_').map_or(name, |(stamp, _)| stamp)
}

/// The words after the version, with spaces.
pub(super) fn message_of(name: &str) -> String {
    name.split_once('_')
        .map_or("", |(_, words)| words)
        .replace('_', " ")
}

/// A version in the form of folder names, for lists: `2026-03-01-101500-0000`.
pub(crate) fn short_version(version: &str) -> String {
    let parts: Option<Vec<&str>> = [(0, 4), (4, 6), (6, 8), (8, 14), (14, 18)]
        .iter()
        .map(|(from, to)| version.get(*from..*to))
        .collect();
    match parts {
        Some(parts) if version.len() == 18 => parts.join("-"),
        _ => version.to_owned(),
    }
}

/// The name of a new folder: `message` made at `now`, sorting after `latest` whatever the clock says.
///
/// # Errors
/// When nothing can sort after `latest`, because it is not a number.
pub(crate) fn next_name(
    message: &str,
    now: DateTime<Utc>,
    latest: Option<&str>,
) -> Result<String, Error> {
    let tenth_of_milliseconds = now.timestamp_subsec_micros().min(999_999) / 100;
    let mut version = format!("{}{tenth_of_milliseconds:04}", now.format("%Y%m%d%H%M%S"));
    if let Some(latest) = latest
        && version.as_str() <= latest
    {
        version = after(latest).ok_or_else(|| {
            Error::new(
                ErrorKind::Directory,
                format!(
                    "the latest revision has the version {latest}, after which no timestamp sorts; \
                     rename its folder to start with a date, as 2026-03-01-101500-0000_{}",
                    slug(message)
                ),
            )
        })?;
    }
    Ok(format!("{}_{}", short_version(&version), slug(message)))
}

/// The next version after `latest`, for when the clock stands behind it.
fn after(latest: &str) -> Option<String> {
    if latest.is_empty() || !latest.bytes().all(|byte| byte.is_ascii_digit()) || latest.len() > 18 {
        return None;
    }
    let number: u64 = format!("{latest:0<18}").parse().ok()?;
    let next = format!("{:018}", number.checked_add(1)?);
    (next.len() == 18).then_some(next)
}

/// `Add sub-title!` as a part of a folder's name: `add_sub_title`.
fn slug(message: &str) -> String {
    let mut slug = String::new();
    for character in message.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
        if slug.chars().count() >= 40 {
            break;
        }
    }
    let slug = slug.trim_end_matches('_');
    if slug.is_empty() {
        "revision".into()
    } else {
        slug.into()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn at(second: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 1, 10, 15, second).unwrap()
    }

    #[test]
    fn names_are_in_the_form_of_diesel() {
        let name = next_name("Add sub-title!", at(7), None).unwrap();
        assert_eq!(name, "2026-03-01-101507-0000_add_sub_title");
        assert_eq!(version_of(&name), "202603011015070000");
        assert_eq!(message_of(&name), "add sub title");
    }

    #[test]
    fn a_name_sorts_after_the_latest_even_when_the_clock_is_behind() {
        for latest in ["202603011015070000", "202703011015079999", "20270301101507"] {
            let name = next_name("x", at(7), Some(latest)).unwrap();
            assert!(version_of(&name).as_str() > latest, "{name} after {latest}");
        }
        assert_eq!(
            next_name("x", at(7), Some("zz")).unwrap_err().kind(),
            ErrorKind::Directory
        );
    }

    #[test]
    fn long_and_empty_messages_give_usable_names() {
        assert!(next_name(&"very ".repeat(40), at(7), None).unwrap().len() < 70);
        assert!(
            next_name("---", at(7), None)
                .unwrap()
                .ends_with("_revision")
        );
        assert!(next_name("Größe", at(7), None).unwrap().ends_with("_größe"));
    }
}
