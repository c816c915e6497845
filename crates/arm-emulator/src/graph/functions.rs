//! The scalar functions of queries.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::syntax::Kind;

/// What a function gives back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gives {
    Kind(Kind),
    /// The same as one of its arguments.
    As(usize),
}

/// A function of values alone.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// How many arguments it takes, at least and at most.
    pub(super) arguments: (usize, usize),
    pub(super) gives: Gives,
    pub(super) run: fn(&[Cow<'_, Value>]) -> Value,
}

const MANY: usize = 64;
/// Parts of a text at most.
const MOST_PARTS: usize = 65_536;
const TEXT: Gives = Gives::Kind(Kind::Text);
const WHOLE: Gives = Gives::Kind(Kind::Whole);
const REAL: Gives = Gives::Kind(Kind::Real);
const TRUTH: Gives = Gives::Kind(Kind::Truth);
const DYNAMIC: Gives = Gives::Kind(Kind::Dynamic);

const fn function(
    name: &'static str,
    arguments: (usize, usize),
    gives: Gives,
    run: fn(&[Cow<'_, Value>]) -> Value,
) -> Function {
    Function {
        name,
        arguments,
        gives,
        run,
    }
}

/// All of them. `extract` and `matches regex` are elsewhere: their expression is compiled once.
pub(super) static FUNCTIONS: &[Function] = &[
    function("tostring", (1, 1), TEXT, |list| json!(text(at(list, 0)))),
    function("tolower", (1, 1), TEXT, |list| {
        json!(text(at(list, 0)).to_lowercase())
    }),
    function("toupper", (1, 1), TEXT, |list| {
        json!(text(at(list, 0)).to_uppercase())
    }),
    function("toint", (1, 1), WHOLE, |list| whole(at(list, 0))),
    function("tolong", (1, 1), WHOLE, |list| whole(at(list, 0))),
    function("todouble", (1, 1), REAL, |list| {
        number(at(list, 0)).map_or(Value::Null, |found| json!(found))
    }),
    function("toreal", (1, 1), REAL, |list| {
        number(at(list, 0)).map_or(Value::Null, |found| json!(found))
    }),
    function("tobool", (1, 1), TRUTH, |list| truth(at(list, 0))),
    function("todynamic", (1, 1), DYNAMIC, |list| parsed(at(list, 0))),
    function("parse_json", (1, 1), DYNAMIC, |list| parsed(at(list, 0))),
    function("isnull", (1, 1), TRUTH, |list| json!(at(list, 0).is_null())),
    function("isnotnull", (1, 1), TRUTH, |list| json!(!at(list, 0).is_null())),
    function("isempty", (1, 1), TRUTH, |list| json!(is_empty(at(list, 0)))),
    function("isnotempty", (1, 1), TRUTH, |list| json!(!is_empty(at(list, 0)))),
    function("not", (1, 1), TRUTH, |list| {
        truth(at(list, 0))
            .as_bool()
            .map_or(Value::Null, |found| json!(!found))
    }),
    function("iff", (3, 3), Gives::As(1), choose),
    function("iif", (3, 3), Gives::As(1), choose),
    function("case", (3, MANY), Gives::As(1), case),
    function("coalesce", (2, MANY), Gives::As(0), coalesce),
    function("strcat", (1, MANY), TEXT, |list| {
        json!(list.iter().map(|value| text(value)).collect::<String>())
    }),
    function("strlen", (1, 1), WHOLE, |list| {
        json!(text(at(list, 0)).chars().count())
    }),
    function("substring", (2, 3), TEXT, substring),
    function("indexof", (2, 2), WHOLE, index_of),
    function("replace_string", (3, 3), TEXT, replace),
    function("split", (2, 3), DYNAMIC, split),
    function("array_length", (1, 1), WHOLE, |list| {
        at(list, 0)
            .as_array()
            .map_or(Value::Null, |array| json!(array.len()))
    }),
    function("strcat_array", (2, 2), TEXT, join),
    function("set_has_element", (2, 2), TRUTH, |list| {
        at(list, 0)
            .as_array()
            .map_or(Value::Null, |array| json!(array.contains(at(list, 1))))
    }),
    function("bag_keys", (1, 1), DYNAMIC, |list| {
        at(list, 0)
            .as_object()
            .map_or(Value::Null, |fields| json!(fields.keys().collect::<Vec<_>>()))
    }),
    function("pack_array", (1, MANY), DYNAMIC, |list| {
        Value::Array(list.iter().map(|value| Value::clone(value)).collect())
    }),
    function("bag_pack", (2, MANY), DYNAMIC, pack),
    function("pack", (2, MANY), DYNAMIC, pack),
];

/// One argument; null where there is none.
fn at<'a>(list: &'a [Cow<'_, Value>], number: usize) -> &'a Value {
    list.get(number).map_or(&Value::Null, |value| &**value)
}

/// A value as text: JSON without blanks, nothing for null.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        // As the language writes them.
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        other => Cow::Owned(other.to_string()),
    }
}

/// A value as number, also one that is written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Bool(truth) => Some(if *truth { 1.0 } else { 0.0 }),
        _ => None,
    }
}

