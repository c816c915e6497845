//! Faults on request: rules that make the emulator misbehave as networks, proxies and Azure do.
//!
//! Owns the rules and how often each has fired. Decides before a request takes effect ([`FaultState::decide`]) and changes
//! the answer afterwards ([`FaultPlan::finish`]); the state machine acts on the rest of the plan.

mod rule;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

pub use rule::{
    BodyFault, EndStatus, ErrorAnswer, FaultAction, FaultMatch, FaultRule, LinkRewrite, Occurrence,
    OperationEnd, RequestKind, When,
};

use crate::authorization::rbac::matches_pattern;
use crate::doors::wire::Response;

/// A rule that is in force.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArmedRule {
    pub id: u64,
    pub rule: FaultRule,
    /// How many requests matched.
    pub matched: u64,
    /// How many of them it fired on.
    pub fired: u64,
}

/// All rules in force, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct FaultState {
    rules: Vec<ArmedRule>,
    last_id: u64,
}

/// What is to happen to one request. The default is: nothing unusual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultPlan {
    /// Before anything else.
    pub delay: Duration,
    /// The connection breaks.
    pub cut: Option<When>,
    /// An error instead of the answer.
    pub answer: Option<ErrorAnswer>,
    /// The error is Entra's, in its shape.
    pub by_entra: bool,
    /// A proxy's page instead of the answer, with this status.
    pub page: Option<u16>,
    /// The operation that the request begins ends so.
    pub operation_ends: Option<OperationEnd>,
    /// A poll finds nothing.
    pub poll_not_found: bool,
    /// A GET answers the state before the last write of the resource.
    pub stale_read: bool,
    pub rewrite: Option<LinkRewrite>,
    pub body: Option<BodyFault>,
}

impl ArmedRule {
    /// Counts a request, and says whether the rule fires on it.
    fn fires(&mut self, method: &Method, url: &Url, kind: RequestKind) -> bool {
        if !applies(&self.rule.matching, method, url, kind) {
            return false;
        }
        self.matched += 1;
        let fires = self.rule.occurrence.includes(self.matched);
        self.fired += u64::from(fires);
        fires
    }
}

impl FaultState {
    /// Adds a rule; its id is never used again.
    pub fn add(&mut self, rule: FaultRule) -> u64 {
        self.last_id += 1;
        self.rules.push(ArmedRule {
            id: self.last_id,
            rule,
            matched: 0,
            fired: 0,
        });
        self.last_id
    }

    /// Takes one rule away; whether it was there.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|armed| armed.id != id);
        self.rules.len() < before
    }

    /// Takes all rules away.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules in force with their counts.
    pub fn rules(&self) -> &[ArmedRule] {
        &self.rules
    }

    /// Whether the connection is not accepted. Doors ask before they hand a request on: one that is refused never arrives,
    /// and is not in the journal.
    pub fn refuses(&mut self, method: &Method, url: &Url, kind: RequestKind) -> bool {
        let rules = self
            .rules
            .iter_mut()
            .filter(|armed| armed.rule.then == FaultAction::Refuse);
        // Every rule counts, also after the first that fires: no `any`, which stops there.
        rules
            .filter_map(|armed| armed.fires(method, url, kind).then_some(()))
            .count()
            > 0
    }

    /// Counts the request against every other rule and puts together what is to happen. Where several rules say something about
    /// the same thing, the rule that was added first wins; delays add up.
    pub fn decide(&mut self, method: &Method, url: &Url, kind: RequestKind) -> FaultPlan {
        let mut plan = FaultPlan {
            by_entra: kind == RequestKind::Token,
            ..FaultPlan::default()
        };
        for armed in self
            .rules
            .iter_mut()
            .filter(|armed| armed.rule.then != FaultAction::Refuse)
        {
            if !armed.fires(method, url, kind) {
                continue;
            }
            match &armed.rule.then {
                FaultAction::Answer(answer) => plan.answer = plan.answer.or_else(|| Some(answer.clone())),
                FaultAction::Cut(when) => plan.cut = plan.cut.or(Some(*when)),
                // Counted in `refuses`: a refused request never comes this far.
                FaultAction::Refuse => {}
                FaultAction::DelayMilliseconds(more) => {
                    plan.delay = plan.delay.saturating_add(Duration::from_millis(*more))
                }
                FaultAction::OperationEnds(end) => {
                    plan.operation_ends = plan.operation_ends.or_else(|| Some(end.clone()))
                }
                FaultAction::PollNotFound => plan.poll_not_found = true,
                FaultAction::StaleRead => plan.stale_read = true,
                FaultAction::RewriteLinks(rewrite) => {
                    plan.rewrite = plan.rewrite.or_else(|| Some(rewrite.clone()))
                }
                FaultAction::Body(body) => plan.body = plan.body.or(Some(*body)),
                FaultAction::Page(status) => plan.page = plan.page.or(Some(*status)),
            }
        }
        plan
    }
}

