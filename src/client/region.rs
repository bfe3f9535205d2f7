//! The names of regions.

use crate::error::{Error, Result};

/// The regions of Huawei Cloud that have DCS, as its SDKs list them. New ones appear: an unknown name is only suspicious.
const REGIONS: [&str; 34] = [
    "ae-ad-1",
    "af-north-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-east-5",
    "cn-north-1",
    "cn-north-11",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-south-2",
    "cn-south-4",
    "cn-southwest-2",
    "cn-southwest-3",
    "eu-west-0",
    "eu-west-101",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "na-mexico-1",
    "ru-moscow-1",
    "ru-northwest-2",
    "sa-brazil-1",
    "tr-west-1",
];

/// An unknown name is only suspicious.
///
/// # Errors
///
/// [`Error::Invalid`] for what cannot be one.
pub(super) fn check(region: &str) -> Result<()> {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(valid) {
        return Err(Error::invalid("region", format!("{region:?} is no name of a region such as cn-north-4")));
    }
    if !REGIONS.contains(&region) {
        let near = near(region).map(|name| format!("did you mean {name}? ")).unwrap_or_default();
        tracing::warn!(%region, "unknown region; {near}if nothing answers there, see whether the name is right");
    }
    Ok(())
}

/// The region that is most likely meant, if there is one: a slip or two away.
fn near(region: &str) -> Option<&'static str> {
    let names = REGIONS.iter().map(|name| (slips(region, name), *name));
    names.filter(|(slips, _)| *slips <= 2).min().map(|(_, name)| name)
}

/// How many letters have to be put in, left out or replaced.
fn slips(typed: &str, meant: &str) -> usize {
    let mut row: Vec<usize> = (0..=meant.len()).collect();
    for (line, typed) in (1..).zip(typed.bytes()) {
        let mut left = line;
        let mut corner = line - 1;
        for (cell, meant) in row.iter_mut().skip(1).zip(meant.bytes()) {
            let here = (corner + usize::from(typed != meant)).min(*cell + 1).min(left + 1);
            corner = std::mem::replace(cell, here);
            left = here;
        }
        row[0] = line;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_or_two_have_a_region_that_is_meant() {
        for (typed, meant) in [
            ("cn-nroth-4", Some("cn-north-4")),
            ("cn-north4", Some("cn-north-4")),
            ("ap-souteast-3", Some("ap-southeast-3")),
            ("cn-north-44", Some("cn-north-4")),
            ("eu-central-1", None),
            ("x", None),
        ] {
            assert_eq!(near(typed), meant, "{typed}");
        }
    }
}
