//! Keeps the token of the cloud's scope: asked for once at a time, renewed before it expires, dropped when refused.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::ErrorKind;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::assertion::NoAssertion;
use crate::clock::Clock;
use crate::error::{ArmError, ArmErrorKind};
use crate::redaction::shown;

/// How long before its end a token is renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// How long a failure to get a token stands, so that a thousand objects do not all try.
const FAILURE_STANDS: Duration = Duration::from_secs(10);

/// A token, and nothing that would print it.
#[derive(Clone)]
pub(crate) struct Token {
    secret: Secret,
}

impl Token {
    /// The header's value. To be put into a request to the cloud's resource manager and nowhere else.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.secret.secret())
    }
}

#[derive(Default)]
struct State {
    token: Option<Kept>,
    failure: Option<(ArmError, Timestamp)>,
}

struct Kept {
    token: Token,
    renew_at: Timestamp,
    expires: Timestamp,
}

/// The token of one credential and scope.
pub(crate) struct TokenCache {
    credential: Arc<dyn TokenCredential>,
    scope: String,
    clock: Clock,
    /// Held while a token is asked for: all others wait for the same one.
    state: Mutex<State>,
}

impl TokenCache {
    pub(crate) fn new(credential: Arc<dyn TokenCredential>, scope: String, clock: Clock) -> Self {
        TokenCache {
            credential,
            scope,
            clock,
            state: Mutex::default(),
        }
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// [`ArmErrorKind::Credential`] where Entra or the configuration refuses; [`ArmErrorKind::NotSent`] where the
    /// authority could not be reached or is in trouble.
    pub(crate) async fn token(&self) -> Result<Token, ArmError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        let reaches = |wait: Duration| now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        if let Some(kept) = state.token.as_ref().filter(|kept| now < kept.renew_at) {
            return Ok(kept.token.clone());
        }
        let still_good = state
            .token
            .as_ref()
            .filter(|kept| now < kept.expires)
            .map(|kept| kept.token.clone());
        if let Some((failure, until)) = &state.failure
            && now < *until
        {
            return still_good.ok_or_else(|| failure.clone());
        }
        match self.credential.get_token(&[self.scope.as_str()], None).await {
            Ok(access) if is_header_text(access.token.secret()) => {
                let expires =
                    Timestamp::from_second(access.expires_on.unix_timestamp()).unwrap_or(Timestamp::MAX);
                let token = Token { secret: access.token };
                // Halfway for tokens that live shorter than that: they are not to be asked for with each request.
                let lifetime =
                    Duration::try_from(expires.duration_since(self.clock.now())).unwrap_or_default();
                let renew_at = expires
                    .saturating_sub(RENEW_BEFORE.min(lifetime / 2))
                    .unwrap_or(Timestamp::MIN);
                *state = State {
                    token: Some(Kept {
                        token: token.clone(),
                        renew_at,
                        expires,
                    }),
                    failure: None,
                };
                Ok(token)
            }
            refused => {
                let failure = match refused {
                    Err(error) => explain(&error),
                    Ok(_) => ArmError::new(
                        ArmErrorKind::Credential,
                        "UnusableToken",
                        "the credential gave an empty token, or one that cannot stand in a header",
                    ),
                };
                state.failure = Some((failure.clone(), reaches(FAILURE_STANDS)));
                still_good.ok_or(failure)
            }
        }
    }

    /// Drops a token that Azure refused, unless there is a newer one already.
    pub(crate) async fn refused(&self, token: &Token) {
        let mut state = self.state.lock().await;
        if state
            .token
            .as_ref()
            .is_some_and(|kept| kept.token.secret == token.secret)
        {
            state.token = None;
        }
    }
}

fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a failure to get a token is: a refusal, or trouble on the way.
fn explain(error: &azure_core::Error) -> ArmError {
    let text = error.to_string();
    let entra = entra_code(&text);
    let mut trouble = matches!(
        error.kind(),
        ErrorKind::Connection | ErrorKind::Io | ErrorKind::DataConversion
    );
    let mut status = error.http_status().map(u16::from);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<NoAssertion>() {
            let kind = if refusal.trouble {
                ArmErrorKind::NotSent
            } else {
                ArmErrorKind::Credential
            };
            return ArmError::new(kind, refusal.code, shown(&refusal.message));
        }
        if let Some(cause) = cause.downcast_ref::<azure_core::Error>() {
            trouble |= matches!(
                cause.kind(),
                ErrorKind::Connection | ErrorKind::Io | ErrorKind::DataConversion
            );
            status = status.or(cause.http_status().map(u16::from));
        }
        source = cause.source();
    }
    trouble |= status.is_some_and(|status| status >= 500 || status == 429 || status == 408);
    // What Entra itself says is a refusal, unless it says so with a status of its own trouble.
    if trouble && (entra.is_none() || status.is_some_and(|status| status >= 500)) {
        let message = format!("no token could be had: {text}");
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
    use std::sync::atomic::{AtomicU32, Ordering};

    use azure_core::credentials::{AccessToken, TokenRequestOptions};
    use azure_core::time::OffsetDateTime;

    use super::*;

    const START: i64 = 1_800_000_000;

    #[derive(Debug)]
    struct Counting {
        asked: AtomicU32,
        clock: Clock,
        fails_after: u32,
    }

    #[async_trait::async_trait]
    impl TokenCredential for Counting {
        async fn get_token(
            &self,
            scopes: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            assert_eq!(scopes, ["https://management.azure.com/.default"]);
            let number = self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            if number >= self.fails_after {
                let message =
                    "ClientSecretCredential authentication failed. AADSTS7000215: Invalid client secret.";
                return Err(azure_core::Error::with_message(ErrorKind::Credential, message));
            }
            let expires = self.clock.now().as_second() + 3600;
            let expires = OffsetDateTime::from_unix_timestamp(expires).unwrap();
            Ok(AccessToken::new(format!("token-{number}"), expires))
        }
    }

    fn cache(fails_after: u32) -> (Arc<Counting>, Arc<TokenCache>) {
        let clock = Clock::simulated(Timestamp::from_second(START).unwrap());
        let credential = Arc::new(Counting {
            asked: AtomicU32::new(0),
            clock: clock.clone(),
            fails_after,
        });
        let scope = "https://management.azure.com/.default".to_owned();
        (
            credential.clone(),
            Arc::new(TokenCache::new(credential, scope, clock)),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_callers_ask_once() {
        let (credential, cache) = cache(u32::MAX);
        let tokens = futures::future::join_all((0..100).map(|_| cache.token())).await;
        assert!(
            tokens
                .into_iter()
                .all(|token| token.unwrap().authorization() == "Bearer token-0")
        );
        assert_eq!(credential.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_renewed_five_minutes_before_its_end() {
        let (credential, cache) = cache(u32::MAX);
        cache.token().await.unwrap();
        tokio::time::advance(Duration::from_secs(3298)).await;
        cache.token().await.unwrap();
        assert_eq!(credential.asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-1");
    }

    #[tokio::test(start_paused = true)]
    async fn a_good_token_outlives_a_failed_renewal_until_its_end() {
        let (credential, cache) = cache(1);
        cache.token().await.unwrap();
        tokio::time::advance(Duration::from_secs(3400)).await;
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-0");
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-0");
        assert_eq!(
            credential.asked.load(Ordering::SeqCst),
            2,
            "a failure stands for a while"
        );
        tokio::time::advance(Duration::from_secs(300)).await;
        let error = cache.token().await.err().unwrap();
        assert_eq!(
            (error.kind, error.code.as_str()),
            (ArmErrorKind::Credential, "AADSTS7000215")
        );
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(cache.token().await.is_err());
        assert_eq!(credential.asked.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_dropped_but_not_its_successor() {
        let (_, cache) = cache(u32::MAX);
        let old = cache.token().await.unwrap();
        cache.refused(&old).await;
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-1");
        cache.refused(&old).await;
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-1");
    }

    #[test]
    fn trouble_on_the_way_is_no_refusal() {
        let cut = azure_core::Error::with_message(ErrorKind::Connection, "connection refused");
        let wrapped =
            azure_core::Error::with_error(ErrorKind::Credential, cut, "WorkloadIdentityCredential failed");
        assert_eq!(explain(&wrapped).kind, ArmErrorKind::NotSent);
        let missing = azure_core::Error::with_message(ErrorKind::Credential, "no token file specified");
        assert_eq!(explain(&missing).kind, ArmErrorKind::Credential);
    }
}
