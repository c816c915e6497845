//! Keeps the token of the cloud's scope: asked for once at a time, renewed before it expires, dropped when refused.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::error::ErrorKind;
use futures::FutureExt;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

use crate::clock::Clock;
use crate::error::{ArmError, ArmErrorKind};
use crate::token_failure::explain;

/// How long before its end a token is renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// How long a failure to get a token stands, so that a thousand objects do not all try; twice as long after each further
/// one, up to a minute.
const FAILURE_STANDS: Duration = Duration::from_secs(10);
const FAILURE_STANDS_AT_MOST: Duration = Duration::from_secs(60);
/// The longest that is waited for a token, by whoever asks for it and by those who come meanwhile.
const ASKED_FOR: Duration = Duration::from_secs(10);
const WAITED_FOR: Duration = Duration::from_secs(2);
/// A token is used for this long, whatever our clock says of its end.
const GOOD_AT_LEAST: Duration = Duration::from_secs(30);
/// And no longer than this without a new one.
const GOOD_AT_MOST: Duration = Duration::from_secs(7 * 24 * 3600);
/// A token that Azure has never taken is replaced no more often than this: another one fares no better.
const REPLACED_EVERY: Duration = Duration::from_secs(60);

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

    fn is(&self, other: &Token) -> bool {
        self.secret == other.secret
    }
}

#[derive(Default)]
struct State {
    token: Option<Kept>,
    /// The last failure, until when it stands, and how many came before it without a success.
    failure: Option<(ArmError, Instant)>,
    failures: u32,
    /// A token is being asked for.
    asking: Option<Asking>,
    /// When a refused token was dropped last.
    dropped: Option<Instant>,
}

/// A request for a token that is under way.
#[derive(Clone)]
struct Asking {
    since: Instant,
    /// Closed when it is over.
    over: watch::Receiver<()>,
}

/// A token that is used. Its times are those of a clock that nobody sets: the machine's may be put right meanwhile.
struct Kept {
    token: Token,
    renew_at: Instant,
    expires: Instant,
    /// Whether Azure has taken it.
    taken: bool,
}

impl State {
    /// A token that needs no renewal yet.
    fn fresh(&self, now: Instant) -> Option<Token> {
        let kept = self.token.as_ref().filter(|kept| now < kept.renew_at)?;
        Some(kept.token.clone())
    }

    /// A token that has not ended.
    fn unended(&self, now: Instant) -> Option<Token> {
        let kept = self.token.as_ref().filter(|kept| now < kept.expires)?;
        Some(kept.token.clone())
    }

    /// A token that has not ended, else what failed last.
    fn rather(&self, now: Instant) -> Result<Token, ArmError> {
        let pending = || {
            ArmError::new(
                ArmErrorKind::NotSent,
                "TokenPending",
                "a token is being asked for, and does not come",
            )
        };
        let last = || self.failure.as_ref().map(|(failure, _)| failure.clone());
        self.unended(now).ok_or_else(|| last().unwrap_or_else(pending))
    }

    fn failure_stands(&self, now: Instant) -> bool {
        self.failure.as_ref().is_some_and(|(_, until)| now < *until)
    }

    /// The request that is under way.
    fn asking(&self) -> Option<Asking> {
        let asking = self.asking.as_ref();
        asking.filter(|asking| asking.over.has_changed().is_ok()).cloned()
    }
}

/// The token of one credential and scope. Clones share it.
#[derive(Clone)]
pub(crate) struct TokenCache {
    shared: Arc<Shared>,
}

struct Shared {
    credential: Arc<dyn TokenCredential>,
    scope: String,
    clock: Clock,
    state: Mutex<State>,
}

impl TokenCache {
    pub(crate) fn new(credential: Arc<dyn TokenCredential>, scope: String, clock: Clock) -> Self {
        TokenCache {
            shared: Arc::new(Shared {
                credential,
                scope,
                clock,
                state: Mutex::default(),
            }),
        }
    }

    /// A token that is good for a while. Nobody waits long for an identity that does not answer: its callers would take
    /// the place of others'. The request goes on meanwhile, one at a time.
    ///
    /// # Errors
    /// [`ArmErrorKind::Credential`] where Entra or the configuration refuses; [`ArmErrorKind::NotSent`] where the
    /// authority could not be reached, is in trouble, or does not answer.
    pub(crate) async fn token(&self) -> Result<Token, ArmError> {
        self.token_within(WAITED_FOR).await
    }

    /// The same for whoever has nothing else to do: waits as long as a token is asked for.
    ///
    /// # Errors
    /// As [`TokenCache::token`].
    pub(crate) async fn token_in_the_end(&self) -> Result<Token, ArmError> {
        self.token_within(ASKED_FOR + WAITED_FOR).await
    }

    /// Whoever mended an identity does not wait until its last failure is old.
    pub(crate) fn ask_anew(&self) {
        let mut state = self.shared.state();
        if let Some((_, until)) = &mut state.failure {
            *until = Instant::now();
        }
        state.failures = 0;
    }

