//! Rows brought together in groups: `summarize`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::bound::{self, Bound, Column};
use super::compare;
use super::evaluate::{bind_all, check_columns, key_of, refuse_dynamic, unused};
use super::functions::number;
use super::meter::Meter;
use super::refusal::Refusal;
use super::syntax::{Aggregate, Kind, Named};
use super::table::{Row, Table};

/// The aggregates: name, arguments at least and at most, what their columns' names begin with.
const AGGREGATES: &[(&str, (usize, usize), &str)] = &[
    ("count", (0, 0), "count_"),
    ("countif", (1, 1), "countif_"),
    ("dcount", (1, 2), "dcount_"),
    ("sum", (1, 1), "sum_"),
    ("avg", (1, 1), "avg_"),
    ("min", (1, 1), "min_"),
    ("max", (1, 1), "max_"),
    ("make_list", (1, 2), "list_"),
    ("make_set", (1, 2), "set_"),
    ("any", (1, 1), "any_"),
    ("take_any", (1, 1), ""),
];

struct BoundAggregate {
    function: &'static str,
    argument: Option<Bound>,
    /// How many elements a list or set has at most.
    most: usize,
}

/// One row for each group: its keys, and what its aggregates come to.
pub(super) fn summarize(
    table: &mut Table,
    aggregates: &[Aggregate],
    by: &[Named],
    meter: &Meter,
) -> Result<(), Refusal> {
    let (mut columns, keys) = bind_all(by, &table.columns)?;
    for column in &columns {
        refuse_dynamic(column.kind, Some(column.name.clone()), "summarize")?;
    }
    check_columns(aggregates.len())?;
    let mut bound = Vec::with_capacity(aggregates.len());
    for aggregate in aggregates {
        let (column, aggregate) = bind(aggregate, &table.columns)?;
        columns.push(Column {
            name: unused(&columns, &column.name),
            ..column
        });
        bound.push(aggregate);
    }
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(Vec<Value>, Vec<Row>)> = Vec::new();
    if keys.is_empty() {
        groups.push((Vec::new(), std::mem::take(&mut table.rows)));
    }
    for row in std::mem::take(&mut table.rows) {
        let key: Vec<Value> = keys
            .iter()
            .map(|key| key.value(&row.cells, meter).into_owned())
            .collect();
        meter.keep_all(&key)?;
        let number = *numbers
            .entry(key_of(key.iter().map(Cow::Borrowed)))
            .or_insert(groups.len());
        match groups.get_mut(number) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    for (mut cells, rows) in groups {
        for aggregate in &bound {
            cells.push(aggregate.value(&rows, meter));
            meter.check()?;
        }
        meter.keep_all(&cells)?;
        table.rows.push(Row { cells, source: None });
    }
    table.columns = columns;
    Ok(())
}

fn bind(aggregate: &Aggregate, columns: &[Column]) -> Result<(Column, BoundAggregate), Refusal> {
    let name = aggregate.function.as_str();
    let (function, (least, most), prefix) = AGGREGATES
        .iter()
        .find(|(known, _, _)| *known == name)
        .ok_or_else(|| Refusal::language("aggregate", name, AGGREGATES.iter().map(|(known, _, _)| *known)))?;
    if !(*least..=*most).contains(&aggregate.arguments.len()) {
        let given = aggregate.arguments.len();
        return Err(Refusal::meaning(
            name,
            format!("{name}(): {given} arguments are given; it takes {least} to {most}."),
        ));
    }
    let argument = match aggregate.arguments.first() {
        Some(argument) => Some(bound::bind(argument, columns)?),
        None => None,
    };
    let own = aggregate
        .arguments
        .first()
        .and_then(|argument| argument.own_name());
    let most = match aggregate.arguments.get(1) {
        Some(most) => match bound::bind(most, columns)? {
            Bound::Literal(Value::Number(most), _) => {
                most.as_u64().and_then(|most| usize::try_from(most).ok())
            }
            _ => None,
        }
        .ok_or_else(|| {
            Refusal::meaning(name, format!("{name}(): its second argument has to be a number."))
        })?,
        None => usize::MAX,
    };
    let kind = match *function {
        "count" | "countif" | "dcount" => Kind::Whole,
        "avg" => Kind::Real,
        "make_list" | "make_set" => Kind::Dynamic,
        _ => argument.as_ref().map_or(Kind::Dynamic, Bound::kind),
    };
    let column = Column {
        name: aggregate
            .name
            .clone()
            .unwrap_or_else(|| format!("{prefix}{}", own.unwrap_or_default())),
        kind,
    };
    let bound = BoundAggregate {
        function,
        argument,
        most,
    };
    Ok((column, bound))
}

impl BoundAggregate {
    fn value(&self, rows: &[Row], meter: &Meter) -> Value {
        let Some(argument) = &self.argument else {
            return json!(rows.len());
        };
        let values = rows.iter().map(|row| argument.value(&row.cells, meter));
        // Nulls count in no aggregate.
        let known = values.filter(|value| !value.is_null());
        match self.function {
            "countif" => json!(known.filter(|value| value.as_bool() == Some(true)).count()),
            "dcount" => {
                let seen: HashSet<String> = known.map(|value| key_of(std::iter::once(value))).collect();
                json!(seen.len())
            }
            "sum" => sum(known.filter_map(|value| value_of(&value))),
            "avg" => {
                let numbers: Vec<f64> = known.filter_map(|value| number(&value)).collect();
                let total: f64 = numbers.iter().sum();
                // Without numbers there is no average: JSON's null.
                json!(total / numbers.len() as f64)
            }
            "min" | "max" => {
                let ascending = self.function == "min";
                known
                    .min_by(|one, other| compare::order(one, other, ascending, false))
                    .map_or(Value::Null, Cow::into_owned)
            }
            "make_list" => Value::Array(self.kept(known, meter)),
            "make_set" => {
                let mut seen = HashSet::new();
                let unseen =
                    known.filter(|value| seen.insert(key_of(std::iter::once(Cow::Borrowed(&**value)))));
                Value::Array(self.kept(unseen, meter))
            }
            _ => {
                let mut known = known;
                known.next().map_or(Value::Null, Cow::into_owned)
            }
        }
    }

    fn kept<'v>(&self, values: impl Iterator<Item = Cow<'v, Value>>, meter: &Meter) -> Vec<Value> {
        values
            .take(self.most)
            .take_while(|_| meter.step(1) && meter.check().is_ok())
            .map(|value| {
                meter.keep(&value);
                value.into_owned()
            })
            .collect()
    }
}

fn value_of(value: &Value) -> Option<Value> {
    value.is_number().then(|| value.clone())
}

/// Whole as long as all of it is whole.
fn sum(numbers: impl Iterator<Item = Value>) -> Value {
    let numbers: Vec<Value> = numbers.collect();
    let whole = numbers
        .iter()
        .try_fold(0_i64, |sum, value| sum.checked_add(value.as_i64()?));
    match whole {
        Some(whole) => json!(whole),
        None => json!(numbers.iter().filter_map(number).sum::<f64>()),
    }
}
