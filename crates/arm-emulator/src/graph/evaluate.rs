//! From operators and tables to rows. Groups and joins have files of their own.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::bound::{self, Bound, Column, position};
use super::compare;
use super::functions::text;
use super::meter::Meter;
use super::refusal::Refusal;
use super::syntax::{Expansion, Expression, Kind, Named, Operator, Query, SortKey};
use super::table::{LATE, Row, Source, Table};
use super::{group, join};

/// How many columns there are at most, at any time.
const MOST_COLUMNS: usize = 512;

/// The rows of a query; those whose late columns are still to be filled in are said so.
pub(super) struct Answer {
    pub(super) table: Table,
    pub(super) unfilled: bool,
}

/// Answers a query.
///
/// # Errors
/// A table, column or function that is not there, a type that does not fit, a query that costs too much.
pub(super) fn run(source: &Source<'_>, query: &Query, meter: &Meter) -> Result<Answer, Refusal> {
    let name = query.table.as_deref().unwrap_or("Resources");
    let mut table = source.table(name)?;
    let needed = late_columns_needed(&query.operators);
    for (number, operator) in query.operators.iter().enumerate() {
        if needed == Some(number) {
            source.fill(&table.columns, &mut table.rows);
        }
        apply(source, operator, &mut table, meter)?;
        meter.check()?;
        check_columns(table.columns.len())?;
    }
    Ok(Answer {
        table,
        unfilled: needed == Some(query.operators.len()),
    })
}

pub(super) fn check_columns(columns: usize) -> Result<(), Refusal> {
    if columns > MOST_COLUMNS {
        return Err(Refusal::too_much(format!(
            "There are {MOST_COLUMNS} columns at most."
        )));
    }
    Ok(())
}

/// Before which operator the late columns have to be filled in; the number of operators where only the answer shows them.
fn late_columns_needed(operators: &[Operator]) -> Option<usize> {
    for (number, operator) in operators.iter().enumerate() {
        if operator.mentions(LATE) {
            return Some(number);
        }
        if operator.forgets() {
            return None;
        }
    }
    Some(operators.len())
}

fn apply(source: &Source<'_>, operator: &Operator, table: &mut Table, meter: &Meter) -> Result<(), Refusal> {
    match operator {
        Operator::Where(condition) => choose(table, condition, meter),
        Operator::Project(list) => project(table, list, meter),
        Operator::Extend(list) => extend(table, list, meter),
        Operator::ProjectAway(patterns) => {
            let gone = |column: &Column| patterns.iter().any(|pattern| fits(pattern, &column.name));
            keep_columns(table, |column| !gone(column));
            Ok(())
        }
        Operator::ProjectKeep(patterns) => {
            let kept = |column: &Column| patterns.iter().any(|pattern| fits(pattern, &column.name));
            keep_columns(table, kept);
            Ok(())
        }
        Operator::ProjectRename(list) => rename(table, list),
        Operator::Order(keys) => order(table, keys, meter),
        Operator::Take(rows) => {
            table.rows.truncate(*rows);
            Ok(())
        }
        Operator::Top(rows, keys) => {
            order(table, keys, meter)?;
            table.rows.truncate(*rows);
            Ok(())
        }
        Operator::Count => {
            count(table);
            Ok(())
        }
        Operator::Distinct(list) => distinct(table, list.as_deref(), meter),
        Operator::Summarize { aggregates, by } => group::summarize(table, aggregates, by, meter),
        Operator::Expand(expansion) => expand(table, expansion, meter),
        Operator::Join(wanted) => {
            let answer = run(source, &wanted.right, meter)?;
            let mut right = answer.table;
            if answer.unfilled {
                source.fill(&right.columns, &mut right.rows);
            }
            join::join(table, right, wanted, meter)
        }
    }
}

fn choose(table: &mut Table, condition: &Expression, meter: &Meter) -> Result<(), Refusal> {
    let condition = bound::bind(condition, &table.columns)?;
    if !matches!(condition.kind(), Kind::Truth | Kind::Dynamic) {
        return Err(Refusal::meaning(
            "where",
            "'where' operator: its expression has to be true or false.",
        ));
    }
    table.rows.retain(|row| condition.holds(&row.cells, meter));
    Ok(())
}

fn project(table: &mut Table, list: &[Named], meter: &Meter) -> Result<(), Refusal> {
    let (columns, expressions) = bind_all(list, &table.columns)?;
    for row in &mut table.rows {
        row.cells = values(&expressions, &row.cells, meter);
        meter.keep_all(&row.cells)?;
    }
    table.columns = columns;
    Ok(())
}

