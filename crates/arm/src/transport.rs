//! The one HTTP client of the process: for ARM and for Entra.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::HttpClient;

/// The longest that making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a request may take, its answer's body included. ARM gives up on a provider after 60 s.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Why there is no transport.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTransport {
    #[error("the CA bundle {} cannot be read", path.display())]
    UnreadableBundle { path: PathBuf, source: std::io::Error },
    #[error("the CA bundle {} is not PEM", path.display())]
    InvalidBundle { path: PathBuf, source: reqwest::Error },
    #[error("the CA bundle {} has no certificate in it", .0.display())]
    EmptyBundle(PathBuf),
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Makes the client. It follows no redirect and keeps no cookie. The certificates of a bundle (PEM) are trusted
/// besides the system's.
///
/// # Errors
/// A bundle that is missing, not PEM, or empty.
pub fn transport(ca_bundle: Option<&Path>) -> Result<Arc<dyn HttpClient>, InvalidTransport> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may be first: then theirs is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT);
    if let Some(path) = ca_bundle {
        let path_buf = || path.to_owned();
        let pem = std::fs::read(path).map_err(|source| InvalidTransport::UnreadableBundle {
            path: path_buf(),
            source,
        })?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|source| {
            InvalidTransport::InvalidBundle {
                path: path_buf(),
                source,
            }
        })?;
        if certificates.is_empty() {
            return Err(InvalidTransport::EmptyBundle(path_buf()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(Arc::new(builder.build().map_err(InvalidTransport::Client)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_bundle_is_refused_by_its_path() {
        let missing = transport(Some(Path::new("/nonexistent/ca.pem"))).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "the CA bundle /nonexistent/ca.pem cannot be read"
        );
        let path = std::env::temp_dir().join(format!("privatelink-ca-{}.pem", std::process::id()));
        std::fs::write(&path, "not a certificate").unwrap();
        let empty = transport(Some(&path)).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(
            empty.contains("has no certificate in it") || empty.contains("is not PEM"),
            "{empty}"
        );
    }

    #[test]
    fn it_needs_no_provider_installed_beforehand() {
        assert!(transport(None).is_ok());
    }
}
