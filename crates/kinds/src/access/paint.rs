//! Which rules of a stage may decide for which ports.

use privatelink_api::Protocol;

use super::place::Unknown;
use super::stages::{Candidate, Outcome, Stage, World};

/// The candidates that are about a protocol.
pub(super) fn relevant<'s, 'a>(
    stage: &'s Stage<'a>,
    protocol: Protocol,
) -> impl Iterator<Item = &'s Candidate<'a>> {
    let fits = move |candidate: &Candidate<'a>| {
        candidate.protocol == Protocol::Any || candidate.protocol == protocol
    };
    stage.candidates.iter().filter(move |candidate| fits(candidate))
}

/// A stage between every two cuts: the candidates there that may decide, in their order.
pub(super) struct Painted<'s, 'a> {
    stage: &'s Stage<'a>,
    cells: Vec<Cell<'s, 'a>>,
}

#[derive(Clone)]
struct Cell<'s, 'a> {
    /// Those that match only in some worlds.
    open: Vec<&'s Candidate<'a>>,
    /// What decides in the others.
    certain: Option<Outcome<'a>>,
}

/// A stage's candidates between every two of these cuts.
pub(super) fn paint<'s, 'a>(stage: &'s Stage<'a>, protocol: Protocol, cuts: &[u16]) -> Painted<'s, 'a> {
    let empty = Cell {
        open: Vec::new(),
        certain: None,
    };
    let mut cells = vec![empty; cuts.len()];
    let at = |port: u16| cuts.partition_point(|cut| *cut < port);
    for candidate in relevant(stage, protocol) {
        let all = [(0, u16::MAX)];
        let ranges = if candidate.ports.is_empty() {
            &all
        } else {
            candidate.ports
        };
        for (first, last) in ranges {
            let end = last.checked_add(1).map_or(cuts.len(), at);
            for cell in cells.get_mut(at(*first)..end).into_iter().flatten() {
                match cell.certain {
                    Some(_) => {}
                    None if candidate.needs.is_empty() => cell.certain = Some(candidate.outcome),
                    None => cell.open.push(candidate),
                }
            }
        }
    }
    Painted { stage, cells }
}

impl<'s, 'a> Painted<'s, 'a> {
    /// Those that may decide there in some worlds.
    pub(super) fn open(&self, index: usize) -> &[&'s Candidate<'a>] {
        self.cells.get(index).map_or(&[], |cell| &cell.open)
    }

    /// What decides in a world.
    pub(super) fn outcome(&self, index: usize, world: &[&World<'a>]) -> Outcome<'a> {
        let holds = |unknown: &Unknown<'a>| world.iter().any(|world| world.contains(unknown));
        let matching = self
            .open(index)
            .iter()
            .find(|candidate| candidate.needs.iter().any(|needs| needs.iter().all(holds)));
        let certain = || self.cells.get(index).and_then(|cell| cell.certain);
        matching
            .map(|candidate| candidate.outcome)
            .or_else(certain)
            .unwrap_or(self.stage.otherwise)
    }
}
