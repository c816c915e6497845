//! What it means that no token could be had: a refusal, in Entra's words, or trouble on the way.

use azure_core::error::ErrorKind;

use crate::assertion::NoAssertion;
use crate::error::{ArmError, ArmErrorKind};
use crate::redaction::shown;

/// What a failure to get a token is: a refusal, or trouble on the way.
pub(crate) fn explain(error: &azure_core::Error) -> ArmError {
    let text = error.to_string();
    let entra = entra_code(&text);
    let mut trouble = matches!(
        error.kind(),
        ErrorKind::Connection | ErrorKind::Io | ErrorKind::DataConversion
    );
    let mut unreadable = matches!(error.kind(), ErrorKind::DataConversion);
    let mut status = error.http_status().map(u16::from);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<NoAssertion>() {
            let kind = if refusal.trouble {
                ArmErrorKind::NotSent
            } else {
                ArmErrorKind::Credential
            };
            // Our own words, with what Kubernetes said at their end: not cut before the remedy.
            return ArmError::new(kind, refusal.code, refusal.message.clone());
        }
        if let Some(cause) = cause.downcast_ref::<azure_core::Error>() {
            trouble |= matches!(
                cause.kind(),
                ErrorKind::Connection | ErrorKind::Io | ErrorKind::DataConversion
            );
            unreadable |= matches!(cause.kind(), ErrorKind::DataConversion);
            status = status.or(cause.http_status().map(u16::from));
        }
        source = cause.source();
    }
    trouble |= status.is_some_and(|status| status >= 500 || status == 429 || status == 408);
    // What Entra itself says is a refusal, unless it says so with a status of its own trouble.
    if trouble && (entra.is_none() || status.is_some_and(|status| status >= 500)) {
        let message = if unreadable {
            let status = status
                .map(|status| format!(" (status {status})"))
                .unwrap_or_default();
            format!(
                "no token could be had: the answer{status} is not Entra's: a web page, perhaps, of a proxy or a firewall on the way: {text}"
            )
        } else {
            format!("no token could be had: {text}")
        };
        return ArmError::new(ArmErrorKind::NotSent, "TokenUnavailable", shown(&message));
    }
    ArmError::new(
        ArmErrorKind::Credential,
        entra.unwrap_or_else(|| "CredentialUnavailable".to_owned()),
        shown(&text),
    )
}

/// Entra's code, for instance `AADSTS7000215`.
fn entra_code(text: &str) -> Option<String> {
    let at = text.find("AADSTS")?;
    let digits: String = text
        .get(at + 6..)?
        .chars()
        .take_while(char::is_ascii_digit)
        .take(12)
        .collect();
    (!digits.is_empty()).then(|| format!("AADSTS{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_on_the_way_is_no_refusal() {
        let cut = azure_core::Error::with_message(ErrorKind::Connection, "connection refused");
        let wrapped =
            azure_core::Error::with_error(ErrorKind::Credential, cut, "WorkloadIdentityCredential failed");
        assert_eq!(explain(&wrapped).kind, ArmErrorKind::NotSent);
        let page = serde_json::from_str::<serde_json::Value>("<html>").unwrap_err();
        let page = azure_core::Error::new(ErrorKind::DataConversion, page);
        let page =
            azure_core::Error::with_error(ErrorKind::Credential, page, "WorkloadIdentityCredential failed");
        let page = explain(&page);
        assert_eq!(page.kind, ArmErrorKind::NotSent);
        assert!(
            page.message.contains("a proxy or a firewall on the way"),
            "{}",
            page.message
        );
        let missing = azure_core::Error::with_message(ErrorKind::Credential, "no token file specified");
        assert_eq!(explain(&missing).kind, ArmErrorKind::Credential);
    }
}
