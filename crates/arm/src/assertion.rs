//! Tokens of another issuer that are exchanged with Entra for one of its own: federation, without a secret.
//!
//! Owns the seam: who hands out the assertion is not known here, nor is an assertion kept.

use std::fmt;
use std::sync::Arc;

use azure_core::credentials::Secret;
use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;

/// The audience of the assertions of scopes, in every cloud.
pub const EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// Hands out a fresh assertion: a token of an issuer that an application federates.
#[async_trait::async_trait]
pub trait AssertionSource: Send + Sync + fmt::Debug {
    /// An assertion that is good for some minutes.
    ///
    /// # Errors
    /// Why there is none, in words for a user.
    async fn assertion(&self) -> Result<Secret, NoAssertion>;
}

/// Why there is no assertion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoAssertion {
    /// A name for the reason, as Azure's error codes are.
    pub code: &'static str,
    /// What is missing, and what to do.
    pub message: String,
    /// Nobody refused: whoever hands them out was not reached or is in trouble.
    pub trouble: bool,
}

/// A source as the SDK takes it.
#[derive(Clone, Debug)]
pub(crate) struct Assertions(pub(crate) Arc<dyn AssertionSource>);

#[async_trait::async_trait]
impl ClientAssertion for Assertions {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        match self.0.assertion().await {
            Ok(assertion) => Ok(assertion.secret().to_owned()),
            Err(refusal) => Err(azure_core::Error::new(ErrorKind::Credential, refusal)),
        }
    }
}
