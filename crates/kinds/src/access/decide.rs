//! The first rule that matches, for all ports and protocols at once, and for all that is not known.
//!
//! Ports are cut where rules of a row begin and end, so that between two cuts all ports fare alike. What is not known is
//! tried out: a world is a set of unknown things that hold, and what a rule needs is a world. Rules need things to hold,
//! never that they do not; so if some world makes a rule decide, the smallest world that the rule needs does, and it is
//! enough to try those worlds, one of each stage together.

use std::collections::{BTreeSet, HashMap};

use privatelink_api::{Access, Protocol};

use super::paint::{Painted, paint, relevant};
use super::report::{Decision, PROTOCOLS, Verdict};
use super::stages::{Outcome, Stage, World};

/// One way in which it may be: the addresses of the ends, and the stages that traffic between them passes.
pub(super) struct Case<'a> {
    /// What makes it this case, where there are others.
    pub on: World<'a>,
    pub stages: Vec<Stage<'a>>,
}

/// What becomes of traffic on some protocols and ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub protocols: Vec<Protocol>,
    pub ports: Vec<(u16, u16)>,
    pub finding: Finding<'a>,
}

/// What becomes of traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding<'a> {
    /// What decides; where it depends on something, if nothing of it holds.
    outcome: Outcome<'a>,
    /// What turns it round, and what it decides then.
    depends: Option<(World<'a>, Outcome<'a>)>,
}

/// By the name of what decides: cheap, and most findings of a row differ in it.
impl std::hash::Hash for Finding<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        if let Decision::Rule { rule, .. } = self.outcome.by {
            rule.hash(state);
        }
    }
}

/// More worlds than this are not tried: what would need them is said to depend on the first of them.
const MOST_WORLDS: usize = 4096;

/// What becomes of traffic on every protocol and port.
pub(super) fn lines<'a>(cases: &[Case<'a>]) -> Vec<Line<'a>> {
    let candidates = || {
        cases
            .iter()
            .flat_map(|case| &case.stages)
            .flat_map(|stage| &stage.candidates)
    };
    let named: Vec<Protocol> = PROTOCOLS
        .into_iter()
        .filter(|protocol| candidates().any(|candidate| candidate.protocol == *protocol))
        .collect();
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut places: HashMap<(Finding<'a>, Vec<(u16, u16)>), usize> = HashMap::new();
    // All protocols that no rule names fare alike.
    let unnamed: Vec<Protocol> = PROTOCOLS
        .into_iter()
        .filter(|protocol| !named.contains(protocol))
        .collect();
    let classes = named.iter().map(|protocol| vec![*protocol]).chain([unnamed]);
    for class in classes {
        let Some(protocol) = class.first() else { continue };
        for (finding, ports) in findings(cases, *protocol) {
            let place = *places
                .entry((finding, ports))
                .or_insert_with_key(|(finding, ports)| {
                    lines.push(Line {
                        protocols: Vec::new(),
                        ports: ports.clone(),
                        finding: finding.clone(),
                    });
                    lines.len() - 1
                });
            if let Some(line) = lines.get_mut(place) {
                line.protocols.extend(&class);
            }
        }
    }
    let rank = |protocol: &Protocol| PROTOCOLS.iter().position(|other| other == protocol);
    for line in &mut lines {
        line.protocols.sort_by_key(rank);
    }
    lines.sort_by_key(|line| line.protocols.first().map(rank));
    lines
}

/// Ports with what becomes of traffic to them, in the order of the first ports.
fn findings<'a>(cases: &[Case<'a>], protocol: Protocol) -> Vec<(Finding<'a>, Vec<(u16, u16)>)> {
    let stages = || cases.iter().flat_map(|case| &case.stages);
    let mut cuts = BTreeSet::from([0]);
    for (first, last) in stages()
        .flat_map(|stage| relevant(stage, protocol))
        .flat_map(|candidate| candidate.ports)
    {
        cuts.insert(*first);
        cuts.extend(last.checked_add(1));
    }
    let cuts: Vec<u16> = cuts.into_iter().collect();
    let painted: Vec<Vec<Painted<'_, 'a>>> = cases
        .iter()
        .map(|case| {
            case.stages
                .iter()
                .map(|stage| paint(stage, protocol, &cuts))
                .collect()
        })
        .collect();
    let mut places: HashMap<Finding<'a>, usize> = HashMap::new();
    let mut findings: Vec<(Finding<'a>, Vec<(u16, u16)>)> = Vec::new();
    for (index, first) in cuts.iter().enumerate() {
        let last = cuts
            .get(index + 1)
            .map_or(u16::MAX, |next| next.saturating_sub(1));
        let finding = find(cases, &painted, index);
        let place = *places.entry(finding).or_insert_with_key(|finding| {
            findings.push((finding.clone(), Vec::new()));
            findings.len() - 1
        });
        let Some((_, ports)) = findings.get_mut(place) else {
            continue;
        };
        match ports.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*first) => *end = last,
            _ => ports.push((*first, last)),
        }
    }
    findings
}

