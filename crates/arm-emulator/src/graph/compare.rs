//! How values compare.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::functions::{number, text};
use super::syntax::{Comparison, ListTest, TextPlace};

/// Compares two values; null where that makes no sense.
///
/// ARM behaviour (Kusto): null is the same as nothing, and different from everything but null.
pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value) -> Value {
    let turned = matches!(comparison, Comparison::Different | Comparison::DifferentText);
    if left.is_null() || right.is_null() {
        let neither = left.is_null() && right.is_null();
        return match comparison {
            Comparison::Same | Comparison::SameText | Comparison::Different | Comparison::DifferentText
                if !neither =>
            {
                json!(turned)
            }
            _ => Value::Null,
        };
    }
    match comparison {
        Comparison::Same | Comparison::Different => json!(same(left, right) != turned),
        Comparison::SameText | Comparison::DifferentText => json!(same_text(left, right) != turned),
        Comparison::Less => ordered(left, right, Ordering::is_lt),
        Comparison::LessOrSame => ordered(left, right, Ordering::is_le),
        Comparison::More => ordered(left, right, Ordering::is_gt),
        Comparison::MoreOrSame => ordered(left, right, Ordering::is_ge),
    }
}

/// Whether two values are the same; a text is also the same as what it is written for.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => number(left) == number(right),
        (Value::String(_), Value::String(_)) => left == right,
        (Value::String(_), _) | (_, Value::String(_)) => text(left) == text(right),
        _ => left == right,
    }
}

fn same_text(left: &Value, right: &Value) -> bool {
    let (left, right) = (text(left), text(right));
    left == right || left.to_lowercase() == right.to_lowercase()
}

fn ordered(left: &Value, right: &Value, holds: impl Fn(Ordering) -> bool) -> Value {
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => None,
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => None,
        },
    };
    order.map_or(Value::Null, |order| json!(holds(order)))
}

/// The order of rows: numbers, texts, everything else as text; nulls at one end, whatever the direction.
pub(super) fn order(left: &Value, right: &Value, ascending: bool, nulls_first: bool) -> Ordering {
    let at_the_end = |first: bool| if first { Ordering::Less } else { Ordering::Greater };
    match (left.is_null(), right.is_null()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return at_the_end(nulls_first),
        (false, true) => return at_the_end(!nulls_first),
        (false, false) => {}
    }
    let order = match (left, right) {
        (Value::Number(_), Value::Number(_)) => {
            let (left, right) = (
                number(left).unwrap_or_default(),
                number(right).unwrap_or_default(),
            );
            left.total_cmp(&right)
        }
        _ => text(left).cmp(&text(right)),
    };
    if ascending { order } else { order.reverse() }
}

/// Whether a text is in another at a place. Both have the same case, where case does not matter.
pub(super) fn has(place: TextPlace, source: &str, wanted: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    match place {
        TextPlace::Anywhere => source.contains(wanted),
        TextPlace::Start => source.starts_with(wanted),
        TextPlace::End => source.ends_with(wanted),
        // It is compiled, and matched elsewhere.
        TextPlace::Expression => false,
        TextPlace::Term | TextPlace::TermPrefix | TextPlace::TermSuffix => {
            source.match_indices(wanted).any(|(start, found)| {
                let before = source.get(..start).and_then(|text| text.chars().next_back());
                let after = source
                    .get(start + found.len()..)
                    .and_then(|text| text.chars().next());
                let begins = place == TextPlace::TermSuffix || !is_part(before);
                let ends = place == TextPlace::TermPrefix || !is_part(after);
                begins && ends
            })
        }
    }
}

/// Whether a value is, or its text has, one or all of a list. An only element that is a list itself stands for its elements.
pub(super) fn in_list(test: ListTest, value: &Value, list: &[Value]) -> bool {
    let elements = match list {
        [Value::Array(elements)] => elements.as_slice(),
        other => other,
    };
    let has_term = |element: &Value| {
        let (source, wanted) = (text(value).to_lowercase(), text(element).to_lowercase());
        has(TextPlace::Term, &source, &wanted)
    };
    match test {
        ListTest::In => elements
            .iter()
            .any(|element| !value.is_null() && same(value, element)),
        ListTest::InWithoutCase => elements
            .iter()
            .any(|element| !value.is_null() && same_text(value, element)),
        ListTest::HasAny => elements.iter().any(has_term),
        ListTest::HasAll => elements.iter().all(has_term),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_the_same_as_nothing() {
        for (comparison, left, right, expected) in [
            (Comparison::Same, json!(null), json!("a"), json!(false)),
            (Comparison::Different, json!(null), json!("a"), json!(true)),
            (Comparison::Same, json!(null), json!(null), json!(null)),
            (Comparison::Less, json!(null), json!(1), json!(null)),
            (Comparison::Same, json!(true), json!("true"), json!(true)),
            (Comparison::Same, json!(1), json!(1.0), json!(true)),
            (Comparison::Same, json!("A"), json!("a"), json!(false)),
            (Comparison::SameText, json!("A"), json!("a"), json!(true)),
            (Comparison::More, json!("b"), json!("a"), json!(true)),
            (Comparison::More, json!(10), json!("9"), json!(true)),
            (Comparison::More, json!([1]), json!(1), json!(null)),
        ] {
            assert_eq!(compare(comparison, &left, &right), expected, "{left} {right}");
        }
    }

    #[test]
    fn terms_end_where_letters_and_digits_end() {
        for (place, source, wanted, expected) in [
            (TextPlace::Term, "a-private-b", "private", true),
            (TextPlace::Term, "a-privatex", "private", false),
            (TextPlace::TermPrefix, "a-privatex", "private", true),
            (TextPlace::TermSuffix, "xprivate/", "private", true),
            (TextPlace::Term, "äb ä", "ä", true),
            (TextPlace::Anywhere, "abc", "b", true),
            (TextPlace::Start, "abc", "b", false),
            (TextPlace::End, "abc", "bc", true),
        ] {
            assert_eq!(has(place, source, wanted), expected, "{source} {wanted}");
        }
    }

    #[test]
    fn rows_are_ordered_with_nulls_at_one_end() {
        assert_eq!(order(&json!(2), &json!(10), true, true), Ordering::Less);
        assert_eq!(order(&json!("2"), &json!("10"), true, true), Ordering::Greater);
        assert_eq!(order(&json!(null), &json!(1), false, false), Ordering::Greater);
        assert_eq!(order(&json!(null), &json!(1), false, true), Ordering::Less);
    }
}