fn whole(value: &Value) -> Value {
    match value {
        Value::Number(found) if found.is_i64() => value.clone(),
        Value::String(text) if text.trim().parse::<i64>().is_ok() => {
            json!(text.trim().parse::<i64>().unwrap_or_default())
        }
        // A cast of floats is cut off at the ends of the range.
        _ => number(value).map_or(Value::Null, |found| json!(found as i64)),
    }
}

fn truth(value: &Value) -> Value {
    match value {
        Value::Bool(_) => value.clone(),
        Value::Number(number) => json!(number.as_f64() != Some(0.0)),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => json!(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => json!(false),
        _ => Value::Null,
    }
}

/// JSON in a text; what is none stays a text.
fn parsed(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str().is_some_and(str::is_empty)
}

fn choose(list: &[Cow<'_, Value>]) -> Value {
    let chosen = if *at(list, 0) == json!(true) { 1 } else { 2 };
    at(list, chosen).clone()
}

/// Conditions and values by turns, and a last value for when no condition holds.
fn case(list: &[Cow<'_, Value>]) -> Value {
    let mut pairs = list.chunks_exact(2);
    let found = pairs.by_ref().find(|pair| *at(pair, 0) == json!(true));
    match found {
        Some(pair) => at(pair, 1).clone(),
        None => list
            .last()
            .filter(|_| !list.len().is_multiple_of(2))
            .map_or(Value::Null, |last| Value::clone(last)),
    }
}

fn coalesce(list: &[Cow<'_, Value>]) -> Value {
    list.iter()
        .find(|value| !is_empty(value))
        .map_or(Value::Null, |value| Value::clone(value))
}

fn position(value: &Value) -> usize {
    let number = value.as_i64().unwrap_or_default().max(0);
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn substring(list: &[Cow<'_, Value>]) -> Value {
    let length = list.get(2).map_or(usize::MAX, |length| position(length));
    let source = text(at(list, 0));
    let found: String = source.chars().skip(position(at(list, 1))).take(length).collect();
    json!(found)
}

/// Counted in characters; -1 where it is not.
fn index_of(list: &[Cow<'_, Value>]) -> Value {
    let (source, wanted) = (text(at(list, 0)), text(at(list, 1)));
    match source.find(&*wanted) {
        Some(bytes) => json!(source.get(..bytes).unwrap_or_default().chars().count()),
        None => json!(-1),
    }
}

fn replace(list: &[Cow<'_, Value>]) -> Value {
    let (source, wanted) = (text(at(list, 0)), text(at(list, 1)));
    if wanted.is_empty() {
        return json!(source);
    }
    json!(source.replace(&*wanted, &text(at(list, 2))))
}

/// The parts of a text; with a third argument only that one, in a list.
fn split(list: &[Cow<'_, Value>]) -> Value {
    let (source, sign) = (text(at(list, 0)), text(at(list, 1)));
    let parts: Vec<&str> = if sign.is_empty() {
        vec![&*source]
    } else {
        source.split(&*sign).take(MOST_PARTS).collect()
    };
    match list.get(2) {
        Some(wanted) => {
            let found: Vec<&&str> = parts.get(position(wanted)).into_iter().collect();
            json!(found)
        }
        None => json!(parts),
    }
}

fn join(list: &[Cow<'_, Value>]) -> Value {
    let parts: Vec<Cow<'_, str>> = at(list, 0).as_array().into_iter().flatten().map(text).collect();
    json!(parts.join(&text(at(list, 1))))
}

/// Names and values by turns.
fn pack(list: &[Cow<'_, Value>]) -> Value {
    let fields: Map<String, Value> = list
        .chunks_exact(2)
        .map(|pair| (text(at(pair, 0)).into_owned(), at(pair, 1).clone()))
        .collect();
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, arguments: Value) -> Value {
        let found = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
        let list: Vec<Cow<'_, Value>> = arguments.as_array().unwrap().iter().map(Cow::Borrowed).collect();
        (found.run)(&list)
    }

    #[test]
    fn functions_give_what_the_language_says() {
        for (name, arguments, expected) in [
            ("tostring", json!([{"a": 1}]), json!("{\"a\":1}")),
            ("tostring", json!([null]), json!("")),
            ("tolower", json!(["Ä"]), json!("ä")),
            ("toint", json!(["12"]), json!(12)),
            ("toint", json!([1.9]), json!(1)),
            ("toint", json!(["x"]), json!(null)),
            ("todouble", json!(["1.5"]), json!(1.5)),
            ("tobool", json!(["True"]), json!(true)),
            ("tobool", json!(["x"]), json!(null)),
            ("parse_json", json!(["[1]"]), json!([1])),
            ("parse_json", json!(["[1"]), json!("[1")),
            ("isempty", json!([""]), json!(true)),
            ("isempty", json!([[]]), json!(false)),
            ("not", json!([null]), json!(null)),
            ("iff", json!([false, 1, 2]), json!(2)),
            ("case", json!([false, 1, true, 2, 3]), json!(2)),
            ("case", json!([false, 1, 3]), json!(3)),
            ("coalesce", json!([null, "", "x"]), json!("x")),
            ("strcat", json!(["a", 1, null]), json!("a1")),
            ("strlen", json!(["äö"]), json!(2)),
            ("substring", json!(["äöü", 1]), json!("öü")),
            ("substring", json!(["abc", -5, 2]), json!("ab")),
            ("indexof", json!(["äb", "b"]), json!(1)),
            ("indexof", json!(["a", "b"]), json!(-1)),
            ("replace_string", json!(["aa", "a", "b"]), json!("bb")),
            ("replace_string", json!(["aa", "", "b"]), json!("aa")),
            ("split", json!(["a/b", "/"]), json!(["a", "b"])),
            ("split", json!(["a/b", "/", 1]), json!(["b"])),
            ("split", json!(["a/b", "/", 9]), json!([])),
            ("array_length", json!([[1, 2]]), json!(2)),
            ("array_length", json!(["x"]), json!(null)),
            ("strcat_array", json!([["a", 1], "-"]), json!("a-1")),
            ("set_has_element", json!([["a"], "a"]), json!(true)),
            ("bag_keys", json!([{"b": 1, "a": 2}]), json!(["a", "b"])),
            ("bag_pack", json!(["a", 1]), json!({"a": 1})),
        ] {
            assert_eq!(run(name, arguments.clone()), expected, "{name} {arguments}");
        }
    }
}
