//! Expressions whose columns are found: what is evaluated for each row.

use std::borrow::Cow;

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Value, json};

use super::compare;
use super::functions::{FUNCTIONS, Function, Gives, number, text};
use super::meter::Meter;
use super::refusal::Refusal;
use super::syntax::{Comparison, Expression, Kind, ListTest, Step, TextPlace, TextTest};

/// Bytes that a compiled expression may need.
const MOST_REGEX: usize = 16 * 1024;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// An expression that knows where in a row its columns are.
pub(super) enum Bound {
    Literal(Value, Kind),
    Column(usize, Kind),
    Path(Box<Bound>, Vec<BoundStep>),
    Call(&'static Function, Vec<Bound>),
    Extract(Regex, Box<Bound>, Box<Bound>),
    All(Vec<Bound>),
    Any(Vec<Bound>),
    Compare(Comparison, Box<Bound>, Box<Bound>),
    Text(TextTest, Box<Bound>, Box<Bound>, bool),
    Matches(Regex, Box<Bound>),
    List(ListTest, Box<Bound>, Vec<Bound>, bool),
    Arithmetic(char, Box<Bound>, Box<Bound>),
}

pub(super) enum BoundStep {
    Member(String),
    Element(Bound),
}

/// Finds the columns and functions of an expression.
///
/// # Errors
/// One that is not there, a wrong number of arguments, a regular expression that cannot be compiled.
pub(super) fn bind(expression: &Expression, columns: &[Column]) -> Result<Bound, Refusal> {
    let boxed = |expression: &Expression| bind(expression, columns).map(Box::new);
    let all = |list: &[Expression]| {
        list.iter()
            .map(|one| bind(one, columns))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match expression {
        Expression::Literal(value, kind) => Bound::Literal(value.clone(), *kind),
        Expression::Column(name) => {
            let at = position(columns, name)?;
            let kind = columns.get(at).map_or(Kind::Dynamic, |column| column.kind);
            Bound::Column(at, kind)
        }
        Expression::Path(base, steps) => {
            let steps = steps.iter().map(|step| match step {
                Step::Member(name) => Ok(BoundStep::Member(name.clone())),
                Step::Element(element) => bind(element, columns).map(BoundStep::Element),
            });
            Bound::Path(boxed(base)?, steps.collect::<Result<Vec<_>, Refusal>>()?)
        }
        Expression::Call(name, arguments) if name == "extract" => extract(arguments, columns)?,
        Expression::Call(name, arguments) => Bound::Call(function(name, arguments.len())?, all(arguments)?),
        Expression::And(list) => Bound::All(all(list)?),
        Expression::Or(list) => Bound::Any(all(list)?),
        Expression::Compare(comparison, left, right) => {
            Bound::Compare(*comparison, boxed(left)?, boxed(right)?)
        }
        Expression::Text(test, left, right, _) if test.place == TextPlace::Expression => {
            Bound::Matches(regex(right)?, boxed(left)?)
        }
        Expression::Text(test, left, right, turned) => {
            Bound::Text(*test, boxed(left)?, boxed(right)?, *turned)
        }
        Expression::List(test, left, list, turned) => Bound::List(*test, boxed(left)?, all(list)?, *turned),
        Expression::Arithmetic(sign, left, right) => Bound::Arithmetic(*sign, boxed(left)?, boxed(right)?),
    })
}

/// Where a column is.
pub(super) fn position(columns: &[Column], name: &str) -> Result<usize, Refusal> {
    columns
        .iter()
        .position(|column| column.name == name)
        .ok_or_else(|| {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            Refusal::meaning(
                name,
                format!(
                    "Failed to resolve column or scalar expression named '{name}'. Columns here: {}.",
                    known.join(", ")
                ),
            )
        })
}

fn function(name: &str, arguments: usize) -> Result<&'static Function, Refusal> {
    let found = FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .ok_or_else(|| {
            let known = FUNCTIONS.iter().map(|function| function.name).chain(["extract"]);
            Refusal::language("function", name, known)
        })?;
    let (least, most) = found.arguments;
    if (least..=most).contains(&arguments) {
        Ok(found)
    } else {
        Err(Refusal::meaning(
            name,
            format!("{name}(): {arguments} arguments are given; it takes {least} to {most}."),
        ))
    }
}

