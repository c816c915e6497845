//! What a query's request says besides the query.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::refusal::{Refusal, bad_request};
use crate::request::call::Call;
use crate::request::errors::{self, Failure};
use crate::request::place::is_guid;

/// The versions of the API.
const API_VERSIONS: &[&str] = &[
    "2019-04-01",
    "2020-04-01-preview",
    "2021-03-01",
    "2021-06-01-preview",
    "2022-10-01",
    "2024-04-01",
];
/// ARM behaviour: rows of a page at most, and where nothing is said.
const MOST_ROWS: usize = 1_000;

/// How rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Objects,
    Table,
}

/// One request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) query: String,
    /// `None`: all of the tenant.
    pub(super) subscriptions: Option<Vec<String>>,
    pub(super) top: usize,
    pub(super) skip: usize,
    pub(super) format: Format,
}

impl Request {
    /// Takes a request apart.
    ///
    /// # Errors
    /// What the API's specification does not allow, and what the emulator does not do (facets).
    pub(super) fn parse(call: &Call<'_>) -> Result<Self, Failure> {
        if !API_VERSIONS.contains(&call.api_version.as_str()) {
            return Err(errors::no_such_version(
                "Microsoft.ResourceGraph/resources",
                &call.api_version,
                API_VERSIONS,
            ));
        }
        let body = call.json()?;
        let wrong = |message: String| bad_request(call, "InvalidRequest", message);
        let query = body
            .get("query")
            .and_then(Value::as_str)
            .filter(|query| !query.trim().is_empty())
            .ok_or_else(|| wrong("The request has to have a query.".to_owned()))?;
        for (field, what) in [("facets", "facets")] {
            if body
                .get(field)
                .and_then(Value::as_array)
                .is_some_and(|list| !list.is_empty())
            {
                return Err(wrong(format!("The emulator makes no {what}.")));
            }
        }
        let groups = ids(&body, "managementGroups").map_err(wrong)?;
        let subscriptions = ids(&body, "subscriptions").map_err(wrong)?;
        if groups.is_some() && subscriptions.is_some() {
            return Err(wrong(
                "A query is about subscriptions or about management groups, not about both.".to_owned(),
            ));
        }
        // ARM behaviour: one that is no GUID is refused by itself, whichever others there are.
        let wrong_ids = subscriptions.iter().flatten().filter(|id| !is_guid(id));
        let wrong_ids: Vec<&str> = wrong_ids.map(String::as_str).collect();
        if !wrong_ids.is_empty() {
            let message = format!(
                "Subscription ids have to be valid GUIDs. Given: '{}'.",
                wrong_ids.join(", ")
            );
            return Err(bad_request(call, "SubscriptionsContainInvalidGuids", message));
        }
        let options = match body.get("options") {
            None | Some(Value::Null) => Value::Null,
            Some(options) if options.is_object() => options.clone(),
            Some(_) => return Err(wrong("options has to be an object.".to_owned())),
        };
        let mut request = Request {
            query: query.to_owned(),
            subscriptions,
            top: number(&options, "$top").map_err(wrong)?.unwrap_or(MOST_ROWS),
            skip: number(&options, "$skip").map_err(wrong)?.unwrap_or_default(),
            format: format(&options).map_err(wrong)?,
        };
        if !(1..=MOST_ROWS).contains(&request.top) {
            return Err(wrong(format!("$top has to be between 1 and {MOST_ROWS}.")));
        }
        match options.get("$skipToken") {
            None | Some(Value::Null) => {}
            Some(Value::String(token)) if token.is_empty() => {}
            Some(token) => {
                let token = Token::parse(token).filter(|token| token.query == digest(&request.query));
                let token = token.ok_or_else(|| Refusal::token().failure(call))?;
                request.skip = token.skip;
                if number(&options, "$top").map_err(wrong)?.is_none() {
                    request.top = token.top.clamp(1, MOST_ROWS);
                }
            }
        }
        Ok(request)
    }
}

/// A list of texts; an empty one is none.
fn ids(body: &Value, field: &str) -> Result<Option<Vec<String>>, String> {
    let list = match body.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(format!("{field} has to be a list of texts.")),
    };
    let texts: Option<Vec<String>> = list.iter().map(|id| id.as_str().map(str::to_owned)).collect();
    let mut texts = texts.ok_or_else(|| format!("{field} has to be a list of texts."))?;
    texts.sort_by_key(|id| id.to_ascii_lowercase());
    texts.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    Ok(Some(texts).filter(|texts| !texts.is_empty()))
}

fn number(options: &Value, field: &str) -> Result<Option<usize>, String> {
    match options.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| format!("{field} has to be a whole number that is not below zero.")),
    }
}

fn format(options: &Value) -> Result<Format, String> {
    match options.get("resultFormat") {
        None | Some(Value::Null) => Ok(Format::Objects),
        Some(Value::String(format)) if format.eq_ignore_ascii_case("objectArray") => Ok(Format::Objects),
        Some(Value::String(format)) if format.eq_ignore_ascii_case("table") => Ok(Format::Table),
        Some(_) => Err("resultFormat has to be 'objectArray' or 'table'.".to_owned()),
    }
}

/// Where the next page begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    skip: usize,
    top: usize,
    /// Of which query.
    query: String,
}

impl Token {
    pub(super) fn of(request: &Request, skip: usize) -> Self {
        Token {
            skip,
            top: request.top,
            query: digest(&request.query),
        }
    }

    pub(super) fn text(&self) -> String {
        let content = json!({"skip": self.skip, "top": self.top, "query": self.query});
        URL_SAFE_NO_PAD.encode(content.to_string())
    }

    fn parse(token: &Value) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token.as_str()?).ok()?;
        let content: Value = serde_json::from_slice(&bytes).ok()?;
        let number = |field: &str| usize::try_from(content.get(field)?.as_u64()?).ok();
        Some(Token {
            skip: number("skip")?,
            top: number("top")?,
            query: content.get("query")?.as_str()?.to_owned(),
        })
    }
}

fn digest(query: &str) -> String {
    crate::authorization::rbac::guid_from(query)
}
