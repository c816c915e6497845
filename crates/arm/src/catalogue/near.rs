//! What somebody may have meant: the entries of the catalogue that are spelt nearly the same.

use std::collections::BTreeMap;

use super::KnownCloud;
use super::table::rows;

/// Texts longer than this are not compared: nobody meant one of the catalogue's.
const LONGEST: usize = 120;

/// How many types are offered.
const MOST: usize = 3;

/// A resource type that the catalogue knows, with its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMatch {
    pub resource_type: &'static str,
    pub groups: Vec<&'static str>,
}

/// The types of a cloud that are spelt nearly like this one or come from the same provider, the nearest first; at
/// most three.
pub(super) fn near_types(cloud: KnownCloud, resource_type: &str) -> Vec<NearMatch> {
    let wanted = resource_type.to_ascii_lowercase();
    if wanted.is_empty() || wanted.len() > LONGEST {
        return Vec::new();
    }
    let (provider, kind) = split(&wanted);
    let mut groups: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for row in rows().filter(|row| row.cloud() == cloud) {
        let of_type = groups.entry(row.resource_type()).or_default();
        for group in row.groups() {
            if !of_type.contains(&group) {
                of_type.push(group);
            }
        }
    }
    let mut near: Vec<(usize, NearMatch)> = groups
        .into_iter()
        .filter_map(|(known, groups)| {
            let lower = known.to_ascii_lowercase();
            let (known_provider, known_kind) = split(&lower);
            let distance = edit_distance(&wanted, &lower);
            let alike = provider == known_provider
                || distance <= 3
                || (kind.len() > 3 && edit_distance(kind, known_kind) <= 1);
            alike.then_some((
                distance,
                NearMatch {
                    resource_type: known,
                    groups,
                },
            ))
        })
        .collect();
    near.sort_by(|(left, one), (right, other)| (left, one.resource_type).cmp(&(right, other.resource_type)));
    near.truncate(MOST);
    near.into_iter().map(|(_, near)| near).collect()
}

/// Candidates, those that are spelt most like `wanted` first; otherwise in their order.
pub(super) fn by_nearness<'text>(wanted: &str, candidates: Vec<&'text str>) -> Vec<&'text str> {
    let mut candidates = candidates;
    if wanted.len() <= LONGEST {
        let wanted = wanted.to_ascii_lowercase();
        candidates.sort_by_key(|candidate| edit_distance(&wanted, &candidate.to_ascii_lowercase()));
    }
    candidates
}

fn split(resource_type: &str) -> (&str, &str) {
    resource_type.split_once('/').unwrap_or(("", resource_type))
}

/// How many bytes to insert, to delete or to replace until two texts are one (Levenshtein).
fn edit_distance(left: &str, right: &str) -> usize {
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut current = Vec::with_capacity(previous.len());
    for (index, byte) in left.bytes().enumerate() {
        current.clear();
        let mut before = index + 1;
        current.push(before);
        for ((other, diagonal), above) in right.bytes().zip(&previous).zip(previous.iter().skip(1)) {
            let replaced = diagonal + usize::from(byte != other);
            before = replaced.min(above + 1).min(before + 1);
            current.push(before);
        }
        std::mem::swap(&mut previous, &mut current);
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (left, right, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("blob", "blob", 0),
            ("blob", "blobs", 1),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(edit_distance(left, right), distance, "{left} {right}");
        }
    }

    #[test]
    fn a_misspelt_type_finds_its_neighbours() {
        let first = |resource_type: &str| {
            near_types(KnownCloud::Public, resource_type)
                .first()
                .map(|near| near.resource_type)
        };
        assert_eq!(
            first("Microsoft.Storage/storageAccount"),
            Some("Microsoft.Storage/storageAccounts")
        );
        assert_eq!(
            first("microsoft.keyvault/vault"),
            Some("Microsoft.KeyVault/vaults")
        );
        assert_eq!(
            first("storageAccounts"),
            Some("Microsoft.Storage/storageAccounts")
        );
        assert_eq!(first("Microsoft.Cache/anything"), Some("Microsoft.Cache/Redis"));
        assert_eq!(first("Contoso.Anything/widgets"), None);
        assert_eq!(first(&"x".repeat(100_000)), None);
        assert!(near_types(KnownCloud::Public, "Microsoft.DBforMySQL/x").len() <= MOST);
    }
}
