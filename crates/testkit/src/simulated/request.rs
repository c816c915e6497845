//! From an HTTP request to what it asks for. What the controller never sends is an error here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::journal::Verb;
use super::refusal::Refusal;

/// A request that the simulation knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiRequest {
    pub(super) verb: Verb,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) status: bool,
    pub(super) query: BTreeMap<String, String>,
    /// The client wants `PartialObjectMetadata`.
    pub(super) metadata_only: bool,
    pub(super) body: Option<Value>,
}

const LIST_PARAMETERS: &[&str] = &[
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "fieldSelector",
    "watch",
    "timeoutSeconds",
    "allowWatchBookmarks",
];
const WRITE_PARAMETERS: &[&str] = &["fieldManager", "fieldValidation", "force", "propagationPolicy"];

impl ApiRequest {
    pub(super) fn parse(parts: &http::request::Parts, body: &[u8]) -> Result<Self, Refusal> {
        let path = parts.uri.path().trim_matches('/');
        let query = parse_query(parts.uri.query().unwrap_or_default());
        let unknown = || Refusal::unexpected(format!("{} {}", parts.method, parts.uri));
        let segments: Vec<&str> = path.split('/').collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(unknown()),
        };
        let (namespace, plural, name, subresource) = match rest {
            ["namespaces", namespace, plural, rest @ ..] if *plural != "status" && *plural != "finalize" => {
                match rest {
                    [] => (*namespace, *plural, "", ""),
                    [name] => (*namespace, *plural, *name, ""),
                    [name, subresource] => (*namespace, *plural, *name, *subresource),
                    _ => return Err(unknown()),
                }
            }
            [plural] => ("", *plural, "", ""),
            [plural, name] => ("", *plural, *name, ""),
            [plural, name, subresource] => ("", *plural, *name, *subresource),
            _ => return Err(unknown()),
        };
        let header = |name: http::HeaderName| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let content_type = header(http::header::CONTENT_TYPE);
        let watching = query
            .get("watch")
            .is_some_and(|watch| watch == "true" || watch == "1");
        let verb = match (parts.method.as_str(), name.is_empty(), content_type.as_str()) {
            ("GET", true, _) if watching => Verb::Watch,
            ("GET", true, _) => Verb::List,
            ("GET", false, _) if !watching => Verb::Get,
            ("POST", true, _) => Verb::Create,
            ("POST", false, _) if plural == "serviceaccounts" && subresource == "token" => Verb::Token,
            ("PUT", false, _) => Verb::Update,
            ("DELETE", false, _) => Verb::Delete,
            ("PATCH", false, "application/merge-patch+json") => Verb::MergePatch,
            ("PATCH", false, "application/json-patch+json") => Verb::JsonPatch,
            ("PATCH", false, "application/apply-patch+yaml") => Verb::Apply,
            _ => return Err(unknown()),
        };
        let allowed: &[&[&str]] = match verb {
            Verb::List | Verb::Watch => &[LIST_PARAMETERS],
            Verb::Get => &[&["resourceVersion"]],
            _ => &[WRITE_PARAMETERS],
        };
        let known = query
            .keys()
            .all(|key| allowed.iter().any(|list| list.contains(&key.as_str())));
        let status = match subresource {
            "" => false,
            "status" if verb != Verb::Delete => true,
            "token" if verb == Verb::Token => false,
            _ => return Err(unknown()),
        };
        if !known {
            return Err(unknown());
        }
        let body = if body.is_empty() {
            None
        } else {
            Some(
                serde_json::from_slice(body)
                    .map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))?,
            )
        };
        Ok(Self {
            verb,
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            status,
            query,
            metadata_only: header(http::header::ACCEPT).contains("as=PartialObjectMetadata"),
            body,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn resource_version(&self) -> Result<Option<u64>, Refusal> {
        self.parameter("resourceVersion")
            .map(|text| {
                text.parse()
                    .map_err(|_| Refusal::bad_request(format!("Invalid value: \"{text}\": resourceVersion")))
            })
            .transpose()
    }

    /// `metadata.name` and `metadata.namespace` of the field selector; no other field can be selected.
    pub(super) fn selector(&self) -> Result<Selector, Refusal> {
        let mut selector = Selector {
            namespace: (!self.namespace.is_empty()).then(|| self.namespace.clone()),
            name: None,
        };
        for requirement in self
            .parameter("fieldSelector")
            .unwrap_or_default()
            .split(',')
            .filter(|text| !text.is_empty())
        {
            match requirement.split_once('=') {
                Some(("metadata.name", name)) => {
                    selector.name = Some(name.trim_start_matches('=').to_owned())
                }
                Some(("metadata.namespace", name)) => {
                    selector.namespace = Some(name.trim_start_matches('=').to_owned())
                }
                _ => return Err(Refusal::unexpected(format!("fieldSelector {requirement}"))),
            }
        }
        Ok(selector)
    }
}

/// Which objects of a resource a list or a watch is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Selector {
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
}

impl Selector {
    pub(super) fn selects(&self, namespace: &str, name: &str) -> bool {
        self.namespace.as_deref().is_none_or(|wanted| wanted == namespace)
            && self.name.as_deref().is_none_or(|wanted| wanted == name)
    }
}

fn parse_query(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                if let (Some(high), Some(low)) = (high, low) {
                    bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
