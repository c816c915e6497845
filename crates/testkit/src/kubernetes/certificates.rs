//! The API server's own certificate authority, its serving certificate, and the key that signs service account tokens.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

/// Everything that is written into the server's folder, as PEM.
pub(super) struct Certificates {
    /// The certificate authority that clients trust.
    pub(super) ca: String,
    /// The serving certificate for 127.0.0.1 and localhost.
    pub(super) certificate: String,
    /// Its private key.
    pub(super) key: String,
    /// The private key (EC P-256) that service account tokens are signed with.
    pub(super) service_account_key: String,
    /// The public half of it, which the server checks tokens with.
    pub(super) service_account_public_key: String,
}

impl Certificates {
    /// Makes fresh keys and certificates.
    pub(super) fn generate() -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "local Kubernetes API server");
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let mut serving = CertificateParams::new(vec![
            "127.0.0.1".to_owned(),
            "localhost".to_owned(),
            "kubernetes.default.svc".to_owned(),
        ])?;
        serving
            .distinguished_name
            .push(DnType::CommonName, "kube-apiserver");
        serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let service_account_key = KeyPair::generate()?;
        let certificate = serving.signed_by(&key, &authority)?;

        Ok(Self {
            ca: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            service_account_key: service_account_key.serialize_pem(),
            service_account_public_key: service_account_key.public_key_pem(),
        })
    }
}