fn extract(arguments: &[Expression], columns: &[Column]) -> Result<Bound, Refusal> {
    let [pattern, group, source] = arguments else {
        return Err(Refusal::meaning("extract", "extract(): it takes 3 arguments."));
    };
    Ok(Bound::Extract(
        regex(pattern)?,
        Box::new(bind(group, columns)?),
        Box::new(bind(source, columns)?),
    ))
}

fn regex(expression: &Expression) -> Result<Regex, Refusal> {
    let Expression::Literal(Value::String(pattern), _) = expression else {
        return Err(Refusal::meaning(
            "regex",
            "A regular expression has to be a text.",
        ));
    };
    RegexBuilder::new(pattern)
        .size_limit(MOST_REGEX)
        .build()
        .map_err(|error| Refusal::meaning(pattern, format!("The regular expression is not good: {error}.")))
}

impl Bound {
    /// What is known of its values.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Bound::Literal(_, kind) | Bound::Column(_, kind) => *kind,
            Bound::Path(..) => Kind::Dynamic,
            Bound::Call(function, arguments) => match function.gives {
                Gives::Kind(kind) => kind,
                Gives::As(number) => {
                    let kind = arguments.get(number).map(Bound::kind);
                    // What is sometimes a text and sometimes something else is anything.
                    let same = |other: &Bound| Some(other.kind()) == kind;
                    match function.name {
                        "coalesce" if !arguments.iter().all(same) => Kind::Dynamic,
                        "iff" | "iif" if !arguments.iter().skip(1).all(same) => Kind::Dynamic,
                        _ => kind.unwrap_or(Kind::Dynamic),
                    }
                }
            },
            Bound::Extract(..) => Kind::Text,
            Bound::Arithmetic(_, left, right) => {
                if left.kind() == Kind::Whole && right.kind() == Kind::Whole {
                    Kind::Whole
                } else {
                    Kind::Real
                }
            }
            _ => Kind::Truth,
        }
    }

    /// Whether it holds for a row.
    pub(super) fn holds(&self, row: &[Value], meter: &Meter) -> bool {
        self.value(row, meter).as_bool() == Some(true)
    }

    /// Its value for a row; null once the query has cost too much, which its operator finds out.
    pub(super) fn value<'a>(&'a self, row: &'a [Value], meter: &Meter) -> Cow<'a, Value> {
        if !meter.step(1) {
            return Cow::Owned(Value::Null);
        }
        match self {
            Bound::Literal(value, _) => Cow::Borrowed(value),
            Bound::Column(at, _) => row.get(*at).map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            Bound::Path(base, steps) => walk(base.value(row, meter), steps, row, meter),
            Bound::Call(function, arguments) => call(function, arguments, row, meter),
            Bound::Extract(regex, group, source) => {
                let (group, source) = (group.value(row, meter), source.value(row, meter));
                Cow::Owned(extracted(regex, &group, &text(&source), meter))
            }
            Bound::All(list) => Cow::Owned(together(list, row, meter, false)),
            Bound::Any(list) => Cow::Owned(together(list, row, meter, true)),
            Bound::Compare(comparison, left, right) => {
                let (left, right) = (left.value(row, meter), right.value(row, meter));
                meter.step(text_length(&left).min(text_length(&right)) / 16);
                Cow::Owned(compare::compare(*comparison, &left, &right))
            }
            Bound::Text(test, left, right, turned) => {
                let (left, right) = (left.value(row, meter), right.value(row, meter));
                meter.step(text_length(&left) / 16);
                Cow::Owned(json!(tested(*test, &text(&left), &text(&right)) != *turned))
            }
            Bound::Matches(regex, source) => {
                let source = source.value(row, meter);
                let source = text(&source);
                let may = meter.step(source.len().saturating_mul(16));
                Cow::Owned(json!(may && regex.is_match(&source)))
            }
            Bound::List(test, left, list, turned) => {
                let left = left.value(row, meter);
                let list: Vec<Value> = list
                    .iter()
                    .map(|element| element.value(row, meter).into_owned())
                    .collect();
                meter.step(list.iter().map(elements).sum::<usize>());
                Cow::Owned(json!(compare::in_list(*test, &left, &list) != *turned))
            }
            Bound::Arithmetic(sign, left, right) => {
                let (left, right) = (left.value(row, meter), right.value(row, meter));
                Cow::Owned(calculated(*sign, &left, &right))
            }
        }
    }
}

