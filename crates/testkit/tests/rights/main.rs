//! Least privilege, proven: the shipped roles have nothing that is not used, each kind's table is enough for it, and
//! without any single action or verb something fails.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod plays;
mod targets;
mod unpublished;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use privatelink_arm::models::private_link_resource::is_published;
use privatelink_testkit::scenario::Allowed;
use privatelink_testkit::scenario::under_rights::{Played, differences, play, worse};
use privatelink_testkit::simulated::Right;

use plays::{Play, plays};

/// A right that can be taken away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    Azure(String),
    Kubernetes(Right),
}

impl Taken {
    fn all(allowed: &Allowed) -> Vec<Self> {
        let azure = allowed.azure.iter().cloned().map(Taken::Azure);
        let kubernetes = allowed.kubernetes.0.iter().cloned().map(Taken::Kubernetes);
        azure.chain(kubernetes).collect()
    }

    fn from(&self, allowed: &Allowed) -> Allowed {
        let mut left = allowed.clone();
        match self {
            Taken::Azure(action) => left.azure.retain(|other| other != action),
            Taken::Kubernetes(right) => left.kubernetes = left.kubernetes.without(right),
        }
        left
    }

    fn is_used_by(&self, played: &Played) -> bool {
        match self {
            Taken::Azure(action) => played.azure.contains(action),
            Taken::Kubernetes(right) => played.kubernetes.contains(right),
        }
    }

    /// Whether it is a right on objects of one of these kinds.
    fn is_about_one_of(&self, kinds: &BTreeSet<String>) -> bool {
        match self {
            Taken::Azure(_) => false,
            Taken::Kubernetes(right) => kinds.contains(&format!("{}.{}", right.resource, right.group)),
        }
    }

    /// Whether somebody asked for it in vain.
    fn is_missed_by(&self, played: &Played) -> bool {
        match self {
            Taken::Azure(action) => played
                .denied
                .iter()
                .any(|denied| denied.eq_ignore_ascii_case(action)),
            Taken::Kubernetes(right) => played.forbidden.iter().any(|said| {
                let (plural, status) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
                let resource = if status.is_empty() {
                    plural.to_owned()
                } else {
                    format!("{plural}/{status}")
                };
                said.contains(&format!("cannot {} resource \"{resource}\"", right.verb))
            }),
        }
    }
}

impl std::fmt::Display for Taken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Taken::Azure(action) => formatter.write_str(action),
            Taken::Kubernetes(right) => write!(formatter, "{right}"),
        }
    }
}

/// Does something with each element, on as many threads as there are processors; the results in the elements' order.
fn each<T: Sync, R: Send>(elements: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, R>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(element) = elements.get(number) else {
                        break;
                    };
                    let result = work(element);
                    results.lock().unwrap().insert(number, result);
                }
            });
        }
    });
    results.into_inner().unwrap().into_values().collect()
}

