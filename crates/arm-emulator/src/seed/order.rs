//! The order in which an estate is put in: what others refer to comes first.

use std::collections::{BTreeMap, BTreeSet};

use super::SeededResource;
use crate::body;
use crate::request::place::parent_key;

/// Sorts resources so that each comes after what it is a child of and what its body names, and otherwise stays where it is.
/// What holds others off (locks, policies) comes last.
pub(super) fn sorted(resources: Vec<SeededResource>) -> Vec<SeededResource> {
    let keys: BTreeMap<String, usize> = resources
        .iter()
        .enumerate()
        .map(|(number, resource)| (resource.id.to_ascii_lowercase(), number))
        .collect();
    let mut waiting: Vec<usize> = Vec::with_capacity(resources.len());
    let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, resource) in resources.iter().enumerate() {
        let before = needed(resource, &keys, number);
        waiting.push(before.len());
        for one in before {
            users.entry(one).or_default().push(number);
        }
    }
    let place = |number: usize| {
        let holds_off = resources.get(number).is_some_and(|resource| {
            resource
                .id
                .to_ascii_lowercase()
                .contains("/microsoft.authorization/")
        });
        (holds_off, number)
    };
    let mut ready: BTreeSet<(bool, usize)> = (0..resources.len())
        .filter(|number| waiting.get(*number) == Some(&0))
        .map(place)
        .collect();
    let mut order = Vec::with_capacity(resources.len());
    while let Some((_, number)) = ready.pop_first() {
        order.push(number);
        for user in users.remove(&number).unwrap_or_default() {
            if let Some(left) = waiting.get_mut(user) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    ready.insert(place(user));
                }
            }
        }
    }
    // What refers to each other in a circle comes in the order of the file: the resource manager says what it thinks of it.
    let known: BTreeSet<usize> = order.iter().copied().collect();
    order.extend((0..resources.len()).filter(|number| !known.contains(number)));
    let mut resources: Vec<Option<SeededResource>> = resources.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|number| resources.get_mut(number).and_then(Option::take))
        .collect()
}

/// What has to be there before a resource.
fn needed(resource: &SeededResource, keys: &BTreeMap<String, usize>, own: usize) -> BTreeSet<usize> {
    let key = resource.id.to_ascii_lowercase();
    let mut above = Vec::new();
    let mut upper = key.as_str();
    while let Some(parent) = parent_key(upper) {
        above.push(parent);
        upper = parent;
    }
    let named = body::referred(&resource.body, &key);
    above
        .into_iter()
        .chain(named.iter().map(|key| &**key))
        .filter_map(|key| keys.get(key).copied())
        .filter(|number| *number != own)
        .collect()
}
