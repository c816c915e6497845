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
use http_body_util::Full;
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
use crate::doors::intake::{self, Budget, NotTaken};
use crate::doors::patience::{Patience, Patient};
use crate::doors::wire::{Request, Response};

/// ARM's limit for a request body.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// The test door's limit: a snapshot can be large.
const DOOR_BODY_LIMIT: usize = 512 * 1024 * 1024;
/// Bytes that a connection holds at most of a request's head, and of an answer that is being written.
const BUFFER_LIMIT: usize = 64 * 1024;
/// How long requests in hand may take after the stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What clients may take, so that none can hold the server up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long the TLS handshake, a request's headers and the pause between two requests may take.
    pub idle: Duration,
    /// How long a request's body may take.
    pub body: Duration,
    /// How long a client may read nothing of an answer that waits for it.
    pub pause: Duration,
    /// How long it may take to read what waits for it: an answer, less what the system holds for it.
    pub answer: Duration,
    /// How many connections there may be; a further one is closed at once.
    pub connections: usize,
    /// How many bytes all bodies may have together that are being received; what does not fit is told to come back later.
    pub bodies: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            idle: Duration::from_secs(60),
            body: Duration::from_secs(120),
            pause: Duration::from_secs(60),
            answer: Duration::from_secs(600),
            connections: 16_384,
            bodies: 256 * 1024 * 1024,
        }
    }
}

impl Bounds {
    /// The usual bounds, for one of so many servers of a process: with room for their connections, as far as the system lets
    /// it be made, and its part of the room for bodies.
    ///
    /// A process that has no file descriptor left leaves new clients waiting; below that number they are told.
    pub fn of_process(servers: usize) -> Self {
        let bounds = Bounds::default();
        let room = descriptors().map_or(bounds.connections, |most| most.saturating_sub(SPARE_DESCRIPTORS));
        Bounds {
            connections: bounds.connections.min(room / servers.max(1)).max(1),
            bodies: bounds.bodies / servers.max(1),
            ..bounds
        }
    }
}

/// File descriptors that are not for connections: listeners, files, the runtime's own.
const SPARE_DESCRIPTORS: usize = 64;

/// How many file descriptors the process may have, once it has asked for as many as the system allows.
#[cfg(unix)]
fn descriptors() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let now = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, most) {
        Ok(()) => now.maximum,
        Err(_) => now.current,
    };
    allowed.and_then(|allowed| usize::try_from(allowed).ok())
}

#[cfg(not(unix))]
fn descriptors() -> Option<usize> {
    None
}

/// Serves within the usual bounds until `stop` is cancelled; then requests in hand are finished, for at most five seconds.
pub async fn serve(
    emulator: Emulator,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    stop: CancellationToken,
) {
    serve_within(Bounds::default(), emulator, listener, tls, stop).await;
}

/// The same within other bounds.
pub async fn serve_within(
    bounds: Bounds,
    emulator: Emulator,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    stop: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls);
    let connections = TaskTracker::new();
    let room = Room {
        arm: Budget::new(bounds.bodies),
        door: Budget::new(DOOR_BODY_LIMIT),
    };
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((_, peer)) if connections.len() >= bounds.connections => {
                tracing::warn!(%peer, "too many connections: this one is closed");
            }
            Ok((stream, peer)) => {
                let (emulator, acceptor, stop) = (emulator.clone(), acceptor.clone(), stop.clone());
                let limits = (bounds, room.clone());
                connections.spawn(async move {
                    if let Err(error) = connection(emulator, acceptor, stream, peer, stop, limits).await {
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
    (bounds, room): (Bounds, Room),
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
        done = tokio::time::timeout(bounds.idle, handshake) => done.map_err(|_| "no TLS handshake in time".to_owned())??,
    };
    let Some(stream) = stream else {
        return Ok(());
    };
    let steps = emulator.options().step.is_some();
    let service = service_fn(move |request| {
        let (emulator, room) = (emulator.clone(), room.clone());
        async move {
            let answer = answer(&emulator, request, (peer, address), bounds.body, &room).await;
            answer.map(|answer| dated(&emulator, answer))
        }
    });
    let patience = Patience {
        pause: bounds.pause,
        whole: bounds.answer,
    };
    let stream = Patient::new(stream, patience);
    let mut serving = std::pin::pin!(
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.idle)
            .max_buf_size(BUFFER_LIMIT)
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

/// The room for bodies: of requests to ARM, and of those to the test door, which come from this machine.
#[derive(Clone)]
struct Room {
    arm: Budget,
    door: Budget,
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

async fn answer(
    emulator: &Emulator,
    request: HttpRequest<Incoming>,
    (peer, address): (SocketAddr, SocketAddr),
    body_timeout: Duration,
    room: &Room,
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
    let (limit, budget) = if from_here && url.path().starts_with("/_emulator/") {
        (DOOR_BODY_LIMIT, &room.door)
    } else {
        (BODY_LIMIT, &room.arm)
    };
    let body = match tokio::time::timeout(body_timeout, intake::receive(body, limit, budget)).await {
        Ok(Ok(body)) => body,
        Ok(Err(NotTaken::TooLarge)) => {
            return Ok(refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestContentTooLarge",
                &format!("The request content size exceeds the maximum size of {limit} bytes."),
            ));
        }
        Ok(Err(NotTaken::NoRoom)) => return Ok(no_room()),
        // The client went away or was too slow: nobody is there to answer.
        Ok(Err(NotTaken::Gone)) | Err(_) => return Err(Cut),
    };
    let head = parts.method == Method::HEAD;
    let request = Request {
        method: parts.method,
        url,
        headers: parts.headers,
        body: body.content.clone(),
        peer: Some(peer.ip()),
    };
    if emulator.refuses(&request) {
        return Err(Cut);
    }
    let exchange = emulator.exchange(request);
    drop(body);
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
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next();
    let authority = match (uri.authority(), host) {
        (Some(authority), _) => authority.to_string(),
        (None, Some(host)) => host.to_str().ok()?.to_owned(),
        (None, None) => address.to_string(),
    };
    if hosts.next().is_some() || !path.starts_with('/') || authority.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
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

/// Seconds until a client whose body found no room may try again.
const ROOM_AFTER: u64 = 5;

fn no_room() -> HttpResponse<Full<Bytes>> {
    let message = format!(
        "The server is receiving as much as it has room for. Please try again after '{ROOM_AFTER}' seconds."
    );
    let mut answer = refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", &message);
    let headers = answer.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(ROOM_AFTER));
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
