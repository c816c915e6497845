//! The HTTPS door: takes connections, reads requests, and carries out what the state machine decides.
//!
//! Owns sockets and time limits. Knows nothing of ARM.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request as HttpRequest, Response as HttpResponse, StatusCode, header,
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::Emulator;
use crate::wire::{Request, Response};

/// ARM's limit for a request body.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// The test door's limit: a snapshot can be large.
const DOOR_BODY_LIMIT: usize = 512 * 1024 * 1024;
/// How long a client may take for the TLS handshake, for a request's headers, and to sit idle between two requests.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a request's body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);
/// How long requests in hand may take after the stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// Serves until `stop` is cancelled; then requests in hand are finished, for at most five seconds.
pub async fn serve(
    emulator: Emulator,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    stop: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (emulator, acceptor, stop) = (emulator.clone(), acceptor.clone(), stop.clone());
                connections.spawn(async move {
                    if let Err(error) = connection(emulator, acceptor, stream, peer, stop).await {
                        tracing::debug!(%peer, error, "connection ended");
                    }
                });
            }
            Err(error) => {
                // For example: no file descriptors left. Going on at once would spin.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(STOP_TIMEOUT, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!("some connections did not end in time and are cut");
    }
}

async fn connection(
    emulator: Emulator,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    stop: CancellationToken,
) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    let address = stream.local_addr().map_err(|error| error.to_string())?;
    let handshake = async {
        let mut first = [0_u8; 1];
        if stream.peek(&mut first).await.map_err(|error| error.to_string())? == 0 {
            return Ok(None);
        }
        if first != [TLS_HANDSHAKE] {
            return explain_https(stream, address).await.map(|()| None);
        }
        acceptor
            .accept(stream)
            .await
            .map(Some)
            .map_err(|error| format!("TLS handshake: {error}"))
    };
    let stream = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        done = tokio::time::timeout(CLIENT_TIMEOUT, handshake) => done.map_err(|_| "no TLS handshake in time".to_owned())??,
    };
    let Some(stream) = stream else {
        return Ok(());
    };
    let steps = emulator.options().step.is_some();
    let service = service_fn(move |request| {
        let emulator = emulator.clone();
        async move {
            let answer = answer(&emulator, request, peer, address).await;
            answer.map(|answer| dated(&emulator, answer))
        }
    });
    let mut serving = std::pin::pin!(
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(CLIENT_TIMEOUT)
            .keep_alive(true)
            .auto_date_header(!steps)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        done = serving.as_mut() => return done.map_err(|error| error.to_string()),
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    serving.await.map_err(|error| error.to_string())
}

/// Tells a client that speaks plain HTTP what to do.
async fn explain_https(mut stream: TcpStream, address: SocketAddr) -> Result<(), String> {
    let text = format!(
        "arm-emulator speaks HTTPS only. Use https://{address}/ and trust the certificate authority in ca.pem of the state directory, for example: curl --cacert DIR/ca.pem https://{address}/_emulator/health\n"
    );
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    let told = async {
        // What the client sent is read first: closing with unread data would reset the connection before it reads the answer.
        let mut unread = [0_u8; 4096];
        let _ = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut unread)).await;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await
    };
    told.await.map_err(|error| error.to_string())
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

async fn answer(
    emulator: &Emulator,
    request: HttpRequest<Incoming>,
    peer: SocketAddr,
    address: SocketAddr,
) -> Result<HttpResponse<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let Some(url) = absolute_url(&parts.uri, &parts.headers, address) else {
        return Ok(refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestUri",
            "The request URI or its Host header is not valid.",
        ));
    };
    let from_here = peer.ip().to_canonical().is_loopback();
    let limit = if from_here && url.path().starts_with("/_emulator/") {
        DOOR_BODY_LIMIT
    } else {
        BODY_LIMIT
    };
    let body = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Ok(refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestContentTooLarge",
                &format!("The request content size exceeds the maximum size of {limit} bytes."),
            ));
        }
        // The client went away or was too slow: nobody is there to answer.
        Ok(Err(_)) | Err(_) => return Err(Cut),
    };
    let head = parts.method == Method::HEAD;
    let request = Request {
        method: parts.method,
        url,
        headers: parts.headers,
        body,
        peer: Some(peer.ip()),
    };
    if emulator.refuses(&request) {
        return Err(Cut);
    }
    let exchange = emulator.exchange(request);
    if !exchange.delay.is_zero() {
        tokio::time::sleep(exchange.delay).await;
    }
    exchange
        .response
        .map(|response| into_http(response, head))
        .ok_or(Cut)
}

/// The URL as the client meant it: the host is the one of its `Host` header.
fn absolute_url(uri: &http::Uri, headers: &HeaderMap, address: SocketAddr) -> Option<Url> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = match (uri.authority(), headers.get(header::HOST)) {
        (Some(authority), _) => authority.to_string(),
        (None, Some(host)) => host.to_str().ok()?.to_owned(),
        (None, None) => address.to_string(),
    };
    Url::parse(&format!("https://{authority}{path}")).ok()
}

/// A clock that requests move on dates the answers too; with any other the server does.
fn dated(emulator: &Emulator, mut answer: HttpResponse<Full<Bytes>>) -> HttpResponse<Full<Bytes>> {
    if emulator.options().step.is_some() {
        let date = emulator
            .wall_time()
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            answer.headers_mut().insert(header::DATE, date);
        }
    }
    answer
}

fn into_http(response: Response, head: bool) -> HttpResponse<Full<Bytes>> {
    let Response {
        status,
        headers,
        body,
    } = response;
    let mut answer = HttpResponse::new(Full::new(if head { Bytes::new() } else { body }));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

fn refusal(status: StatusCode, code: &str, message: &str) -> HttpResponse<Full<Bytes>> {
    let body = serde_json::json!({"error": {"code": code, "message": message}}).to_string();
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(header::CONNECTION, http::HeaderValue::from_static("close"));
    into_http(
        Response {
            status,
            headers,
            body: Bytes::from(body),
        },
        false,
    )
}
