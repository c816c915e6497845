//! Why a query is not answered, in Resource Graph's form.

use serde_json::{Value, json};

use crate::request::call::Call;
use crate::request::errors::Failure;

/// A place in a query: the line from 1, the character in it from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) character: usize,
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    code: &'static str,
    message: String,
    /// `None`: the whole query.
    at: Option<Position>,
    token: String,
    expected: Option<String>,
}

impl Refusal {
    /// The query is no sentence of the language: something else should stand at a place.
    pub(super) fn parser(at: Position, token: impl Into<String>, expected: impl Into<String>) -> Self {
        Refusal {
            code: "ParserFailure",
            message: "ParserFailure".to_owned(),
            at: Some(at),
            token: token.into(),
            expected: Some(expected.into()),
        }
    }

    /// A word of the language that is not in the subset; `known` are those that are.
    pub(super) fn language<'a>(what: &str, token: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.collect();
        Refusal {
            code: "InvalidQueryLanguage",
            message: format!(
                "InvalidQueryLanguage: the emulator knows no {what} '{token}'. It knows: {}.",
                known.join(", ")
            ),
            at: None,
            token: token.to_owned(),
            expected: None,
        }
    }

    /// The query is a sentence, but means nothing: a column that is not there, a type that does not fit.
    pub(super) fn meaning(token: &str, message: impl Into<String>) -> Self {
        Refusal {
            code: "SemanticError",
            message: message.into(),
            at: None,
            token: token.to_owned(),
            expected: None,
        }
    }

    /// The query asks for more than the emulator does for one query.
    pub(super) fn too_much(message: impl Into<String>) -> Self {
        Refusal {
            code: "QueryTooComplex",
            message: message.into(),
            at: None,
            token: String::new(),
            expected: None,
        }
    }

    /// The answer: 400 with the reason in its details.
    ///
    /// ARM behaviour: the first detail says that the query is invalid, the second why; a place of -1 is the whole query
    /// (reported for operators that Resource Graph does not have).
    pub(super) fn failure(self, call: &Call<'_>) -> Failure {
        let place = |number: Option<usize>| number.map_or(json!(-1), |number| json!(number));
        let mut reason = json!({
            "code": self.code,
            "message": self.message,
            "line": place(self.at.map(|at| at.line)),
            "characterPositionInLine": place(self.at.map(|at| at.character)),
            "token": self.token,
        });
        if let (Some(expected), Some(fields)) = (self.expected, reason.as_object_mut()) {
            fields.insert("expectedToken".to_owned(), Value::String(expected));
        }
        let invalid = json!({
            "code": "InvalidQuery",
            "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.",
        });
        refused(call, 400, "BadRequest", vec![invalid, reason])
    }
}

/// A request whose body is not as it has to be.
pub(super) fn bad_request(call: &Call<'_>, code: &str, message: impl Into<String>) -> Failure {
    refused(
        call,
        400,
        "BadRequest",
        vec![json!({"code": code, "message": message.into()})],
    )
}

/// A query too many.
///
/// ARM behaviour: the code is there twice (reported).
pub(crate) fn throttled(call: &Call<'_>, message: &str) -> Failure {
    let code = "RateLimiting";
    refused(call, 429, code, vec![json!({"code": code, "message": message})])
}

fn refused(call: &Call<'_>, status: u16, code: &str, details: Vec<Value>) -> Failure {
    let message = format!(
        "Please provide below info when asking for support: timestamp = {}, correlationId = {}.",
        call.wall, call.request_id
    );
    Failure {
        whole: Some(Box::new(
            json!({"error": {"code": code, "message": message, "details": details}}),
        )),
        ..Failure::provider(status, code, "")
    }
}
