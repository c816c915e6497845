//! Rows of two tables brought together by the values of columns.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::bound::{Column, position};
use super::evaluate::{key_of, refuse_dynamic, unused};
use super::meter::Meter;
use super::refusal::Refusal;
use super::syntax::{Join, JoinKind, Kind};
use super::table::{Row, Table};

/// Puts rows of the right table beside those of the left one.
///
/// ARM behaviour (Kusto): without a kind, only the first of several left rows with one key is taken; columns of the right
/// side whose name the left side has get a number behind it.
pub(super) fn join(left: &mut Table, right: Table, wanted: &Join, meter: &Meter) -> Result<(), Refusal> {
    let (left_keys, right_keys) = keys(left, &right, wanted)?;
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, row) in right.rows.iter().enumerate() {
        if let Some(key) = key(row, &right_keys) {
            by_key.entry(key).or_default().push(number);
        }
    }
    let left_columns = left.columns.clone();
    for column in &right.columns {
        let name = unused(&left.columns, &column.name);
        left.columns.push(Column {
            name,
            kind: column.kind,
        });
    }
    let mut seen = HashSet::new();
    let mut matched = HashSet::new();
    let mut rows = Vec::new();
    for row in std::mem::take(&mut left.rows) {
        let key = key(&row, &left_keys);
        if wanted.kind == JoinKind::InnerUnique
            && let Some(key) = &key
            && !seen.insert(key.clone())
        {
            continue;
        }
        let found = key
            .and_then(|key| by_key.get(&key))
            .map_or(&[][..], Vec::as_slice);
        for number in found {
            matched.insert(*number);
            if let Some(other) = right.rows.get(*number) {
                push(&mut rows, beside(&row, &other.cells), meter)?;
            }
        }
        if found.is_empty() && matches!(wanted.kind, JoinKind::LeftOuter | JoinKind::FullOuter) {
            push(&mut rows, beside(&row, &nothing(&right.columns)), meter)?;
        }
    }
    if wanted.kind == JoinKind::FullOuter {
        let empty = Row {
            cells: nothing(&left_columns),
            source: None,
        };
        for (number, other) in right.rows.iter().enumerate() {
            if !matched.contains(&number) {
                push(&mut rows, beside(&empty, &other.cells), meter)?;
            }
        }
    }
    left.rows = rows;
    Ok(())
}

/// Where the keys are on both sides.
fn keys(left: &Table, right: &Table, wanted: &Join) -> Result<(Vec<usize>, Vec<usize>), Refusal> {
    let (mut left_keys, mut right_keys) = (Vec::new(), Vec::new());
    for (of_left, of_right) in &wanted.on {
        for (table, name, keys) in [
            (left, of_left, &mut left_keys),
            (right, of_right, &mut right_keys),
        ] {
            let at = position(&table.columns, name)?;
            let kind = table.columns.get(at).map_or(Kind::Dynamic, |column| column.kind);
            refuse_dynamic(kind, Some(name.clone()), "join")?;
            keys.push(at);
        }
    }
    Ok((left_keys, right_keys))
}

/// The key of a row; null is the same as nothing.
fn key(row: &Row, at: &[usize]) -> Option<String> {
    let values: Vec<&Value> = at.iter().filter_map(|at| row.cells.get(*at)).collect();
    let whole = values.iter().all(|value| !value.is_null());
    whole.then(|| key_of(values.into_iter().map(std::borrow::Cow::Borrowed)))
}

fn beside(row: &Row, cells: &[Value]) -> Row {
    Row {
        cells: row.cells.iter().chain(cells).cloned().collect(),
        source: row.source.clone(),
    }
}

fn nothing(columns: &[Column]) -> Vec<Value> {
    let empty = |column: &Column| match column.kind {
        Kind::Text => json!(""),
        _ => Value::Null,
    };
    columns.iter().map(empty).collect()
}

fn push(rows: &mut Vec<Row>, row: Row, meter: &Meter) -> Result<(), Refusal> {
    meter.step(row.cells.len());
    meter.keep_all(&row.cells)?;
    rows.push(row);
    Ok(())
}
