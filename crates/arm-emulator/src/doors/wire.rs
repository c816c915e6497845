//! What goes over the wire: one request in, one exchange out. Both doors (the in-process client and the HTTPS
//! server) speak these types; nothing behind them knows which door was used.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// One HTTP request as a door received it.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// The absolute URL, host and port as the client asked for them.
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Where the connection came from; `None` for the in-process door.
    pub peer: Option<IpAddr>,
}

/// One HTTP response.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What a door has to do: wait, then answer or cut the connection.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// How long the door waits before it goes on (from a fault rule; normally zero).
    pub delay: Duration,
    /// `None`: the connection is cut without an answer.
    pub response: Option<Response>,
}