    /// All that wait for the same request wait this long together, counted from its beginning.
    async fn token_within(&self, patience: Duration) -> Result<Token, ArmError> {
        let mut asking = {
            let (mut state, now) = (self.shared.state(), Instant::now());
            if let Some(token) = state.fresh(now) {
                return Ok(token);
            }
            match state.asking() {
                Some(asking) => asking,
                None if state.failure_stands(now) => return state.rather(now),
                None => {
                    let asking = self.ask(now);
                    state.asking = Some(asking.clone());
                    asking
                }
            }
        };
        let waited = patience.saturating_sub(asking.since.elapsed());
        let over = tokio::time::timeout(waited, asking.over.changed()).await.is_ok();
        let rather = self.shared.state().rather(Instant::now());
        rather.map_err(|mut error| {
            if !over {
                error.retry_after = Some(ASKED_FOR);
            }
            error
        })
    }

    /// Begins to ask. Whoever waits may go away.
    fn ask(&self, now: Instant) -> Asking {
        let (asks, over) = watch::channel(());
        let shared = self.shared.clone();
        tokio::spawn(async move {
            let scopes = [shared.scope.as_str()];
            let asked = shared.credential.get_token(&scopes, None);
            let answer = AssertUnwindSafe(tokio::time::timeout(ASKED_FOR, asked))
                .catch_unwind()
                .await;
            // A failure like any other: it stands for a while.
            let panicked = |_| {
                Ok(Err(azure_core::Error::with_message(
                    ErrorKind::Other,
                    "the credential panicked",
                )))
            };
            shared.note(answer.unwrap_or_else(panicked));
            drop(asks);
        });
        Asking { since: now, over }
    }

    /// Azure has taken a token.
    pub(crate) fn taken(&self, token: &Token) {
        let mut state = self.shared.state();
        if let Some(kept) = state.token.as_mut().filter(|kept| kept.token.is(token)) {
            kept.taken = true;
        }
    }

    /// Drops a token that Azure refused, unless there is a newer one already. Whether it is worth while to come again: a
    /// token that Azure has never taken, and that took the place of a refused one a moment ago, is kept.
    pub(crate) fn refused(&self, token: &Token) -> bool {
        let now = Instant::now();
        let mut state = self.shared.state();
        let lately = state
            .dropped
            .is_some_and(|at| now.duration_since(at) < REPLACED_EVERY);
        match &state.token {
            Some(kept) if !kept.token.is(token) => return true,
            Some(kept) if lately && !kept.taken => return false,
            Some(_) => {}
            None => return true,
        }
        state.token = None;
        state.dropped = Some(now);
        true
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what came of a request.
    fn note(&self, answer: Result<azure_core::Result<AccessToken>, Elapsed>) {
        let now = Instant::now();
        let mut state = self.state();
        let failure = match answer {
            Ok(Ok(access)) if is_header_text(access.token.secret()) => {
                let ends =
                    Timestamp::from_second(access.expires_on.unix_timestamp()).unwrap_or(Timestamp::MAX);
                let token = Token { secret: access.token };
                // Halfway for tokens that live shorter than that, and not with each request where our clock is ahead:
                // Azure says it when a token has ended.
                let lifetime = Duration::try_from(ends.duration_since(self.clock.now())).unwrap_or_default();
                let lifetime = lifetime.min(GOOD_AT_MOST);
                let renewed_after = lifetime - RENEW_BEFORE.min(lifetime / 2);
                *state = State {
                    token: Some(Kept {
                        token,
                        renew_at: now + renewed_after.max(GOOD_AT_LEAST),
                        expires: now + lifetime.max(GOOD_AT_LEAST),
                        taken: false,
                    }),
                    dropped: state.dropped,
                    ..State::default()
                };
                return;
            }
            Ok(Ok(_)) => ArmError::new(
                ArmErrorKind::Credential,
                "UnusableToken",
                "the credential gave an empty token, or one that cannot stand in a header",
            ),
            Ok(Err(error)) => explain(&error),
            Err(_) => ArmError::new(
                ArmErrorKind::NotSent,
                "TokenUnavailable",
                format!("no token came within {} s", ASKED_FOR.as_secs()),
            ),
        };
        let stands = (FAILURE_STANDS * (1 << state.failures.min(3))).min(FAILURE_STANDS_AT_MOST);
        state.failures = state.failures.saturating_add(1);
        state.failure = Some((failure, now + stands));
    }
}

fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use azure_core::credentials::TokenRequestOptions;
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

