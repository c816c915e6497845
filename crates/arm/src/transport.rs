//! The one HTTP client of the process: for ARM and for Entra.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::HttpClient;
use http::Uri;

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
    #[error(
        "it is no proxy that requests can be sent through: write it as http://host:port or https://host:port; SOCKS is not spoken"
    )]
    Proxy { variable: &'static str },
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Makes the client. It follows no redirect and keeps no cookie. The certificates of a bundle (PEM) are trusted
/// besides the system's.
///
/// # Errors
/// A bundle that is missing, not PEM, or empty; a proxy in the environment that would be passed by.
pub fn transport(ca_bundle: Option<&Path>) -> Result<Arc<dyn HttpClient>, InvalidTransport> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may be first: then theirs is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    check_proxy(|name| std::env::var(name).ok())?;
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

/// The client drops a proxy that it does not understand, and calls Azure without it. So it is judged here, by the
/// variable that the client goes by for https, as all is but the metadata service of a managed identity. The value may
/// have a password in it and is not told.
fn check_proxy(variable: impl Fn(&str) -> Option<String>) -> Result<(), InvalidTransport> {
    for names in [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]] {
        let set = names.into_iter().find_map(|name| Some((name, variable(name)?)));
        let Some((name, value)) = set.filter(|(_, value)| !value.is_empty()) else {
            continue;
        };
        return if is_proxy(&value) {
            Ok(())
        } else {
            Err(InvalidTransport::Proxy { variable: name })
        };
    }
    Ok(())
}

/// Without a scheme it is http, as with curl.
fn is_proxy(value: &str) -> bool {
    let Ok(uri) = value.parse::<Uri>() else {
        return false;
    };
    let whole = uri.authority().is_some_and(|authority| {
        authority.port_u16().is_some() || authority.as_str().ends_with(authority.host())
    });
    whole && matches!(uri.scheme_str(), None | Some("http" | "https"))
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
    fn a_proxy_that_would_be_passed_by_is_refused_by_its_variable() {
        let judged = |variables: &[(&str, &str)]| {
            let value = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            check_proxy(value).map_err(|error| match error {
                InvalidTransport::Proxy { variable } => variable,
                other => panic!("{other}"),
            })
        };
        for good in [
            "",
            "http://proxy:3128",
            "http://user:pa%23ss@proxy:3128/",
            "https://proxy",
            "proxy:3128",
            "http://[fd00::1]:3128",
        ] {
            assert_eq!(judged(&[("HTTPS_PROXY", good)]), Ok(()), "{good}");
        }
        for bad in [
            "socks5://user:hunter2@proxy:1080",
            "http://",
            "http://proxy:port",
            "http://user:hun#ter2@proxy:3128",
            "http:// proxy",
            "ftp://proxy",
            "/proxy",
        ] {
            assert_eq!(judged(&[("https_proxy", bad)]), Err("https_proxy"), "{bad}");
            assert_eq!(
                judged(&[("HTTPS_PROXY", ""), ("ALL_PROXY", bad)]),
                Err("ALL_PROXY"),
                "{bad}"
            );
        }
        // What the client does not go by.
        let both = [
            ("HTTPS_PROXY", "http://proxy:3128"),
            ("ALL_PROXY", "socks5://proxy"),
        ];
        assert_eq!(judged(&both), Ok(()));
    }

    #[test]
    fn it_needs_no_provider_installed_beforehand() {
        assert!(transport(None).is_ok());
    }
}