fn extend(table: &mut Table, list: &[Named], meter: &Meter) -> Result<(), Refusal> {
    let (columns, expressions) = bind_all(list, &table.columns)?;
    let before = table.columns.clone();
    let mut places = Vec::with_capacity(columns.len());
    for (column, named) in columns.into_iter().zip(list) {
        let known = table.columns.iter().position(|known| known.name == column.name);
        // A name that nobody gave takes no column's place.
        let known = known.filter(|_| named.name.is_some());
        places.push(known.unwrap_or(table.columns.len()));
        match known.and_then(|at| table.columns.get_mut(at)) {
            Some(known) => known.kind = column.kind,
            None => {
                let name = unused(&table.columns, &column.name);
                table.columns.push(Column { name, ..column });
            }
        }
    }
    for row in &mut table.rows {
        let made = values(
            &expressions,
            row.cells.get(..before.len()).unwrap_or_default(),
            meter,
        );
        meter.keep_all(&made)?;
        row.cells.resize(table.columns.len(), Value::Null);
        for (value, at) in made.into_iter().zip(&places) {
            if let Some(cell) = row.cells.get_mut(*at) {
                *cell = value;
            }
        }
    }
    Ok(())
}

fn values(expressions: &[Bound], row: &[Value], meter: &Meter) -> Vec<Value> {
    expressions
        .iter()
        .map(|expression| {
            let value = expression.value(row, meter).into_owned();
            // A text that is missing is empty.
            match (value, expression.kind()) {
                (Value::Null, Kind::Text) => json!(""),
                (value, _) => value,
            }
        })
        .collect()
}

/// The expressions of a list, and the columns that they become.
pub(super) fn bind_all(list: &[Named], columns: &[Column]) -> Result<(Vec<Column>, Vec<Bound>), Refusal> {
    check_columns(list.len())?;
    let mut made: Vec<Column> = Vec::with_capacity(list.len());
    let mut expressions = Vec::with_capacity(list.len());
    for (number, named) in list.iter().enumerate() {
        let expression = bound::bind(&named.expression, columns)?;
        let name = named
            .name
            .clone()
            .or_else(|| named.expression.own_name())
            .unwrap_or_else(|| format!("Column{}", number + 1));
        made.push(Column {
            name: unused(&made, &name),
            kind: expression.kind(),
        });
        expressions.push(expression);
    }
    Ok((made, expressions))
}

