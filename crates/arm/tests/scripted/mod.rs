//! A transport that answers from a script and keeps what it was asked, and a client on top of it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use azure_core::time::OffsetDateTime;
use privatelink_arm::{ArmClient, ArmClientOptions, Clock, Cloud, RequestBudget, ResourceId};
use serde_json::Value;

pub const SECRET: &str = "eyJ0eXAiOiJKV1QifQ.secret-token";

/// One answer of the script.
pub enum Scripted {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The headers arrive, the body breaks off.
    CutBody {
        status: u16,
    },
    Fails(ErrorKind),
    Hangs,
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Scripted {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Scripted::Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

pub fn json(status: u16, body: Value) -> Scripted {
    answer(status, &[("content-type", "application/json")], &body.to_string())
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Scripted>>,
    seen: Mutex<Vec<Seen>>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Script")
    }
}

impl Script {
    pub fn new(answers: impl IntoIterator<Item = Scripted>) -> Arc<Self> {
        Arc::new(Script {
            answers: Mutex::new(answers.into_iter().collect()),
            seen: Mutex::default(),
        })
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The hosts that any request went to.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self
            .seen()
            .iter()
            .map(|seen| seen.url.split('/').nth(2).unwrap_or_default().to_owned())
            .collect();
        hosts.dedup();
        hosts
    }
}

#[async_trait::async_trait]
impl HttpClient for Script {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::SeekableStream(_) => "a stream".to_owned(),
        };
        self.seen.lock().unwrap().push(Seen {
            method: request.method().as_str().to_owned(),
            url: request.url().to_string(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
                .collect(),
            body,
        });
        let next = self
            .answers
            .lock()
            .unwrap()
            .pop_front()
            .expect("the script has an answer left");
        match next {
            Scripted::Answer {
                status,
                headers: pairs,
                body,
            } => {
                let mut headers = Headers::new();
                for (name, value) in pairs {
                    headers.insert(HeaderName::from(name), value);
                }
                Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
            }
            Scripted::CutBody { status } => {
                let cut = azure_core::Error::with_message(ErrorKind::Io, "connection reset");
                let chunks = vec![Ok(azure_core::Bytes::from_static(b"{\"id\":")), Err(cut)];
                Ok(AsyncRawResponse::new(
                    status.into(),
                    Headers::new(),
                    Box::pin(futures::stream::iter(chunks)),
                ))
            }
            Scripted::Fails(kind) => Err(azure_core::Error::with_message(kind, "cut by the script")),
            Scripted::Hangs => std::future::pending().await,
        }
    }
}

/// Gives out a new token each time: `{SECRET}0`, `{SECRET}1`..
#[derive(Debug, Default)]
pub struct Tokens {
    given: Mutex<u32>,
}

#[async_trait::async_trait]
impl TokenCredential for Tokens {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let mut given = self.given.lock().unwrap();
        let token = format!("{SECRET}{given}");
        *given += 1;
        Ok(AccessToken::new(
            token,
            OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap(),
        ))
    }
}

pub fn options(script: &Arc<Script>) -> ArmClientOptions {
    let clock = Clock::simulated("2026-11-06T08:49:37Z".parse().unwrap());
    let budget = Arc::new(RequestBudget::unlimited());
    let mut options = ArmClientOptions::new(
        Cloud::public(),
        script.clone(),
        Arc::new(Tokens::default()),
        clock,
        budget,
    );
    options.call_timeout = Duration::from_secs(60);
    options
}

pub fn client(answers: impl IntoIterator<Item = Scripted>) -> (Arc<Script>, ArmClient) {
    let script = Script::new(answers);
    let client = ArmClient::seeded(options(&script), 1);
    (script, client)
}

pub fn endpoint_id() -> ResourceId {
    let id = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/Rg/providers/Microsoft.Network/privateEndpoints/one";
    ResourceId::parse(id).unwrap()
}

/// An operation's URL on a host.
pub fn operation_on(authority: &str) -> String {
    format!(
        "https://{authority}/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/providers/Microsoft.Network/locations/westeurope/operations/5d1d5a0e?api-version=2025-05-01&t=1&c=MII&s=sig&h=hash"
    )
}
