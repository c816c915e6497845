//! The in-process door: an `azure_core` transport that has no sockets.
//!
//! Any host is accepted, so that a client can be pointed at the public cloud's own addresses. Waits go through tokio's
//! clock, which a test can pause.

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Request as CoreRequest};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::Emulator;
use crate::doors::wire::Request;

/// A transport into an [`Emulator`].
#[derive(Clone)]
pub struct InProcessClient {
    emulator: Emulator,
}

impl std::fmt::Debug for InProcessClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("InProcessClient").finish_non_exhaustive()
    }
}

impl InProcessClient {
    /// A transport into `emulator`.
    pub fn new(emulator: Emulator) -> Self {
        Self { emulator }
    }
}

#[async_trait]
impl HttpClient for InProcessClient {
    /// # Errors
    /// `ErrorKind::Connection` when a fault rule refuses the connection (the request never arrived), `ErrorKind::Io` when
    /// one cuts it (the request may have taken effect).
    async fn execute_request(&self, request: &CoreRequest) -> azure_core::Result<AsyncRawResponse> {
        let request = to_wire(request)?;
        if self.emulator.refuses(&request) {
            return Err(Error::with_message(ErrorKind::Connection, "connection refused"));
        }
        let exchange = self.emulator.exchange(request);
        if !exchange.delay.is_zero() {
            tokio::time::sleep(exchange.delay).await;
        }
        match exchange.response {
            Some(response) => {
                let mut headers = Headers::new();
                for (name, value) in &response.headers {
                    headers.insert(
                        name.as_str().to_owned(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    );
                }
                Ok(AsyncRawResponse::from_bytes(
                    response.status.as_u16().into(),
                    headers,
                    response.body,
                ))
            }
            None => Err(Error::with_message(
                ErrorKind::Io,
                "connection closed before message completed",
            )),
        }
    }
}

fn to_wire(request: &CoreRequest) -> azure_core::Result<Request> {
    let unusable = |what: String| Error::with_message(ErrorKind::DataConversion, what);
    let method = Method::from_bytes(request.method().as_ref().as_bytes())
        .map_err(|error| unusable(error.to_string()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers().iter() {
        let name =
            HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let value = HeaderValue::from_str(value.as_str()).map_err(|error| unusable(error.to_string()))?;
        headers.append(name, value);
    }
    if !headers.contains_key(http::header::HOST)
        && let Ok(host) = HeaderValue::from_str(request.url().authority())
    {
        headers.insert(http::header::HOST, host);
    }
    let body = match request.body() {
        Body::Bytes(bytes) => Bytes::copy_from_slice(bytes),
        Body::SeekableStream(_) => {
            return Err(unusable("the in-process transport takes no streams".to_owned()));
        }
    };
    Ok(Request {
        method,
        url: request.url().clone(),
        headers,
        body,
        peer: None,
    })
}
