//! The form of a fault rule: what it matches, when it fires, what it does.
//!
//! Rules come as JSON through the test door, or as values through the library. Unknown fields are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// One rule.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// What it matches; an empty match is every ARM and authority request.
    #[serde(rename = "match", default)]
    pub matching: FaultMatch,
    /// Which of the matching requests it fires on; all of them by default.
    #[serde(default)]
    pub occurrence: Occurrence,
    /// What happens.
    pub then: FaultAction,
}

impl FaultRule {
    /// A rule that does `then` to every request.
    pub fn new(then: FaultAction) -> Self {
        Self {
            matching: FaultMatch::default(),
            occurrence: Occurrence::default(),
            then,
        }
    }

    /// Only for this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.matching.method.push(method.to_owned());
        self
    }

    /// Only for paths that match this pattern.
    #[must_use]
    pub fn path(mut self, pattern: &str) -> Self {
        self.matching.path = Some(pattern.to_owned());
        self
    }

    /// Only for this kind of request.
    #[must_use]
    pub fn kind(mut self, kind: RequestKind) -> Self {
        self.matching.kind = Some(kind);
        self
    }

    /// Only for the `number`th match, counted from 1.
    #[must_use]
    pub fn only(mut self, number: u64) -> Self {
        self.occurrence = Occurrence {
            from: number,
            to: Some(number),
        };
        self
    }

    /// Only for the matches `from` to `to`, counted from 1, both included.
    #[must_use]
    pub fn between(mut self, from: u64, to: u64) -> Self {
        self.occurrence = Occurrence { from, to: Some(to) };
        self
    }
}

/// What a rule matches. All that is given has to agree.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultMatch {
    /// One method or several; none given means any.
    #[serde(deserialize_with = "one_or_many")]
    pub method: Vec<String>,
    /// A pattern for the path: `*` stands for any text, case does not matter.
    pub path: Option<String>,
    /// Patterns for query parameters by name.
    pub query: BTreeMap<String, String>,
    /// The kind of request.
    pub kind: Option<RequestKind>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum RequestKind {
    /// GET of one resource.
    Read,
    /// GET of a collection.
    List,
    /// PUT or PATCH.
    Write,
    Delete,
    /// POST.
    Action,
    /// GET of an operation's status or result.
    Poll,
    /// A request to the authority.
    Token,
}

/// Which matches a rule fires on, counted from 1. In JSON a number, `"always"`, or `{"from": 2, "to": 3}`.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
pub struct Occurrence {
    pub from: u64,
    /// `None`: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

impl Default for Occurrence {
    fn default() -> Self {
        Self { from: 1, to: None }
    }
}

impl Occurrence {
    pub(super) fn includes(self, number: u64) -> bool {
        number >= self.from && self.to.is_none_or(|to| number <= to)
    }
}

impl<'de> Deserialize<'de> for Occurrence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> serde::de::Visitor<'de> for Form {
            type Value = Occurrence;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number from 1, \"always\", or {\"from\": number, \"to\": number}")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Occurrence, E> {
                if number == 0 {
                    return Err(E::custom("occurrences are counted from 1"));
                }
                Ok(Occurrence {
                    from: number,
                    to: Some(number),
                })
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Occurrence, E> {
                u64::try_from(number)
                    .map_err(|_| E::custom("occurrences are counted from 1"))
                    .and_then(|number| self.visit_u64(number))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Occurrence, E> {
                if text == "always" {
                    Ok(Occurrence::default())
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Occurrence, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Range {
                    #[serde(default = "first")]
                    from: u64,
                    to: Option<u64>,
                }
                fn first() -> u64 {
                    1
                }
                let range = Range::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                if range.from == 0 || range.to.is_some_and(|to| to < range.from) {
                    return Err(serde::de::Error::custom(
                        "occurrences are counted from 1 and \"to\" may not be before \"from\"",
                    ));
                }
                Ok(Occurrence {
                    from: range.from,
                    to: range.to,
                })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// What a rule does.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum FaultAction {
    /// Answers with an error; nothing takes effect unless `after_effect` says so.
    Answer(ErrorAnswer),
    /// The connection breaks.
    Cut(When),
    /// The connection is not accepted. Over the network this looks like [`FaultAction::Cut`] before the effect.
    Refuse,
    /// The answer comes later, by this many milliseconds.
    DelayMilliseconds(u64),
    /// The operation that this request begins ends badly.
    OperationEnds(OperationEnd),
    /// The operation is forgotten: its poll answers 404.
    PollNotFound,
    /// A GET answers the state before the last write.
    StaleRead,
    /// Next links, operation URLs and locations of the answer point elsewhere.
    RewriteLinks(LinkRewrite),
    /// The answer's body is not what it should be; status and headers stay.
    Body(BodyFault),
    /// A proxy answers in Azure's place, with a page of its own and this status (200 to 599): nothing takes effect, and
    /// none of Azure's headers are there.
    Page(#[serde(deserialize_with = "page_status")] u16),
}

/// An error answer.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorAnswer {
    /// 400 to 599.
    #[serde(deserialize_with = "error_status")]
    pub status: u16,
    pub code: String,
    #[serde(default)]
    pub message: String,
    /// Seconds; left out: no such header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Whether the request takes effect all the same.
    #[serde(default)]
    pub after_effect: bool,
}

impl ErrorAnswer {
    /// An error without `Retry-After`, before the effect.
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after: None,
            after_effect: false,
        }
    }

    /// With `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// When a connection breaks.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum When {
    BeforeEffect,
    AfterEffect,
}

/// How an operation ends.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationEnd {
    pub status: EndStatus,
    pub code: String,
    #[serde(default)]
    pub message: String,
}

/// The status of an operation that did not succeed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum EndStatus {
    Failed,
    Canceled,
}

impl EndStatus {
    /// As ARM writes it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }
}

/// What changes in a link. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LinkRewrite {
    pub scheme: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    /// `user` or `user:password`.
    pub userinfo: Option<String>,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum BodyFault {
    /// Nothing at all.
    Empty,
    /// A proxy's page, with `Content-Type: text/html`.
    Html,
    /// JSON that breaks off in the middle.
    Truncated,
    /// `properties.provisioningState` has a value that nobody knows.
    UnknownProvisioningState,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Form;
    impl<'de> serde::de::Visitor<'de> for Form {
        type Value = Vec<String>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a method such as \"PUT\", or a list of methods")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![method::<E>(text.to_owned())?])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<String>, A::Error> {
            let mut methods = Vec::new();
            while let Some(text) = sequence.next_element::<String>()? {
                methods.push(method::<A::Error>(text)?);
            }
            Ok(methods)
        }
    }
    fn method<E: serde::de::Error>(text: String) -> Result<String, E> {
        const METHODS: &[&str] = &["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
        if METHODS.contains(&text.as_str()) {
            Ok(text)
        } else {
            Err(E::unknown_variant(&text, METHODS))
        }
    }
    deserializer.deserialize_any(Form)
}

fn page_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(deserializer)?;
    if (200..600).contains(&status) {
        Ok(status)
    } else {
        Err(serde::de::Error::invalid_value(
            serde::de::Unexpected::Unsigned(u64::from(status)),
            &"a status with a body, 200 to 599",
        ))
    }
}

fn error_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(deserializer)?;
    if (400..600).contains(&status) {
        Ok(status)
    } else {
        Err(serde::de::Error::invalid_value(
            serde::de::Unexpected::Unsigned(u64::from(status)),
            &"an error status, 400 to 599",
        ))
    }
}
