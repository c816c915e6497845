//! The emulator's own certificate authority, and the server's TLS configuration.
//!
//! Owns the files `ca.pem`, `ca-key.pem`, `server.pem` and `server-key.pem` in the state directory. The authority and its
//! key are kept, so that clients which trust `ca.pem` go on doing so after a restart; the server's certificate is made anew
//! on every start, for the names that are asked for.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The names that every certificate carries.
const NAMES: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// Why there is no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot {action} {path}")]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "{path} is not usable: {reason}; delete it together with ca-key.pem to have a new certificate authority made"
    )]
    Authority { path: PathBuf, reason: String },
    #[error("cannot make a certificate for {names}: {reason}")]
    Certificate { names: String, reason: String },
    #[error("{path} holds no {what} in PEM format: {reason}")]
    Pem {
        path: PathBuf,
        what: &'static str,
        reason: String,
    },
    #[error("the certificate and its key cannot be used: {0}")]
    Configuration(#[from] rustls::Error),
}

/// TLS for a server, and the file that its clients have to trust.
#[derive(Debug)]
pub struct ServerTls {
    pub configuration: Arc<ServerConfig>,
    /// The certificates to trust, as PEM.
    pub trust: PathBuf,
}

/// A configuration from the emulator's own authority in `directory`, made when it is not there yet. The certificate is for
/// localhost, 127.0.0.1, ::1 and `hosts`.
///
/// # Errors
/// [`TlsError`] names the file or the name that cannot be used.
pub fn own_authority(directory: &Path, hosts: &[String]) -> Result<ServerTls, TlsError> {
    let certificate_path = directory.join("ca.pem");
    let key_path = directory.join("ca-key.pem");
    let unusable = |path: &Path, error: rcgen::Error| TlsError::Authority {
        path: path.to_owned(),
        reason: error.to_string(),
    };

    let authority_key = if key_path.exists() && certificate_path.exists() {
        KeyPair::from_pem(&read(&key_path)?).map_err(|error| unusable(&key_path, error))?
    } else {
        let key = KeyPair::generate().map_err(|error| unusable(&key_path, error))?;
        let certificate = authority_parameters()
            .self_signed(&key)
            .map_err(|error| unusable(&certificate_path, error))?;
        write(&key_path, &key.serialize_pem(), 0o600)?;
        write(&certificate_path, &certificate.pem(), 0o644)?;
        key
    };
    let authority = Issuer::new(authority_parameters(), authority_key);

    let names: Vec<String> = NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(hosts.iter().cloned())
        .collect();
    let not_made = |error: rcgen::Error| TlsError::Certificate {
        names: names.join(", "),
        reason: error.to_string(),
    };
    let mut parameters = CertificateParams::new(names.clone()).map_err(not_made)?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "arm-emulator");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(not_made)?;
    let certificate = parameters.signed_by(&key, &authority).map_err(not_made)?;

    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|reason| TlsError::Certificate {
        names: names.join(", "),
        reason: reason.to_owned(),
    })?;
    Ok(ServerTls {
        configuration: configuration(vec![certificate.der().clone()], private)?,
        trust: certificate_path,
    })
}

/// A configuration from the user's own certificate chain and key.
///
/// # Errors
/// [`TlsError`] names the file that cannot be used.
pub fn given(certificate: &Path, key: &Path) -> Result<ServerTls, TlsError> {
    let wrong = |path: &Path, what, error: rustls::pki_types::pem::Error| TlsError::Pem {
        path: path.to_owned(),
        what,
        reason: error.to_string(),
    };
    let chain = CertificateDer::pem_slice_iter(read(certificate)?.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(certificate, "certificate", error))?;
    if chain.is_empty() {
        return Err(TlsError::Pem {
            path: certificate.to_owned(),
            what: "certificate",
            reason: "no CERTIFICATE section".to_owned(),
        });
    }
    let private = PrivateKeyDer::from_pem_slice(read(key)?.as_bytes())
        .map_err(|error| wrong(key, "private key", error))?;
    Ok(ServerTls {
        configuration: configuration(chain, private)?,
        trust: certificate.to_owned(),
    })
}

fn configuration(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut configuration = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

/// The same on every start: a certificate that was signed before has to agree with it.
fn authority_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "arm-emulator certificate authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn read(path: &Path) -> Result<String, TlsError> {
    fs::read_to_string(path).map_err(|source| TlsError::File {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

/// Writes beside the file and renames, so that no reader sees half of it.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    write_private(path, text.as_bytes(), mode).map_err(|source| TlsError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// Writes a file with exactly these permissions, at once or not at all.
///
/// # Errors
/// What the file system says.
pub fn write_private(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_authority_is_kept_and_its_key_is_private() {
        let directory = tempfile::tempdir().unwrap();
        own_authority(directory.path(), &["arm.example".to_owned()]).unwrap();
        let first = fs::read_to_string(directory.path().join("ca.pem")).unwrap();
        own_authority(directory.path(), &[]).unwrap();
        assert_eq!(
            fs::read_to_string(directory.path().join("ca.pem")).unwrap(),
            first
        );
        let mode = fs::metadata(directory.path().join("ca-key.pem"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_key_is_named() {
        let directory = tempfile::tempdir().unwrap();
        own_authority(directory.path(), &[]).unwrap();
        fs::write(directory.path().join("ca-key.pem"), "nothing").unwrap();
        let error = own_authority(directory.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("ca-key.pem is not usable"), "{error}");
        let error = given(
            &directory.path().join("ca-key.pem"),
            &directory.path().join("ca-key.pem"),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains("holds no certificate"), "{error}");
    }
}