fn applies(matching: &FaultMatch, method: &Method, url: &Url, kind: RequestKind) -> bool {
    (matching.method.is_empty() || matching.method.iter().any(|wanted| wanted == method.as_str()))
        && matching
            .path
            .as_ref()
            .is_none_or(|pattern| matches_pattern(pattern, url.path()))
        && matching.kind.is_none_or(|wanted| wanted == kind)
        && matching.query.iter().all(|(name, pattern)| {
            url.query_pairs()
                .any(|(key, value)| key.eq_ignore_ascii_case(name) && matches_pattern(pattern, &value))
        })
}

impl FaultPlan {
    /// What happens instead of the effect: `Some(None)` is a broken connection, `Some(Some(..))` an error answer, `None`
    /// that the request takes effect.
    pub fn before_effect(&self) -> Option<Option<Response>> {
        if self.cut == Some(When::BeforeEffect) {
            return Some(None);
        }
        if let Some(status) = self.page {
            return Some(Some(page(status)));
        }
        self.answer
            .as_ref()
            .filter(|answer| !answer.after_effect)
            .map(|answer| Some(error_response(answer, self.by_entra)))
    }

    /// Changes the answer of a request that took effect; `None` is a broken connection.
    pub fn finish(&self, response: Response) -> Option<Response> {
        if self.cut == Some(When::AfterEffect) {
            return None;
        }
        if let Some(answer) = &self.answer {
            return Some(error_response(answer, self.by_entra));
        }
        let mut response = response;
        if let Some(rewrite) = &self.rewrite {
            rewrite_links(&mut response, rewrite);
        }
        if let Some(body) = self.body {
            spoil(&mut response, body);
        }
        Some(response)
    }
}

/// What a proxy says where it does not let a request through.
const PAGE: &[u8] =
    b"<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Please sign in</h1></body></html>\n";

fn page(status: u16) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    Response {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
        headers,
        body: Bytes::from_static(PAGE),
    }
}

fn error_response(answer: &ErrorAnswer, by_entra: bool) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers,
        body: Bytes::from(
            if by_entra {
                json!({"error": answer.code, "error_description": answer.message})
            } else {
                json!({"error": {"code": answer.code, "message": answer.message}})
            }
            .to_string(),
        ),
    }
}

/// Headers whose value is a URL that clients follow.
const LINK_HEADERS: &[&str] = &["azure-asyncoperation", "location", "operation-location"];

fn rewrite_links(response: &mut Response, rewrite: &LinkRewrite) {
    for name in LINK_HEADERS {
        let changed = response
            .headers
            .get(*name)
            .and_then(|value| value.to_str().ok())
            .and_then(|url| rewritten(url, rewrite));
        if let Some(value) = changed.and_then(|url| HeaderValue::from_str(&url).ok()) {
            response.headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body)
        && let Some(changed) = body
            .get("nextLink")
            .and_then(Value::as_str)
            .and_then(|url| rewritten(url, rewrite))
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("nextLink".to_owned(), Value::String(changed));
        response.body = Bytes::from(body.to_string());
    }
}

