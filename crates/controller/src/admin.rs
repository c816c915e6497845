//! The admin server: health, readiness and metrics, over plain HTTP.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Router, routing::get};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exposition::Format;

#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) registry: Arc<Registry>,
    /// The watches are in step: a standby is ready too.
    pub(crate) ready: Arc<AtomicBool>,
}

/// Listens at `address`. Where the machine has no IPv6, "every address" is every one of IPv4.
///
/// # Errors
///
/// What the system says: the address is taken, or is none of this machine.
pub(crate) async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && lacks_ipv6(&error) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        outcome => outcome,
    }
}

/// It is not about the port: the kernel was built or started without IPv6, or no interface has an address of it.
fn lacks_ipv6(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

/// Serves until `shutdown` is cancelled.
pub(crate) async fn serve(
    listener: TcpListener,
    admin: Admin,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(admin);
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}

async fn ready(State(admin): State<Admin>) -> impl IntoResponse {
    if admin.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the watches are not in step yet\n",
        )
    }
}

async fn metrics(State(admin): State<Admin>, headers: HeaderMap) -> impl IntoResponse {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let format = Format::of(accepted);
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &admin.registry) {
        Ok(()) => (
            StatusCode::OK,
            [(header::CONTENT_TYPE, format.content_type())],
            format.text(text),
        ),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(header::CONTENT_TYPE, "text/plain")],
            format!("{error}\n"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_is_one_of_each_family() -> io::Result<()> {
        let listener = listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))).await?;
        let port = listener.local_addr()?.port();
        tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(())
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_said_whatever_the_family() -> io::Result<()> {
        let taken = listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))).await?;
        let refused = listen(taken.local_addr()?).await.map(drop);
        assert_eq!(
            refused.map_err(|error| error.kind()),
            Err(io::ErrorKind::AddrInUse)
        );
        Ok(())
    }
}