/// What each play comes to with all rights. What no role can have may be asked for in vain.
fn recorded(plays: &[Play], allowed: &Allowed) -> Vec<Played> {
    let recorded = each(plays, |one| play(&*one.act, allowed).unwrap());
    let mut wrong = Vec::new();
    for (one, played) in plays.iter().zip(&recorded) {
        let denied = played.denied.iter().filter(|action| is_published(action));
        let denied = denied.map(|action| format!("{action} is not allowed"));
        let said = denied
            .chain(played.forbidden.clone())
            .chain(played.violations.clone());
        wrong.extend(said.map(|said| format!("{}: {said}", one.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    recorded
}

/// What a play comes to follows from its rights alone: a difference is due to what was taken away.
fn nothing_differs_by_itself(plays: &[Play], allowed: &Allowed, recorded: &[Played]) {
    let again = each(plays, |one| play(&*one.act, allowed).unwrap());
    for ((one, first), second) in plays.iter().zip(recorded).zip(&again) {
        let differences = differences(first, second);
        assert!(differences.is_empty(), "{}: {differences:?}", one.name);
    }
}

/// A kind needs nothing that stands in another kind's table only.
fn no_kind_needs_more_than_its_table(plays: &[Play], recorded: &[Played]) {
    let plurals: BTreeMap<String, String> = privatelink_api::crds()
        .into_iter()
        .map(|definition| {
            let names = definition.spec.names;
            (names.kind, format!("{}.privatelink.dev", names.plural))
        })
        .collect();
    let kinds = privatelink_kinds::azure_rights();
    for (one, played) in plays.iter().zip(recorded) {
        let of_kinds = kinds
            .iter()
            .filter(|kind| played.kinds.contains(&plurals[kind.kind]));
        let tables: BTreeSet<String> = of_kinds
            .flat_map(|kind| kind.rights.iter().map(|right| right.action.clone()))
            .collect();
        let beyond: Vec<&String> = played
            .azure
            .iter()
            .filter(|action| !tables.contains(*action))
            .collect();
        assert!(
            beyond.is_empty(),
            "{}: {:?} need {beyond:?} too",
            one.name,
            played.kinds
        );
    }
}

/// Where status says otherwise without a right, so many plays are looked at for one in which an object is not Ready.
const MOST_TRIES: usize = 2;

/// How it shows that a right is missing: what is worse, or what is said otherwise. None: no play shows it.
fn shown(taken: &Taken, allowed: &Allowed, plays: &[Play], recorded: &[Played]) -> Option<(String, bool)> {
    let left = taken.from(allowed);
    let mut users: Vec<(&Play, &Played)> = plays
        .iter()
        .zip(recorded)
        .filter(|(_, played)| taken.is_used_by(played))
        .collect();
    // Every process watches every kind: what that is for shows where there are objects of the kind.
    users.sort_by_key(|(_, played)| !taken.is_about_one_of(&played.kinds));
    let (mut otherwise, mut tries) = (None, 0);
    for (one, whole) in users {
        let without = play(&*one.act, &left).unwrap();
        assert!(
            taken.is_missed_by(&without),
            "{}: nobody missed {taken}",
            one.name
        );
        let worse = worse(whole, &without);
        if let Some(object) = worse.first() {
            return Some((format!("{}: {object}", one.name), true));
        }
        let differences = differences(whole, &without);
        if otherwise.is_none() {
            let difference = differences.first();
            otherwise = difference.map(|difference| (format!("{}: {difference}", one.name), false));
        }
        tries += usize::from(otherwise.is_some());
        if tries == MOST_TRIES {
            break;
        }
    }
    otherwise
}

#[test]
fn without_any_single_action_or_verb_something_fails() {
    let allowed = Allowed::shipped().unwrap();
    let plays = plays();
    let recorded = recorded(&plays, &allowed);
    no_kind_needs_more_than_its_table(&plays, &recorded);
    nothing_differs_by_itself(&plays, &allowed, &recorded);

    let all = Taken::all(&allowed);
    let unused: Vec<String> = all
        .iter()
        .filter(|taken| !recorded.iter().any(|played| taken.is_used_by(played)))
        .map(Taken::to_string)
        .collect();
    // Asked for by the program before it knows who it is: it has a test of its own.
    assert_eq!(unused, ["get namespaces named kube-system"]);

    let tried: Vec<&Taken> = all
        .iter()
        .filter(|taken| !unused.contains(&taken.to_string()))
        .collect();
    let shown = each(&tried, |taken| {
        let started = std::time::Instant::now();
        let shown = shown(taken, &allowed, &plays, &recorded);
        let how = match &shown {
            Some((how, true)) => format!("not Ready, or not gone: {how}"),
            Some((how, false)) => how.chars().take(600).collect(),
            None => "nothing fails".to_owned(),
        };
        println!(
            "without {taken} ({:.1} s): {how}",
            started.elapsed().as_secs_f64()
        );
        shown
    });
    let worse = shown.iter().flatten().filter(|(_, worse)| *worse).count();
    let otherwise = shown.iter().flatten().count() - worse;
    let silent = tried.iter().zip(&shown).filter(|(_, shown)| shown.is_none());
    let silent: Vec<String> = silent.map(|(taken, _)| taken.to_string()).collect();
    let actions = tried
        .iter()
        .filter(|taken| matches!(taken, Taken::Azure(_)))
        .count();
    println!(
        "{} actions and {} verbs were taken away, one at a time: {worse} times an object was not Ready or not gone, {otherwise} times status or events lacked something",
        actions,
        tried.len() - actions
    );
    // A list that has shrunk is not a test that passed.
    assert!(actions > 100 && tried.len() - actions > 50, "so few were tried");
    assert!(silent.is_empty(), "nothing fails without {silent:#?}");
}

#[test]
fn the_clusters_name_takes_the_right_to_read_one_namespace() {
    let allowed = Allowed::shipped().unwrap();
    let all = Taken::all(&allowed);
    let right = all
        .iter()
        .find(|taken| taken.to_string() == "get namespaces named kube-system")
        .unwrap();
    privatelink_testkit::scenario::in_virtual_time(async {
        let world = privatelink_testkit::scenario::World::new()?;
        let client = world.api.client("controller");
        let id = privatelink_engine::cluster_id(&client).await.unwrap();
        assert!(id.is_some_and(|id| !id.is_empty()));
        world.allow(&right.from(&allowed));
        let refused = privatelink_engine::cluster_id(&client).await.unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("namespaces \"kube-system\" is forbidden"),
            "{refused}"
        );
        Ok(())
    })
    .unwrap();
}