/// Written by hand and not with [`Url`], which would refuse some of the URLs that a hostile answer may carry.
fn rewritten(link: &str, rewrite: &LinkRewrite) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let scheme = rewrite.scheme.as_deref().unwrap_or(url.scheme());
    let host = rewrite.host.as_deref().or(url.host_str())?;
    let port = rewrite
        .port
        .or(url.port())
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let userinfo = rewrite
        .userinfo
        .as_ref()
        .map(|userinfo| format!("{userinfo}@"))
        .unwrap_or_default();
    let rest = &url[url::Position::BeforePath..];
    Some(format!("{scheme}://{userinfo}{host}{port}{rest}"))
}

fn spoil(response: &mut Response, fault: BodyFault) {
    match fault {
        BodyFault::Empty => response.body = Bytes::new(),
        BodyFault::Html => {
            response
                .headers
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
            response.body = Bytes::from_static(PAGE);
        }
        BodyFault::Truncated => response.body.truncate(response.body.len() / 2),
        BodyFault::UnknownProvisioningState => {
            if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body)
                && let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
            {
                properties.insert(
                    "provisioningState".to_owned(),
                    Value::String("Meditating".to_owned()),
                );
                response.body = Bytes::from(body.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://management.azure.com{path}")).unwrap()
    }

    fn rule(text: &str) -> FaultRule {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_rule_fires_on_its_occurrences_only() {
        let mut faults = FaultState::default();
        faults.add(rule(
            r#"{"match": {"method": "PUT", "path": "*/privateendpoints/*"}, "occurrence": {"from": 2, "to": 3},
                "then": {"answer": {"status": 429, "code": "TooManyRequests", "retryAfter": 7}}}"#,
        ));
        let path = url("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/p");
        let mut fire = |method: Method| faults.decide(&method, &path, RequestKind::Write).answer.is_some();
        assert_eq!(
            [
                fire(Method::PUT),
                fire(Method::GET),
                fire(Method::PUT),
                fire(Method::PUT),
                fire(Method::PUT)
            ],
            [false, false, true, true, false]
        );
        assert_eq!((faults.rules()[0].matched, faults.rules()[0].fired), (4, 2));
        faults.clear();
        assert!(faults.rules().is_empty());
    }

    #[test]
    fn mistakes_are_refused_with_line_and_column() {
        for (text, expected) in [
            (
                r#"{"then": {"answer": {"status": 200, "code": "x"}}}"#,
                "an error status, 400 to 599",
            ),
            (r#"{"then": {"cut": "sometimes"}}"#, "unknown variant `sometimes`"),
            (
                r#"{"match": {"methods": "PUT"}, "then": "refuse"}"#,
                "unknown field `methods`",
            ),
            (
                r#"{"match": {"method": "PUTT"}, "then": "refuse"}"#,
                "unknown variant `PUTT`",
            ),
            (r#"{"then": "refuse", "occurrence": 0}"#, "counted from 1"),
            (
                r#"{"then": "refuse", "occurrence": {"from": 3, "to": 2}}"#,
                "may not be before",
            ),
            (r#"{"then": "refuse", "occurrence": "never"}"#, "\"always\""),
            (r#"{"match": {}}"#, "missing field `then`"),
        ] {
            let error = serde_json::from_str::<FaultRule>(text).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains("line 1 column"),
                "{error}"
            );
        }
    }

    #[test]
    fn links_point_elsewhere() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "azure-asyncoperation",
            HeaderValue::from_static("https://management.azure.com/op/1?api-version=2&t=3"),
        );
        let response = Response {
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(br#"{"value":[],"nextLink":"https://management.azure.com/n?x=1"}"#),
        };
        for (fault, expected) in [
            (
                r#"{"host": "evil.example"}"#,
                "https://evil.example/op/1?api-version=2&t=3",
            ),
            (
                r#"{"scheme": "http"}"#,
                "http://management.azure.com/op/1?api-version=2&t=3",
            ),
            (
                r#"{"port": 444}"#,
                "https://management.azure.com:444/op/1?api-version=2&t=3",
            ),
            (
                r#"{"userinfo": "management.azure.com:443", "host": "evil.example"}"#,
                "https://management.azure.com:443@evil.example/op/1?api-version=2&t=3",
            ),
        ] {
            let mut faults = FaultState::default();
            faults.add(rule(&format!(r#"{{"then": {{"rewriteLinks": {fault}}}}}"#)));
            let plan = faults.decide(&Method::GET, &url("/x"), RequestKind::List);
            let answer = plan.finish(response.clone()).unwrap();
            assert_eq!(answer.headers["azure-asyncoperation"], expected);
            assert!(!String::from_utf8_lossy(&answer.body).contains("\"https://management.azure.com/n"));
        }
    }

    #[test]
    fn bodies_are_spoiled() {
        let response = Response {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(br#"{"properties":{"provisioningState":"Succeeded"}}"#),
        };
        let spoiled = |body| {
            FaultPlan {
                body: Some(body),
                ..FaultPlan::default()
            }
            .finish(response.clone())
            .unwrap()
            .body
        };
        assert!(spoiled(BodyFault::Empty).is_empty());
        assert!(spoiled(BodyFault::Html).starts_with(b"<!DOCTYPE"));
        assert!(serde_json::from_slice::<Value>(&spoiled(BodyFault::Truncated)).is_err());
        assert!(
            spoiled(BodyFault::UnknownProvisioningState)
                .windows(10)
                .any(|part| part == b"Meditating")
        );
    }

    #[test]
    fn an_error_has_the_shape_of_whoever_answers_and_a_page_has_none() {
        let answered = |then: &str, kind| {
            let mut faults = FaultState::default();
            faults.add(rule(&format!(r#"{{"then": {then}}}"#)));
            let plan = faults.decide(&Method::POST, &url("/x"), kind);
            plan.before_effect().flatten().unwrap()
        };
        let error = r#"{"answer": {"status": 401, "code": "c", "message": "m"}}"#;
        let body = |kind| serde_json::from_slice::<Value>(&answered(error, kind).body).unwrap();
        assert_eq!(
            body(RequestKind::Action),
            json!({"error": {"code": "c", "message": "m"}})
        );
        assert_eq!(
            body(RequestKind::Token),
            json!({"error": "c", "error_description": "m"})
        );
        let page = answered(r#"{"page": 407}"#, RequestKind::Action);
        assert_eq!(page.status.as_u16(), 407);
        assert_eq!(page.headers[header::CONTENT_TYPE], "text/html");
        assert!(page.body.starts_with(b"<!DOCTYPE"));
        assert!(serde_json::from_str::<FaultRule>(r#"{"then": {"page": 101}}"#).is_err());
    }

    #[test]
    fn the_first_rule_wins_and_delays_add_up() {
        let mut faults = FaultState::default();
        faults.add(FaultRule::new(FaultAction::DelayMilliseconds(5)));
        faults.add(FaultRule::new(FaultAction::DelayMilliseconds(6)));
        faults.add(FaultRule::new(FaultAction::Cut(When::BeforeEffect)));
        faults.add(FaultRule::new(FaultAction::Cut(When::AfterEffect)));
        let plan = faults.decide(&Method::GET, &url("/"), RequestKind::Read);
        assert_eq!(
            (plan.delay, plan.cut),
            (Duration::from_millis(11), Some(When::BeforeEffect))
        );
        assert_eq!(
            plan.before_effect().map(|response| response.is_none()),
            Some(true)
        );
    }
}
