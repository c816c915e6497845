//! What one query may cost: steps and memory, so that no query holds the emulator up.

use std::cell::Cell;

use serde_json::Value;

use super::refusal::Refusal;

/// Steps of evaluation, and bytes of values that a query makes.
const MOST_STEPS: u64 = 20_000_000;
const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// What a query has cost so far.
#[derive(Debug, Default)]
pub(super) struct Meter {
    steps: Cell<u64>,
    bytes: Cell<u64>,
}

impl Meter {
    /// Counts steps; whether there may be more.
    pub(super) fn step(&self, steps: usize) -> bool {
        let steps = self
            .steps
            .get()
            .saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
        self.steps.set(steps);
        steps <= MOST_STEPS
    }

    /// Counts a value that is kept.
    pub(super) fn keep(&self, value: &Value) {
        let bytes = self.bytes.get().saturating_add(size(value));
        self.bytes.set(bytes);
    }

    /// Counts the values of a row that is kept.
    pub(super) fn keep_all(&self, values: &[Value]) -> Result<(), Refusal> {
        values.iter().for_each(|value| self.keep(value));
        self.check()
    }

    /// Counts bytes before they are made; whether they may be.
    pub(super) fn make(&self, bytes: usize) -> bool {
        let bytes = self
            .bytes
            .get()
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.bytes.set(bytes);
        bytes <= MOST_BYTES
    }

    /// Refuses a query that has cost too much.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.steps.get() > MOST_STEPS || self.bytes.get() > MOST_BYTES {
            return Err(Refusal::too_much(
                "The query needs more time or memory than the emulator gives to one query.",
            ));
        }
        Ok(())
    }
}

/// About how many bytes a value needs.
fn size(value: &Value) -> u64 {
    let own = 32_u64;
    match value {
        Value::String(text) => own.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX)),
        Value::Array(list) => list.iter().map(size).fold(own, u64::saturating_add),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| size(value).saturating_add(u64::try_from(name.len()).unwrap_or(u64::MAX)))
            .fold(own, u64::saturating_add),
        _ => own,
    }
}