    fn cache(fails_after: u32) -> (Arc<Counting>, TokenCache) {
        let clock = Clock::simulated(Timestamp::from_second(START).unwrap());
        let credential = Arc::new(Counting {
            asked: AtomicU32::new(0),
            clock: clock.clone(),
            fails_after,
        });
        let scope = "https://management.azure.com/.default".to_owned();
        (credential.clone(), TokenCache::new(credential, scope, clock))
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
        tokio::time::advance(Duration::from_secs(41)).await;
        assert!(cache.token().await.is_err());
        assert_eq!(credential.asked.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn an_authority_that_does_not_answer_holds_nobody_up_for_long() {
        #[derive(Debug)]
        struct Silent;

        #[async_trait::async_trait]
        impl TokenCredential for Silent {
            async fn get_token(
                &self,
                _: &[&str],
                _: Option<TokenRequestOptions<'_>>,
            ) -> azure_core::Result<AccessToken> {
                std::future::pending().await
            }
        }

        let clock = Clock::simulated(Timestamp::from_second(START).unwrap());
        let cache = TokenCache::new(Arc::new(Silent), "scope".to_owned(), clock);
        let began = tokio::time::Instant::now();
        let waited = futures::future::join_all((0..50).map(|_| async {
            let error = cache.token().await.err().unwrap();
            (error.kind, error.code, began.elapsed())
        }))
        .await;
        assert!(waited.iter().all(|(kind, ..)| *kind == ArmErrorKind::NotSent));
        let longer = waited.iter().filter(|(.., took)| *took > Duration::from_secs(3));
        assert_eq!(longer.count(), 0, "{waited:?}");
        // Whoever comes later is told at once, while it is asked for and when that has failed.
        tokio::time::advance(Duration::from_secs(3)).await;
        let (again, pending) = (tokio::time::Instant::now(), cache.token().await.err().unwrap());
        assert_eq!(
            (pending.code.as_str(), again.elapsed()),
            ("TokenPending", Duration::ZERO)
        );
        let failed = cache.token_in_the_end().await.err().unwrap();
        assert_eq!(failed.code, "TokenUnavailable");
        assert_eq!(began.elapsed(), ASKED_FOR);
        let again = tokio::time::Instant::now();
        assert!(cache.token().await.is_err());
        assert_eq!(again.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_an_hour_ahead_does_not_ask_with_every_request() {
        #[derive(Debug)]
        struct Late(AtomicU32);

        #[async_trait::async_trait]
        impl TokenCredential for Late {
            async fn get_token(
                &self,
                _: &[&str],
                _: Option<TokenRequestOptions<'_>>,
            ) -> azure_core::Result<AccessToken> {
                self.0.fetch_add(1, Ordering::SeqCst);
                let ended = OffsetDateTime::from_unix_timestamp(START - 1).unwrap();
                Ok(AccessToken::new("token", ended))
            }
        }

        let clock = Clock::simulated(Timestamp::from_second(START).unwrap());
        let credential = Arc::new(Late(AtomicU32::new(0)));
        let cache = TokenCache::new(credential.clone(), "scope".to_owned(), clock);
        for _ in 0..60 {
            assert!(cache.token().await.is_ok());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(credential.0.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_dropped_but_not_its_successor() {
        let (_, cache) = cache(u32::MAX);
        let old = cache.token().await.unwrap();
        assert!(cache.refused(&old));
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-1");
        assert!(cache.refused(&old), "there is another one to come again with");
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-1");
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_azure_never_took_is_replaced_once_a_minute() {
        let (credential, cache) = cache(u32::MAX);
        let asked = || credential.asked.load(Ordering::SeqCst);
        let first = cache.token().await.unwrap();
        assert!(cache.refused(&first));
        let second = cache.token().await.unwrap();
        assert!(!cache.refused(&second) && !cache.refused(&second));
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-1");
        assert_eq!(asked(), 2);
        tokio::time::advance(REPLACED_EVERY).await;
        assert!(cache.refused(&second));
        // One that was taken and then is refused has ended.
        let third = cache.token().await.unwrap();
        cache.taken(&third);
        assert!(cache.refused(&third));
        assert_eq!(cache.token().await.unwrap().authorization(), "Bearer token-3");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_put_right_makes_no_failure_and_no_token_stand_longer() {
        let (credential, cache) = cache(1);
        cache.shared.clock.shift(3600);
        cache.token().await.unwrap();
        cache.shared.clock.shift(-3600);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(
            cache.token().await.is_err(),
            "it has ended, whatever the clock says"
        );
        cache.shared.clock.shift(-3600);
        tokio::time::advance(FAILURE_STANDS).await;
        assert!(cache.token().await.is_err());
        assert_eq!(
            credential.asked.load(Ordering::SeqCst),
            3,
            "it is asked for again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_credential_that_panics_fails_like_any_other() {
        #[derive(Debug)]
        struct Panicking(AtomicU32);
        #[async_trait::async_trait]
        impl TokenCredential for Panicking {
            async fn get_token(
                &self,
                _: &[&str],
                _: Option<TokenRequestOptions<'_>>,
            ) -> azure_core::Result<AccessToken> {
                self.0.fetch_add(1, Ordering::SeqCst);
                panic!("on purpose");
            }
        }
        let clock = Clock::simulated(Timestamp::from_second(START).unwrap());
        let credential = Arc::new(Panicking(AtomicU32::new(0)));
        let cache = TokenCache::new(credential.clone(), "scope".to_owned(), clock);
        for _ in 0..10 {
            let error = cache.token().await.err().unwrap();
            assert!(error.message.contains("panicked"), "{}", error.message);
        }
        assert_eq!(credential.0.load(Ordering::SeqCst), 1, "the failure stands");
    }
}