fn call<'a>(function: &Function, arguments: &'a [Bound], row: &'a [Value], meter: &Meter) -> Cow<'a, Value> {
    let values: Vec<Cow<'_, Value>> = arguments
        .iter()
        .map(|argument| argument.value(row, meter))
        .collect();
    let lengths = values.iter().map(|value| text_length(value));
    let made = match (function.name, values.as_slice()) {
        // A replacement can be as long as its text times what it puts in.
        ("replace_string", [source, wanted, new]) => {
            let (source, wanted, new) = (text(source), text(wanted), text(new));
            let found = if wanted.is_empty() {
                0
            } else {
                source.matches(&*wanted).count()
            };
            source.len().saturating_add(found.saturating_mul(new.len()))
        }
        _ => lengths.fold(0, usize::saturating_add),
    };
    if meter.step(made / 16) && (made < 1_024 || meter.make(made)) {
        Cow::Owned((function.run)(&values))
    } else {
        Cow::Owned(Value::Null)
    }
}

/// How many elements a value stands for in a list.
fn elements(value: &Value) -> usize {
    value.as_array().map_or(1, |list| list.len().saturating_add(1))
}

/// About how long a value's text is.
fn text_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(text_length).fold(16, usize::saturating_add),
        Value::Object(fields) => fields.values().map(text_length).fold(16, usize::saturating_add),
        _ => 16,
    }
}

fn walk<'a>(base: Cow<'a, Value>, steps: &'a [BoundStep], row: &'a [Value], meter: &Meter) -> Cow<'a, Value> {
    let null = Cow::Owned(Value::Null);
    match base {
        Cow::Borrowed(base) => steps
            .iter()
            .try_fold(base, |value, step| below(value, step, row, meter))
            .map_or(null, Cow::Borrowed),
        Cow::Owned(base) => steps
            .iter()
            .try_fold(&base, |value, step| below(value, step, row, meter))
            .map_or(null, |found| Cow::Owned(found.clone())),
    }
}

/// A member or an element of a value. Elements count from the end where the number is below zero.
fn below<'v>(value: &'v Value, step: &BoundStep, row: &[Value], meter: &Meter) -> Option<&'v Value> {
    meter.step(1);
    match step {
        BoundStep::Member(name) => value.get(name.as_str()),
        BoundStep::Element(element) => {
            let element = element.value(row, meter);
            match (value, &*element) {
                (Value::Object(fields), Value::String(name)) => fields.get(name),
                (Value::Array(list), Value::Number(number)) => {
                    let number = number.as_i64()?;
                    let length = i64::try_from(list.len()).ok()?;
                    let at = if number < 0 {
                        length.checked_add(number)?
                    } else {
                        number
                    };
                    list.get(usize::try_from(at).ok()?)
                }
                _ => None,
            }
        }
    }
}

/// Whether all or any of a list holds; null where a part is null and nothing else decides.
fn together(list: &[Bound], row: &[Value], meter: &Meter, decides: bool) -> Value {
    let mut unknown = false;
    for part in list {
        match part.value(row, meter).as_bool() {
            Some(found) if found == decides => return json!(decides),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { Value::Null } else { json!(!decides) }
}

fn tested(test: TextTest, source: &str, wanted: &str) -> bool {
    if test.exact {
        compare::has(test.place, source, wanted)
    } else {
        compare::has(test.place, &source.to_lowercase(), &wanted.to_lowercase())
    }
}

fn extracted(regex: &Regex, group: &Value, source: &str, meter: &Meter) -> Value {
    if !meter.step(source.len().saturating_mul(32)) {
        return Value::Null;
    }
    let group = group.as_u64().and_then(|group| usize::try_from(group).ok());
    let found = regex
        .captures(source)
        .and_then(|captures| captures.get(group.unwrap_or_default()));
    json!(found.map_or("", |found| found.as_str()))
}

/// Whole numbers stay whole; what has no result is null.
fn calculated(sign: char, left: &Value, right: &Value) -> Value {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        let found = match sign {
            '+' => left.checked_add(right),
            '-' => left.checked_sub(right),
            '*' => left.checked_mul(right),
            '/' => left.checked_div(right),
            _ => left.checked_rem(right),
        };
        return found.map_or(Value::Null, |found| json!(found));
    }
    let is_number = |value: &Value| value.is_number();
    let (Some(first), Some(second)) = (number(left), number(right)) else {
        return Value::Null;
    };
    if !is_number(left) || !is_number(right) {
        return Value::Null;
    }
    let found = match sign {
        '+' => first + second,
        '-' => first - second,
        '*' => first * second,
        '/' => first / second,
        _ => first % second,
    };
    // JSON has no infinity: such a result is null.
    json!(found)
}
