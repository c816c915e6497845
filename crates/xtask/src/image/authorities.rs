//! The certificate authorities that an image trusts: Mozilla's, of the version that Cargo.lock pins, so that an image does
//! not depend on the machine that made it.

use base64::Engine as _;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// How many characters a line of PEM has.
const WIDTH: usize = 64;

/// All of them as PEM.
pub(super) fn bundle() -> String {
    let mut text = String::new();
    for certificate in TLS_SERVER_ROOT_CERTS {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut column = 0;
        for character in base64::engine::general_purpose::STANDARD
            .encode(certificate)
            .chars()
        {
            text.push(character);
            column += 1;
            if column == WIDTH {
                text.push('\n');
                column = 0;
            }
        }
        if column > 0 {
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_pem_that_a_client_reads_whole() {
        let read = reqwest::Certificate::from_pem_bundle(bundle().as_bytes()).unwrap();
        assert_eq!(read.len(), TLS_SERVER_ROOT_CERTS.len());
        // Those that Azure's endpoints hang on.
        let text = bundle();
        for owner in [
            "DigiCert Global Root G2",
            "Microsoft RSA Root Certificate Authority 2017",
        ] {
            let bytes = owner.as_bytes();
            assert!(
                TLS_SERVER_ROOT_CERTS
                    .iter()
                    .any(|certificate| certificate.windows(bytes.len()).any(|part| part == bytes)),
                "{owner} is missing"
            );
        }
        assert!(text.lines().all(|line| line.len() <= WIDTH));
    }
}