/// A name that no column has: with the first number behind it that is free.
pub(super) fn unused(columns: &[Column], name: &str) -> String {
    let taken = |name: &str| columns.iter().any(|column| column.name == name);
    if !taken(name) {
        return name.to_owned();
    }
    (1_usize..)
        .map(|number| format!("{name}{number}"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}

fn fits(pattern: &str, name: &str) -> bool {
    let star = pattern.contains('*');
    // Names compare with case, patterns of rights do not.
    if star {
        crate::authorization::rbac::matches_pattern(pattern, name)
    } else {
        pattern == name
    }
}

fn keep_columns(table: &mut Table, kept: impl Fn(&Column) -> bool) {
    let keep: Vec<bool> = table.columns.iter().map(kept).collect();
    let chosen = |number: usize| keep.get(number).copied().unwrap_or_default();
    for row in &mut table.rows {
        let mut number = 0;
        row.cells.retain(|_| {
            number += 1;
            chosen(number - 1)
        });
    }
    let mut number = 0;
    table.columns.retain(|_| {
        number += 1;
        chosen(number - 1)
    });
}

fn rename(table: &mut Table, list: &[(String, String)]) -> Result<(), Refusal> {
    for (new, old) in list {
        let at = position(&table.columns, old)?;
        if new != old && position(&table.columns, new).is_ok() {
            let message = format!("'project-rename' operator: there is a column named '{new}' already.");
            return Err(Refusal::meaning(new, message));
        }
        if let Some(column) = table.columns.get_mut(at) {
            column.name.clone_from(new);
        }
    }
    Ok(())
}

fn order(table: &mut Table, keys: &[SortKey], meter: &Meter) -> Result<(), Refusal> {
    check_columns(keys.len())?;
    let mut expressions = Vec::with_capacity(keys.len());
    for key in keys {
        let expression = bound::bind(&key.expression, &table.columns)?;
        refuse_dynamic(expression.kind(), key.expression.own_name(), "order")?;
        expressions.push(expression);
    }
    let mut keyed: Vec<(Vec<Value>, Row)> = Vec::with_capacity(table.rows.len());
    for row in std::mem::take(&mut table.rows) {
        let key: Vec<Value> = expressions
            .iter()
            .map(|expression| expression.value(&row.cells, meter).into_owned())
            .collect();
        meter.keep_all(&key)?;
        keyed.push((key, row));
    }
    keyed.sort_by(|(one, _), (other, _)| {
        one.iter()
            .zip(other)
            .zip(keys)
            .map(|((one, other), key)| compare::order(one, other, key.ascending, key.nulls_first))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    table.rows = keyed.into_iter().map(|(_, row)| row).collect();
    Ok(())
}

/// ARM behaviour (Kusto): what can be anything is no key of an order, a group or a join.
pub(super) fn refuse_dynamic(kind: Kind, name: Option<String>, operator: &str) -> Result<(), Refusal> {
    if kind != Kind::Dynamic {
        return Ok(());
    }
    let name = name.unwrap_or_default();
    Err(Refusal::meaning(
        &name,
        format!(
            "'{operator}' operator: the key '{name}' is of a 'dynamic' type. Please use an explicit cast, for example tostring({name})."
        ),
    ))
}

fn count(table: &mut Table) {
    let rows = table.rows.len();
    table.columns = vec![Column {
        name: "Count".to_owned(),
        kind: Kind::Whole,
    }];
    table.rows = vec![Row {
        cells: vec![json!(rows)],
        source: None,
    }];
}

fn distinct(table: &mut Table, list: Option<&[Named]>, meter: &Meter) -> Result<(), Refusal> {
    if let Some(list) = list {
        project(table, list, meter)?;
    }
    for column in &table.columns {
        refuse_dynamic(column.kind, Some(column.name.clone()), "distinct")?;
    }
    let mut seen = HashSet::new();
    table.rows.retain(|row| {
        meter.step(1);
        seen.insert(key_of(row.cells.iter().map(Cow::Borrowed)))
    });
    Ok(())
}

/// Values as one text: the same for the same values only.
pub(super) fn key_of<'v>(values: impl Iterator<Item = Cow<'v, Value>>) -> String {
    let values: Vec<Cow<'_, Value>> = values.collect();
    serde_json::to_string(&values).unwrap_or_default()
}

fn expand(table: &mut Table, expansion: &Expansion, meter: &Meter) -> Result<(), Refusal> {
    let (columns, expressions) = bind_all(std::slice::from_ref(&expansion.column), &table.columns)?;
    let (Some(column), Some(expression)) = (columns.into_iter().next(), expressions.into_iter().next())
    else {
        return Ok(());
    };
    if expression.kind() != Kind::Dynamic {
        let message = format!(
            "'mv-expand' operator: '{}' has to be of a 'dynamic' type.",
            column.name
        );
        return Err(Refusal::meaning(&column.name, message));
    }
    let kind = expansion.to.unwrap_or(Kind::Dynamic);
    let known = table.columns.iter().position(|known| known.name == column.name);
    let at = known.unwrap_or(table.columns.len());
    match table.columns.get_mut(at) {
        Some(known) => known.kind = kind,
        None => table.columns.push(Column { kind, ..column }),
    }
    let width = table.columns.len();
    let mut rows = Vec::new();
    for mut row in std::mem::take(&mut table.rows) {
        let elements = elements(expression.value(&row.cells, meter).into_owned(), expansion.limit);
        row.cells.resize(width, Value::Null);
        for element in elements {
            let mut made = row.clone();
            if let Some(cell) = made.cells.get_mut(at) {
                *cell = cast(element, kind);
            }
            meter.step(width);
            meter.keep_all(&made.cells)?;
            rows.push(made);
        }
    }
    table.rows = rows;
    Ok(())
}

/// The elements of a list, or the members of an object each in one of its own; nothing becomes one null.
fn elements(value: Value, limit: usize) -> Vec<Value> {
    let mut list = match value {
        Value::Array(list) => list,
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| Value::Object(Map::from_iter([(name, value)])))
            .collect(),
        other => vec![other],
    };
    if list.is_empty() {
        list.push(Value::Null);
    }
    list.truncate(limit);
    list
}

/// A value as another type; null where it is none.
fn cast(value: Value, kind: Kind) -> Value {
    match kind {
        Kind::Text => json!(text(&value)),
        Kind::Whole => value.as_i64().map_or(Value::Null, |found| json!(found)),
        Kind::Real => value.as_f64().map_or(Value::Null, |found| json!(found)),
        Kind::Truth => value.as_bool().map_or(Value::Null, |found| json!(found)),
        Kind::Dynamic => value,
    }
}
