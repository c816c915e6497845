//! A report in one line.

use std::collections::BTreeMap;

use privatelink_api::Protocol;

use super::model::LOAD_BALANCER;
use super::report::{Report, Row, Source, Verdict, ports};

/// A summary has no more characters than this.
const LONGEST: usize = 1024;
/// So many names of a list are given.
const MOST_NAMES: usize = 4;

/// What is known of one subnet of clients, on TCP.
#[derive(Default)]
struct Reach<'a> {
    name: String,
    allowed: Vec<&'a Row>,
    depends: Vec<&'a Row>,
    denied: Vec<&'a Row>,
}

impl Report {
    /// How many of the clients' subnets reach the endpoint for certain, on at least one port of TCP.
    #[must_use]
    pub fn count(&self) -> usize {
        self.reaches()
            .iter()
            .filter(|reach| !reach.allowed.is_empty())
            .count()
    }

    /// Who reaches the endpoint on which ports, in one line of at most 1,024 characters.
    #[must_use]
    pub fn summary(&self) -> String {
        let reaches = self.reaches();
        let mut parts: Vec<String> = self.note.iter().cloned().collect();
        let mut by_ports: BTreeMap<String, Vec<&Reach<'_>>> = BTreeMap::new();
        for reach in reaches.iter().filter(|reach| !reach.allowed.is_empty()) {
            by_ports
                .entry(ports(&union(&reach.allowed)))
                .or_default()
                .push(reach);
        }
        for (ports, reaches) in &by_ports {
            let ports = if ports == "*" { "all ports" } else { ports };
            parts.push(format!(
                "reached on {ports} from {}",
                with_rules(reaches, |reach| &reach.allowed)
            ));
        }
        let mut maybe: BTreeMap<String, Vec<&Reach<'_>>> = BTreeMap::new();
        for reach in reaches
            .iter()
            .filter(|reach| reach.allowed.is_empty() && !reach.depends.is_empty())
        {
            let on = reach.depends.first().and_then(|row| match &row.verdict {
                Verdict::Depends { on, allows: true, .. } => Some(format!("if {on}")),
                Verdict::Depends { on, .. } => Some(format!("unless {on}")),
                _ => None,
            });
            maybe.entry(on.unwrap_or_default()).or_default().push(reach);
        }
        for (on, reaches) in &maybe {
            parts.push(format!(
                "perhaps from {}, {on}",
                names(reaches.iter().map(|reach| reach.name.clone()))
            ));
        }
        let not: Vec<&Reach<'_>> = reaches
            .iter()
            .filter(|reach| reach.allowed.is_empty() && reach.depends.is_empty())
            .collect();
        if !not.is_empty() {
            parts.push(format!("not from {}", with_rules(&not, |reach| &reach.denied)));
        }
        if reaches.is_empty() {
            parts.push("no SubnetBinding of the namespace says which subnets its clients are in".to_owned());
        }
        let others = self.others();
        if !others.is_empty() {
            parts.push(format!("others by inbound rules: {}", names(others.into_iter())));
        }
        cut(parts.join("; "))
    }

    fn reaches(&self) -> Vec<Reach<'_>> {
        let mut reaches: Vec<(&str, Reach<'_>)> = Vec::new();
        for row in &self.rows {
            let Source::Subnet { id, name, .. } = &row.source else {
                continue;
            };
            if reaches.last().is_none_or(|(last, _)| last != id) {
                reaches.push((
                    id,
                    Reach {
                        name: name.clone(),
                        ..Reach::default()
                    },
                ));
            }
            let Some((_, reach)) = reaches
                .last_mut()
                .filter(|_| row.protocols.contains(&Protocol::Tcp))
            else {
                continue;
            };
            match &row.verdict {
                Verdict::Allowed { .. } => reach.allowed.push(row),
                Verdict::Denied { .. } => reach.denied.push(row),
                Verdict::Depends { .. } => reach.depends.push(row),
            }
        }
        reaches.into_iter().map(|(_, reach)| reach).collect()
    }

    /// Whom inbound rules let in besides. Azure's health probes are no clients.
    fn others(&self) -> Vec<String> {
        let mut others: Vec<String> = self
            .rows
            .iter()
            .filter(|row| {
                row.protocols.contains(&Protocol::Tcp) && matches!(row.verdict, Verdict::Allowed { .. })
            })
            .filter(|row| match &row.source {
                Source::Subnet { .. } => false,
                Source::Tag(tag) => tag != LOAD_BALANCER,
                Source::Addresses(_) | Source::Group(_) | Source::Else => true,
            })
            .map(|row| row.source.to_string())
            .collect();
        others.dedup();
        others
    }
}

/// The ports of some rows together.
fn union(rows: &[&Row]) -> Vec<(u16, u16)> {
    let mut all: Vec<(u16, u16)> = rows.iter().flat_map(|row| row.ports.iter().copied()).collect();
    all.sort_unstable();
    let mut union: Vec<(u16, u16)> = Vec::new();
    for (first, last) in all {
        match union.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => union.push((first, last)),
        }
    }
    union
}

impl Reach<'_> {
    /// What the subnet is called, where only a part of it gets through.
    fn called(&self) -> String {
        let parts = |row: &&Row| match &row.source {
            Source::Subnet { parts, .. } => parts.clone(),
            _ => Vec::new(),
        };
        let through: Vec<_> = self.allowed.iter().map(parts).collect();
        let others = self.depends.iter().chain(&self.denied).map(parts);
        if through.is_empty() || others.into_iter().all(|part| through.contains(&part)) {
            self.name.clone()
        } else {
            format!("a part of {}", self.name)
        }
    }
}

/// Subnets, and the rules that decide.
fn with_rules<'r, 'a>(reaches: &[&'r Reach<'a>], rows: impl Fn(&'r Reach<'a>) -> &'r Vec<&'a Row>) -> String {
    let mut rules: Vec<String> = Vec::new();
    for row in reaches.iter().flat_map(|reach| rows(reach)) {
        let rule = row.verdict.rule().name().to_owned();
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let subnets = names(reaches.iter().map(|reach| reach.called()));
    format!("{subnets} ({})", names(rules.into_iter()))
}

/// Names, the first few of many.
fn names(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown: Vec<String> = names.take(MOST_NAMES).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= LONGEST {
        return text;
    }
    let mut cut: String = text.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}
