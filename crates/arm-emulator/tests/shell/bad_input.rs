//! Clients that do not behave, over real sockets: each gets an error or a closed connection, and others are served on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bench, network};
use privatelink_arm_emulator::server::{self, Bounds};
use privatelink_arm_emulator::tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

/// An emulator that serves, and how to reach it.
struct Served {
    address: SocketAddr,
    connector: TlsConnector,
    stop: CancellationToken,
    /// The state directory has to outlive the server.
    _directory: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Served {
    async fn start(bench: &Bench, bounds: Bounds) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let own = tls::own_authority(directory.path(), &[]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(server::serve_within(
            bounds,
            bench.emulator.clone(),
            listener,
            own.configuration,
            stop.clone(),
        ));
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(own.trust).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let configuration = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Served {
            address,
            connector: TlsConnector::from(Arc::new(configuration)),
            stop,
            _directory: directory,
        }
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        self.connector.connect(name, stream).await
    }

    /// All that comes back until the server closes the connection.
    async fn told(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await.unwrap();
        // A server that has seen enough closes before it has read all.
        let _ = stream.write_all(request).await;
        text_of(&mut stream).await
    }

    /// Whether a client that behaves is served.
    async fn serves(&self) -> bool {
        let told = self.told(get("/subscriptions", "close").as_bytes()).await;
        told.starts_with("HTTP/1.1 200 ")
    }
}

fn get(path: &str, connection: &str) -> String {
    format!(
        "GET {path}?api-version=2024-05-01 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\nConnection: {connection}\r\n\r\n"
    )
}

async fn text_of(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = async {
        let mut piece = [0_u8; 16384];
        // An error is an end too.
        while let Ok(count) = stream.read(&mut piece).await {
            if count == 0 {
                break;
            }
            bytes.extend_from_slice(&piece[..count]);
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(30), read).await;
    assert!(closed.is_ok(), "the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn short() -> Bounds {
    Bounds {
        idle: Duration::from_secs(2),
        body: Duration::from_secs(1),
        pause: Duration::from_secs(1),
        answer: Duration::from_secs(3),
        ..Bounds::default()
    }
}

fn status(told: &str) -> &str {
    told.get(9..12).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_get_an_error() {
    let bench = Bench::with_network();
    let served = Served::start(&bench, short()).await;
    let vnet = network("virtualNetworks/x%2Fy");
    for (request, expected) in [
        ("GARBAGE\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "400"),
        (
            "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "GET /a HTTP/1.1\r\nHost: a/b?c\r\nConnection: close\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_owned(),
            "400",
        ),
        (
            "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_owned(),
            "400",
        ),
        (
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000)),
            "414",
        ),
        (
            format!(
                "GET /a HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n",
                "a".repeat(400_000)
            ),
            "431",
        ),
        (get(&vnet, "close"), "400"),
        (get("/subscriptions/..%2Ftenants", "close"), "400"),
        (get("/subscriptions//x", "close"), "400"),
        (get("/subscriptions/x/../../..", "close"), "404"),
        (get("/%", "close"), "404"),
    ] {
        let told = served.told(request.as_bytes()).await;
        assert_eq!(status(&told), expected, "{request:.60}: {told}");
    }
    assert!(served.serves().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_ends() {
    let bench = Bench::empty();
    let served = Served::start(&bench, short()).await;
    let mut hello = vec![0x16, 0x03, 0x01, 0x00, 0x50];
    hello.extend([0xff; 200]);
    for garbage in [
        hello.as_slice(),
        &[0x16],
        &[0x16, 3, 1, 0xff, 0xff, 1],
        b"\0\0\0\0\0\0\0\0",
        b"",
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        text_of(&mut stream).await;
    }
    assert!(served.serves().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_an_end_and_a_size() {
    let bench = Bench::with_network();
    let served = Served::start(&bench, short()).await;
    let head = |more: &str| {
        format!(
            "PUT {}?api-version=2024-05-01 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\nContent-Type: application/json\r\nConnection: close\r\n{more}\r\n\r\n",
            network("virtualNetworks/new")
        )
    };
    // It never ends: one piece a moment.
    let mut stream = served.connect().await.unwrap();
    stream
        .write_all(head("Transfer-Encoding: chunked").as_bytes())
        .await
        .unwrap();
    let started = tokio::time::Instant::now();
    while stream.write_all(b"1\r\n \r\n").await.is_ok() && started.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(10), "it is cut");
    // It says that there is more than comes.
    let told = served
        .told(format!("{}{{", head("Content-Length: 100")).as_bytes())
        .await;
    assert_eq!(told, "");
    // It is larger than ARM takes, said or not.
    let large = "x".repeat(5 * 1024 * 1024);
    let declared = format!("{}{large}", head(&format!("Content-Length: {}", large.len())));
    let chunked = format!(
        "{}{:x}\r\n{large}\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked"),
        large.len()
    );
    for request in [declared, chunked] {
        let told = served.told(request.as_bytes()).await;
        // A client that still writes may lose the answer, but not more.
        assert!(["413", ""].contains(&status(&told)), "{told:.200}");
    }
    assert!(served.serves().await);
    assert!(bench.emulator.resource(&network("virtualNetworks/new")).is_none());
}

/// The head of a PUT, up to the headers of its body.
fn put(name: &str, more: &str) -> String {
    format!(
        "PUT {}?api-version=2024-05-01 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\nContent-Type: application/json\r\n{more}\r\n\r\n",
        network(&format!("routeTables/{name}"))
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_says_that_it_is_too_large_is_refused_before_it_comes() {
    let bench = Bench::with_network();
    let bounds = Bounds {
        body: Duration::from_secs(20),
        ..Bounds::default()
    };
    let served = Served::start(&bench, bounds).await;
    for more in [
        "Content-Length: 4194305",
        "Content-Length: 18446744073709551",
        "Content-Length: 99999999\r\nExpect: 100-continue",
    ] {
        let started = tokio::time::Instant::now();
        // The connection would be kept.
        let told = served.told(put("large", more).as_bytes()).await;
        assert!(
            told.starts_with("HTTP/1.1 413 ") && told.contains("RequestContentTooLarge"),
            "{more}: {told}"
        );
        assert!(!told.contains("100 Continue"), "{told}");
        assert!(started.elapsed() < Duration::from_secs(5), "{more}");
    }
    // As large as it may be: read to its end, and found to be no JSON.
    let full = "x".repeat(4 * 1024 * 1024);
    let request = format!(
        "{}{full}",
        put("large", "Connection: close\r\nContent-Length: 4194304")
    );
    let told = served.told(request.as_bytes()).await;
    assert!(told.contains("InvalidRequestContent"), "{told:.300}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_slow_bodies_together_have_one_room() {
    let bench = Bench::with_network();
    let bounds = Bounds {
        body: Duration::from_secs(30),
        bodies: 1024 * 1024,
        ..Bounds::default()
    };
    let served = Served::start(&bench, bounds).await;
    let body = r#"{"location":"westeurope"}"#;
    let small = |name: &str| {
        let length = body.len();
        let head = format!("Connection: close\r\nContent-Length: {length}");
        format!("{}{body}", put(name, &head))
    };
    assert_eq!(status(&served.told(small("before").as_bytes()).await), "201");
    // Four that send a quarter of the room each, and then nothing.
    let mut slow = Vec::new();
    for number in 0..4 {
        let mut stream = served.connect().await.unwrap();
        let head = put(&format!("slow{number}"), "Transfer-Encoding: chunked");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(b"40000\r\n").await.unwrap();
        stream.write_all(&vec![b' '; 262_144]).await.unwrap();
        slow.push(stream);
    }
    let refused = |told: &str| {
        told.starts_with("HTTP/1.1 503 ")
            && told.contains("retry-after: 5")
            && told.contains(r#""code":"ServiceUnavailable""#)
    };
    let mut told = String::new();
    for _ in 0..100 {
        told = served.told(small("during").as_bytes()).await;
        if refused(&told) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(refused(&told), "{told}");
    let chunked = put("during", "Transfer-Encoding: chunked");
    let told = served
        .told(format!("{chunked}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes())
        .await;
    assert!(refused(&told), "{told}");
    // What has no body needs no room, and the test door has its own.
    assert!(served.serves().await);
    let advance = r#"{"advanceSeconds":1}"#;
    let told = served
        .told(
            format!(
                "POST /_emulator/clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{advance}",
                advance.len()
            )
            .as_bytes(),
        )
        .await;
    assert_eq!(status(&told), "200", "{told}");
    // Who goes away gives its room back.
    drop(slow);
    let mut told = String::new();
    for _ in 0..100 {
        told = served.told(small("after").as_bytes()).await;
        if status(&told) == "201" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status(&told), "201", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_a_row_are_answered_in_order() {
    let bench = Bench::with_network();
    let served = Served::start(&bench, short()).await;
    let paths = [
        network("virtualNetworks/vnet"),
        network("virtualNetworks/none"),
        network("virtualNetworks/vnet/subnets/a"),
    ];
    let request = format!(
        "{}{}{}",
        get(&paths[0], "keep-alive"),
        get(&paths[1], "keep-alive"),
        get(&paths[2], "close")
    );
    let told = served.told(request.as_bytes()).await;
    let answers: Vec<&str> = told
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(answers, ["200", "404", "200"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_given_up() {
    let bench = Bench::with_network();
    let filling: serde_json::Map<String, serde_json::Value> = (0..20)
        .map(|number| (format!("tag{number}"), "x".repeat(250).into()))
        .collect();
    for number in 0..150 {
        bench.ok(
            "PUT",
            &network(&format!("routeTables/r{number}")),
            json!({"location": "westeurope", "tags": filling}),
        );
    }
    for trickles in [false, true] {
        let served = Served::start(&bench, short()).await;
        let mut stream = served.connect().await.unwrap();
        // Far more than the system's buffers hold.
        let request = get(&network("routeTables"), "keep-alive");
        let mut sent = 0;
        for _ in 0..200 {
            let write =
                tokio::time::timeout(Duration::from_millis(500), stream.write_all(request.as_bytes()));
            if !matches!(write.await, Ok(Ok(()))) {
                break;
            }
            sent += 1;
        }
        let started = tokio::time::Instant::now();
        while trickles && started.elapsed() < Duration::from_secs(5) {
            let mut few = [0_u8; 64];
            if !matches!(stream.read(&mut few).await, Ok(count) if count > 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
        let told = text_of(&mut stream).await;
        let answers = told.matches("HTTP/1.1 200").count();
        assert!(answers < sent, "{answers} of {sent} answers");
        assert!(served.serves().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_closed() {
    let bench = Bench::with_network();
    let bounds = Bounds {
        connections: 2,
        ..Bounds::default()
    };
    let served = Served::start(&bench, bounds).await;
    let first = served.connect().await.unwrap();
    let _second = served.connect().await.unwrap();
    assert!(served.connect().await.is_err());
    drop(first);
    let mut tries = 0;
    while tries < 100 && served.connect().await.is_err() {
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(tries < 100, "there is room again");
}

/// Bytes of memory that this process has.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Both ends of every connection are in this process: there are as many as half of its descriptors, 10,000 at most. One in
/// eight has shaken hands and been answered; the others have said nothing.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_cost_little_and_keep_nobody_out() {
    let bench = Bench::with_network();
    let bounds = Bounds::of_process(1);
    let wanted = 10_000.min(bounds.connections / 2 - 100);
    let served = Served::start(
        &bench,
        Bounds {
            idle: Duration::from_secs(300),
            ..bounds
        },
    )
    .await;
    assert!(served.serves().await);
    let before = resident();
    let (mut silent, mut spoken) = (Vec::new(), Vec::new());
    for number in 0..wanted {
        if number % 8 == 0 {
            let mut stream = served.connect().await.unwrap();
            stream
                .write_all(get("/subscriptions", "keep-alive").as_bytes())
                .await
                .unwrap();
            let mut answer = [0_u8; 2048];
            assert!(stream.read(&mut answer).await.unwrap() > 0);
            spoken.push(stream);
        } else {
            silent.push(TcpStream::connect(served.address).await.unwrap());
        }
    }
    assert!(
        wanted >= 200,
        "the system allows too few descriptors to see anything"
    );
    assert!(served.serves().await, "with {wanted} idle connections");
    let each = resident().saturating_sub(before) / wanted;
    // Server and client together.
    assert!(each < 48 * 1024, "{each} bytes a connection");
}
