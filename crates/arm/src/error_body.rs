//! Reads what Azure says when it refuses. Lenient: resource providers wrap their errors or do not, spell the members
//! as they like, and what stands between may answer in HTML.

use serde_json::{Map, Value};

use crate::error::{ArmErrorKind, ErrorDetail};
use crate::redaction::shown;

/// The most details that are kept.
const MAX_DETAILS: usize = 10;

/// What a body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpokenError {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) details: Vec<ErrorDetail>,
    /// Whether the body has the shape of an answer of Azure's.
    pub(crate) from_azure: bool,
    /// Whether it is a web page.
    pub(crate) page: bool,
}

/// Reads the body of a refusal.
pub(crate) fn read(body: &[u8]) -> SpokenError {
    let spoken = read_any(body);
    SpokenError {
        code: spoken.code.filter(|code| !code.is_empty()),
        message: spoken.message.filter(|message| !message.is_empty()),
        ..spoken
    }
}

fn read_any(body: &[u8]) -> SpokenError {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return read_value(&value);
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return SpokenError::default();
    }
    let page = page(body);
    SpokenError {
        page: page.is_some(),
        message: Some(page.unwrap_or_else(|| shown(text))),
        ..SpokenError::default()
    }
}

/// What a body is, in words, where it is a web page.
pub(crate) fn page(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim().trim_start_matches('\u{feff}');
    let told = || match title(text) {
        Some(title) => format!("the answer is a web page, titled {title:?}"),
        None => "the answer is a web page".to_owned(),
    };
    text.starts_with('<').then(|| shown(&told()))
}

/// Reads the error out of a parsed body: `{"error":{..}}`, the same unwrapped, in any casing.
pub(crate) fn read_value(body: &Value) -> SpokenError {
    let outer = match body {
        Value::Object(outer) => outer,
        Value::String(text) => {
            return SpokenError {
                message: Some(shown(text)),
                ..SpokenError::default()
            };
        }
        _ => return SpokenError::default(),
    };
    match member(outer, "error").or_else(|| member(outer, "odata.error")) {
        Some(Value::Object(inner)) => read_members(inner),
        // Entra's shape.
        Some(Value::String(code)) => SpokenError {
            code: Some(shown(code)),
            message: text(outer, "error_description").or_else(|| text(outer, "message")),
            from_azure: true,
            ..SpokenError::default()
        },
        _ => read_members(outer),
    }
}

fn read_members(error: &Map<String, Value>) -> SpokenError {
    let code = text(error, "code").filter(|code| !code.is_empty());
    let message = text(error, "message").filter(|message| !message.is_empty());
    let details = match member(error, "details") {
        Some(Value::Array(details)) => details
            .iter()
            .filter_map(Value::as_object)
            .take(MAX_DETAILS)
            .filter_map(detail)
            .collect(),
        _ => Vec::new(),
    };
    SpokenError {
        from_azure: code.is_some() || message.is_some(),
        page: false,
        code,
        message,
        target: text(error, "target").filter(|target| !target.is_empty()),
        details,
    }
}

fn detail(detail: &Map<String, Value>) -> Option<ErrorDetail> {
    let code = text(detail, "code").unwrap_or_default();
    let message = text(detail, "message").unwrap_or_default();
    let target = text(detail, "target").filter(|target| !target.is_empty());
    (!code.is_empty() || !message.is_empty()).then_some(ErrorDetail {
        code,
        message,
        target,
    })
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match member(object, name)? {
        Value::String(text) => Some(shown(text)),
        Value::Number(number) => Some(number.to_string()),
        // OData: {"lang":"en","value":".."}.
        Value::Object(inner) => inner.get("value").and_then(Value::as_str).map(shown),
        _ => None,
    }
}

fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let title = html.get(start..end)?.trim();
    (!title.is_empty()).then(|| title.chars().take(200).collect())
}

/// Codes by which Azure says that another operation holds the resource.
const BUSY: [&str; 7] = [
    "AnotherOperationInProgress",
    "RetryableError",
    "RetryableErrorDueToAnotherOperation",
    "StorageAccountOperationInProgress",
    "OperationPreempted",
    "CanceledAndSupersededDueToAnotherOperation",
    "AccountProvisioningStateInvalid",
];

fn is_busy(code: &str) -> bool {
    BUSY.iter().any(|busy| busy.eq_ignore_ascii_case(code))
}

/// What a refused request came to, by its status and code.
pub(crate) fn kind_of_answer(status: u16, code: Option<&str>) -> ArmErrorKind {
    let is = |other: &str| code.is_some_and(|code| code.eq_ignore_ascii_case(other));
    if code.is_some_and(is_busy) {
        return ArmErrorKind::Busy;
    }
    match status {
        401 => ArmErrorKind::Unauthorized,
        403 => ArmErrorKind::Forbidden,
        // ARM behaviour: an unknown type or namespace answers 404 as well, and says nothing about the resource.
        404 if is("InvalidResourceType") || is("InvalidResourceNamespace") => ArmErrorKind::Invalid,
        404 => ArmErrorKind::NotFound,
        408 => ArmErrorKind::Interrupted,
        409 => ArmErrorKind::Conflict,
        412 => ArmErrorKind::PreconditionFailed,
        429 => ArmErrorKind::Throttled,
        400..500 => ArmErrorKind::Invalid,
        500.. => ArmErrorKind::Server,
        _ => ArmErrorKind::Malformed,
    }
}

/// What a failed operation came to: it has a code only.
pub(crate) fn kind_of_operation(code: Option<&str>) -> ArmErrorKind {
    let Some(code) = code else {
        return ArmErrorKind::Conflict;
    };
    if is_busy(code) {
        return ArmErrorKind::Busy;
    }
    match code.to_ascii_lowercase().as_str() {
        "preconditionfailed" | "etagmismatch" => ArmErrorKind::PreconditionFailed,
        "authorizationfailed" | "linkedauthorizationfailed" | "requestdisallowedbypolicy" | "forbidden" => {
            ArmErrorKind::Forbidden
        }
        "internalservererror"
        | "internalerror"
        | "serviceunavailable"
        | "gatewaytimeout"
        | "servertimeout" => ArmErrorKind::Server,
        "toomanyrequests" | "subscriptionrequeststhrottled" | "throttled" => ArmErrorKind::Throttled,
        "notfound" | "resourcenotfound" => ArmErrorKind::NotFound,
        lower
            if lower.starts_with("invalid")
                || lower.starts_with("missing")
                || lower.ends_with("notallowed") =>
        {
            ArmErrorKind::Invalid
        }
        "badrequest" => ArmErrorKind::Invalid,
        _ => ArmErrorKind::Conflict,
    }
}

/// A name for a status, in the manner of Azure's codes.
pub(crate) fn name_of_status(status: u16) -> String {
    let name = match status {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        407 => "ProxyAuthenticationRequired",
        408 => "RequestTimeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "PreconditionFailed",
        413 => "RequestEntityTooLarge",
        429 => "TooManyRequests",
        500 => "InternalServerError",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => return format!("Http{status}"),
    };
    name.to_owned()
}
