//! The expressions in brackets that policies and templates have, as far as rules of the private DNS kind need them.

use serde_json::{Map, Value, json};

use super::rule;

/// What an expression can ask for.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Values by the names of parameters.
    pub(crate) parameters: &'a Map<String, Value>,
    /// The resource that a rule is held against.
    pub(crate) resource: Option<&'a Value>,
}

/// A value with every expression in it replaced by what it stands for; `None` where one cannot be understood.
pub(crate) fn resolved(value: &Value, context: Context<'_>) -> Option<Value> {
    match value {
        Value::String(text) => match text.strip_prefix('[') {
            Some(rest) if rest.starts_with('[') => Some(json!(rest)),
            Some(rest) => evaluate(rest.strip_suffix(']')?, context),
            None => Some(value.clone()),
        },
        Value::Array(items) => items.iter().map(|item| resolved(item, context)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| Some((name.clone(), resolved(inner, context)?)))
            .collect::<Option<Map<String, Value>>>()
            .map(Value::Object),
        other => Some(other.clone()),
    }
}

fn evaluate(text: &str, context: Context<'_>) -> Option<Value> {
    let mut reader = Reader {
        rest: text,
        context,
        depth: 0,
    };
    let value = reader.value()?;
    reader.rest.trim().is_empty().then_some(value)
}

/// How many calls may stand in each other.
const DEPTH: u32 = 32;

struct Reader<'t, 'c> {
    rest: &'t str,
    context: Context<'c>,
    depth: u32,
}

impl Reader<'_, '_> {
    fn skip(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('\'') {
            return self.text().map(Value::String);
        }
        let end = self
            .rest
            .find(|character: char| !character.is_ascii_alphanumeric() && character != '-')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if let Ok(number) = word.parse::<i64>() {
            return Some(json!(number));
        }
        self.depth += 1;
        if self.depth > DEPTH || !self.skip('(') {
            return None;
        }
        let mut arguments = Vec::new();
        while !self.skip(')') {
            arguments.push(self.value()?);
            if !self.skip(',') && !self.rest.trim_start().starts_with(')') {
                return None;
            }
        }
        self.depth -= 1;
        let mut found = self.call(word, &arguments)?;
        while self.skip('.') {
            let end = self
                .rest
                .find(|character: char| !character.is_ascii_alphanumeric())
                .unwrap_or(self.rest.len());
            let (name, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest;
            found = found.get(name)?.clone();
        }
        Some(found)
    }

    /// A text in quotes; two quotes stand for one.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut rest = self.rest.strip_prefix('\'')?;
        loop {
            let (part, after) = rest.split_once('\'')?;
            text.push_str(part);
            match after.strip_prefix('\'') {
                Some(more) => {
                    text.push('\'');
                    rest = more;
                }
                None => {
                    self.rest = after;
                    return Some(text);
                }
            }
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Value> {
        let text = |number: usize| arguments.get(number).and_then(Value::as_str);
        match name.to_ascii_lowercase().as_str() {
            "parameters" => {
                let wanted = text(0)?;
                self.context
                    .parameters
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                    .map(|(_, value)| value.clone())
            }
            "field" => Some(rule::field(self.context.resource?, text(0)?)),
            "concat" => match arguments.first()? {
                Value::Array(_) => Some(Value::Array(
                    arguments
                        .iter()
                        .filter_map(Value::as_array)
                        .flatten()
                        .cloned()
                        .collect(),
                )),
                _ => Some(json!(arguments.iter().map(rule::as_text).collect::<String>())),
            },
            "tolower" => Some(json!(text(0)?.to_lowercase())),
            "toupper" => Some(json!(text(0)?.to_uppercase())),
            "split" => Some(json!(text(0)?.split(text(1)?).collect::<Vec<&str>>())),
            "first" => arguments.first()?.as_array()?.first().cloned(),
            "last" => arguments.first()?.as_array()?.last().cloned(),
            "length" => match arguments.first()? {
                Value::Array(items) => Some(json!(items.len())),
                other => Some(json!(other.as_str()?.chars().count())),
            },
            "empty" => match arguments.first()? {
                Value::Array(items) => Some(json!(items.is_empty())),
                Value::Null => Some(json!(true)),
                other => Some(json!(other.as_str()?.is_empty())),
            },
            "subscription" => {
                let id = self.context.resource?.get("id")?.as_str()?;
                let subscription = id.split('/').nth(2)?;
                Some(json!({"id": format!("/subscriptions/{subscription}"), "subscriptionId": subscription}))
            }
            "resourcegroup" => {
                let resource = self.context.resource?;
                let id = resource.get("id")?.as_str()?;
                let scope: Vec<&str> = id.split('/').take(5).collect();
                Some(
                    json!({"id": scope.join("/"), "name": scope.get(4)?, "location": resource.get("location")}),
                )
            }
            _ => None,
        }
    }
}