/// What decides on a way through all stages in a world: the first stage that denies, else the last. Where that lets through
/// whatever comes, the rule before it is more to the point.
fn walk<'a>(stages: &[Painted<'_, 'a>], index: usize, world: &[&World<'a>]) -> Option<Outcome<'a>> {
    let (mut last, mut rule) = (None, None);
    for stage in stages {
        let outcome = stage.outcome(index, world);
        if outcome.access == Access::Deny {
            return Some(outcome);
        }
        last = Some(outcome);
        if matches!(outcome.by, Decision::Rule { .. }) {
            rule = last;
        }
    }
    let open = |last: &Outcome<'_>| matches!(last.by, Decision::Policy | Decision::NoGroup { .. });
    rule.filter(|_| last.as_ref().is_some_and(open)).or(last)
}

fn find<'a>(cases: &[Case<'a>], painted: &[Vec<Painted<'_, 'a>>], index: usize) -> Finding<'a> {
    let nothing = World::new();
    let first = painted
        .first()
        .and_then(|stages| walk(stages, index, &[&nothing]));
    // There is no case without a stage; if there were, nothing would come through.
    let Some(outcome) = first else {
        return Finding::NOTHING;
    };
    for (case, stages) in cases.iter().zip(painted) {
        if let Some((world, turned)) = turning(stages, index, outcome.access) {
            let on = case.on.iter().copied().chain(world).collect();
            return Finding {
                outcome,
                depends: Some((on, turned)),
            };
        }
    }
    Finding {
        outcome,
        depends: None,
    }
}

/// A world in which a way through the stages ends otherwise than this.
fn turning<'a>(stages: &[Painted<'_, 'a>], index: usize, access: Access) -> Option<(World<'a>, Outcome<'a>)> {
    let nothing = World::new();
    let other = |world: &[&World<'a>]| walk(stages, index, world).filter(|outcome| outcome.access != access);
    if let Some(outcome) = other(&[&nothing]) {
        return Some((nothing, outcome));
    }
    if !may_turn(stages, index, access) {
        return None;
    }
    // The worlds of each stage; the first stage's come first.
    let mut tried: Vec<Vec<&World<'a>>> = vec![Vec::new()];
    for stage in stages {
        let needs: Vec<&World<'a>> = stage
            .open(index)
            .iter()
            .flat_map(|candidate| &candidate.needs)
            .collect();
        for start in 0..tried.len() {
            for needs in &needs {
                let mut world = tried.get(start).cloned().unwrap_or_default();
                world.push(needs);
                if let Some(outcome) = other(&world) {
                    return Some((union(&world), outcome));
                }
                if tried.len() >= MOST_WORLDS {
                    let outcome = walk(stages, index, &world)?;
                    return Some((union(&world), outcome));
                }
                tried.push(world);
            }
        }
    }
    None
}

fn union<'a>(worlds: &[&World<'a>]) -> World<'a> {
    let mut union = World::new();
    for unknown in worlds.iter().copied().flatten() {
        if !union.contains(unknown) {
            union.push(*unknown);
        }
    }
    union
}

/// Whether some rules, had they their way, would make it end otherwise: a quick look before worlds are tried.
fn may_turn(stages: &[Painted<'_, '_>], index: usize, access: Access) -> bool {
    let nothing = World::new();
    let some = |stage: &Painted<'_, '_>, access: Access| {
        stage.outcome(index, &[&nothing]).access == access
            || stage
                .open(index)
                .iter()
                .any(|candidate| candidate.outcome.access == access)
    };
    match access {
        Access::Allow => stages.iter().any(|stage| some(stage, Access::Deny)),
        Access::Deny => stages.iter().all(|stage| some(stage, Access::Allow)),
    }
}

impl Finding<'_> {
    const NOTHING: Self = Finding {
        outcome: Outcome {
            access: Access::Deny,
            by: Decision::NotKnown { what: "nothing" },
        },
        depends: None,
    };

    /// The same for whoever reads it.
    pub(super) fn verdict(&self) -> Verdict {
        let rule = self.outcome.by.to_owned();
        match (&self.depends, self.outcome.access) {
            (None, Access::Allow) => Verdict::Allowed { rule },
            (None, Access::Deny) => Verdict::Denied { rule },
            (Some((on, turned)), _) => {
                let on: Vec<String> = on.iter().map(ToString::to_string).collect();
                Verdict::Depends {
                    rule: turned.by.to_owned(),
                    allows: turned.access == Access::Allow,
                    on: on.join(" and "),
                    otherwise: rule,
                }
            }
        }
    }
}
