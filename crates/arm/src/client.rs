//! The ARM client: generic calls by resource id and api-version. One request per call (a list: one per page), no retries
//! of its own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::{HttpClient, Method};
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use crate::budget::BudgetLeft;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::error::{ArmError, ArmErrorKind};
use crate::exchange::{Answer, Call, exchange};
use crate::options::ArmClientOptions;
use crate::page;
use crate::pinning::{OperationUrl, RefusedUrl, pinned_link};
use crate::poll;
use crate::redaction::shown;
use crate::reply::{ListTarget, Poll, Precondition, Priority, Reply};
use crate::resource_id::{ResourceId, check_segment};
use crate::token::TokenCache;

/// The most pages of one list that are read.
const MAX_PAGES: usize = 1000;

/// A client of Azure Resource Manager; clones share everything.
///
/// All calls may fail with the kinds [`ArmErrorKind::Credential`], `BudgetExhausted`, `NotSent`, `Interrupted`, `Malformed`,
/// `ForeignHost` and what Azure refuses; those that write with `Fenced` too.
#[derive(Clone)]
pub struct ArmClient {
    shared: Arc<Shared>,
    region: Option<Arc<str>>,
}

pub(crate) struct Shared {
    pub(crate) options: ArmClientOptions,
    pub(crate) tokens: TokenCache,
    random: Mutex<fastrand::Rng>,
}

impl Shared {
    /// A random guid for the ids of requests.
    pub(crate) fn guid(&self) -> String {
        let random = self
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .u128(..);
        // Version 4, variant 1.
        let guid = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{guid:032x}");
        let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }
}

impl ArmClient {
    /// A client that makes its request ids from the system's randomness.
    pub fn new(options: ArmClientOptions) -> Self {
        Self::with_random(options, fastrand::Rng::new())
    }

    /// A client whose request ids follow from a seed, for simulations.
    pub fn seeded(options: ArmClientOptions, seed: u64) -> Self {
        Self::with_random(options, fastrand::Rng::with_seed(seed))
    }

    fn with_random(options: ArmClientOptions, random: fastrand::Rng) -> Self {
        let scope = options.cloud.scope();
        let tokens = TokenCache::new(options.credential.clone(), scope, options.clock.clone());
        ArmClient {
            shared: Arc::new(Shared {
                options,
                tokens,
                random: Mutex::new(random),
            }),
            region: None,
        }
    }

    /// The same client for resources of one region: providers count requests by region. What is asked without a region is
    /// counted apart from what is asked with one, so do either for all resources of a subscription.
    pub fn in_region(&self, region: &str) -> Self {
        ArmClient {
            shared: self.shared.clone(),
            region: Some(Arc::from(region)),
        }
    }

    /// A client of another principal, with tokens of its own; all else is shared. `principal` tells it apart from others
    /// where Azure counts their requests apart.
    pub fn acting_as(&self, principal: &str, credential: Arc<dyn TokenCredential>) -> Self {
        let options = ArmClientOptions {
            principal: Arc::from(principal),
            credential,
            ..self.shared.options.clone()
        };
        let random = self
            .shared
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fork();
        ArmClient {
            region: self.region.clone(),
            ..Self::with_random(options, random)
        }
    }

    /// A client that nobody's token is for, so that it cannot send anything.
    pub fn powerless(&self) -> Self {
        self.acting_as("nobody", Arc::new(Nobody))
    }

    /// How requests go to Azure.
    pub fn transport(&self) -> &Arc<dyn HttpClient> {
        &self.shared.options.transport
    }

    /// Whether a token can be had; asks for one only where none is at hand, and waits for it longer than a call does.
    ///
    /// # Errors
    /// [`ArmErrorKind::Credential`] or [`ArmErrorKind::NotSent`].
    pub async fn sign_in(&self) -> Result<(), ArmError> {
        let timeout = self.shared.options.call_timeout;
        match tokio::time::timeout(timeout, self.shared.tokens.token_in_the_end()).await {
            Ok(token) => token.map(|_| ()),
            Err(_) => Err(ArmError::new(
                ArmErrorKind::NotSent,
                "TokenUnavailable",
                format!("no token could be had within {} s", timeout.as_secs()),
            )),
        }
    }

    /// The next call asks for a token, also where one could not be had a moment ago.
    pub fn sign_in_anew(&self) {
        self.shared.tokens.ask_anew();
    }

    /// The clock that this client goes by.
    pub fn clock(&self) -> &Clock {
        &self.shared.options.clock
    }

    /// The cloud that this client talks to.
    pub fn cloud(&self) -> &Cloud {
        &self.shared.options.cloud
    }

    /// What is left of Azure's request limits.
    pub fn budget_left(&self) -> Vec<BudgetLeft> {
        self.shared.options.budget.left()
    }

    /// Reads a resource.
    pub async fn get(
        &self,
        id: &ResourceId,
        api_version: &str,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        self.get_under(id, "", api_version, priority).await
    }

    /// Reads what is at a path below a resource, for instance `privateLinkResources`.
    pub async fn get_under(
        &self,
        id: &ResourceId,
        suffix: &str,
        api_version: &str,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        let answer = self
            .call(
                Method::Get,
                id,
                suffix,
                api_version,
                None,
                &Precondition::None,
                priority,
            )
            .await?;
        let expect = if suffix.is_empty() {
            Expect::Resource
        } else {
            Expect::Object
        };
        self.reply(answer, expect)
    }

    /// Creates or replaces a resource.
    pub async fn put(
        &self,
        id: &ResourceId,
        api_version: &str,
        body: &Value,
        precondition: Precondition,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        let answer = self
            .call(
                Method::Put,
                id,
                "",
                api_version,
                Some(body),
                &precondition,
                priority,
            )
            .await?;
        self.reply(answer, Expect::ObjectUnlessAccepted)
    }

    /// Changes parts of a resource.
    pub async fn patch(
        &self,
        id: &ResourceId,
        api_version: &str,
        body: &Value,
        precondition: Precondition,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        let answer = self
            .call(
                Method::Patch,
                id,
                "",
                api_version,
                Some(body),
                &precondition,
                priority,
            )
            .await?;
        self.reply(answer, Expect::ObjectUnlessAccepted)
    }

    /// Deletes a resource. That it is not there is a success: the reply then shows 404 or 204.
    pub async fn delete(
        &self,
        id: &ResourceId,
        api_version: &str,
        precondition: Precondition,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        match self
            .call(Method::Delete, id, "", api_version, None, &precondition, priority)
            .await
        {
            Ok(answer) => self.reply(answer, Expect::Anything),
            // A subscription that this identity cannot see says nothing about what is in it.
            Err(error) if error.kind == ArmErrorKind::NotFound && !error.has_code("SubscriptionNotFound") => {
                Ok(Reply {
                    status: error.status.unwrap_or(404),
                    body: None,
                    etag: None,
                    retry_after: None,
                    operation: None,
                    operation_refused: None,
                    correlation_id: error.correlation_id.unwrap_or_default(),
                    request_id: error.request_id,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for an action on a resource.
    pub async fn post(
        &self,
        id: &ResourceId,
        action: &str,
        api_version: &str,
        body: Option<&Value>,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        let answer = self
            .call(
                Method::Post,
                id,
                action,
                api_version,
                body,
                &Precondition::None,
                priority,
            )
            .await?;
        self.reply(answer, Expect::Anything)
    }

    /// Lists a collection, page by page. Either all of it comes back or an error. The resources come as JSON text.
    pub async fn list(
        &self,
        collection: &ListTarget,
        api_version: &str,
        priority: Priority,
    ) -> Result<Vec<Box<RawValue>>, ArmError> {
        let mut resources = Vec::new();
        let plain = self.url(&collection.scope, &collection.path, api_version)?;
        let mut url = plain.clone();
        if let Some(size) = collection.page_size() {
            url.query_pairs_mut().append_pair("$top", size);
        }
        for number in 0..MAX_PAGES {
            let call = Call {
                method: Method::Get,
                url: url.clone(),
                resource_type: &collection.resource_type,
                subscription: collection.scope.subscription_id().unwrap_or_default(),
                namespace: collection.resource_type.split('/').next().unwrap_or_default(),
                region: self.region.as_deref(),
                page: number,
                body: None,
                precondition: &Precondition::None,
                priority,
            };
            let answer = match exchange(&self.shared, &call).await {
                Err(error) if number == 0 && error.kind == ArmErrorKind::Invalid && url != plain => {
                    url.clone_from(&plain);
                    continue;
                }
                answer => answer?,
            };
            let page = page::read(&answer.body).map_err(|why| answer.unlike(&why))?;
            resources.extend(page.resources);
            let Some(next) = page.next else {
                return Ok(resources);
            };
            let next = pinned_link(self.cloud(), &next).map_err(|refused| {
                let mut error =
                    answer.malformed(&format!("the next link of a list is not followed: {refused}"));
                if refused != RefusedUrl::Unparsable {
                    error.kind = ArmErrorKind::ForeignHost;
                    error.code = "ForeignHost".to_owned();
                }
                error
            })?;
            if next == url {
                return Err(answer.malformed("the next link of a list leads to the same page"));
            }
            url = next;
        }
        Err(ArmError::new(
            ArmErrorKind::Malformed,
            "EndlessList",
            format!("the list has more than {MAX_PAGES} pages"),
        ))
    }

    /// Looks once at a long-running operation.
    ///
    /// # Errors
    /// That the look failed, which says nothing about the operation.
    pub async fn poll(&self, operation: &OperationUrl, priority: Priority) -> Result<Poll, ArmError> {
        let call = Call {
            method: Method::Get,
            url: operation.url().clone(),
            resource_type: "operations",
            subscription: operation.subscription_id(),
            namespace: operation.namespace(),
            region: self.region.as_deref(),
            page: 0,
            body: None,
            precondition: &Precondition::None,
            priority,
        };
        match exchange(&self.shared, &call).await {
            Ok(answer) => {
                match poll::read(operation, answer.status, &answer.body.bytes(), answer.retry_after)? {
                    Poll::Failed(error) => Ok(Poll::Failed(with_ids(error, &answer))),
                    Poll::Canceled(error) => Ok(Poll::Canceled(with_ids(error, &answer))),
                    poll => Ok(poll),
                }
            }
            Err(error) if error.kind == ArmErrorKind::NotFound || error.status == Some(410) => Ok(Poll::Gone),
            Err(error) if poll::is_outcome(operation, &error) => Ok(Poll::Failed(error)),
            Err(error) => Err(error),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a request, in their order on the wire"
    )]
    async fn call(
        &self,
        method: Method,
        id: &ResourceId,
        suffix: &str,
        api_version: &str,
        body: Option<&Value>,
        precondition: &Precondition,
        priority: Priority,
    ) -> Result<Answer, ArmError> {
        let mut resource_type = id.resource_type();
        if !suffix.is_empty() {
            resource_type = format!("{resource_type}/{suffix}");
        }
        let call = Call {
            method,
            url: self.url(id, suffix, api_version)?,
            resource_type: &resource_type,
            subscription: id.subscription_id().unwrap_or_default(),
            namespace: id.namespace(),
            region: self.region.as_deref(),
            page: 0,
            body: body.map(|body| Bytes::from(body.to_string())),
            precondition,
            priority,
        };
        exchange(&self.shared, &call).await
    }

    fn url(&self, id: &ResourceId, suffix: &str, api_version: &str) -> Result<Url, ArmError> {
        let unusable = |reason: &str| {
            ArmError::new(
                ArmErrorKind::NotSent,
                "InvalidPath",
                shown(&format!("{id}: {reason}")),
            )
        };
        let mut url = self.cloud().resource_manager.clone();
        {
            let mut path = url
                .path_segments_mut()
                .map_err(|()| unusable("the cloud's endpoint takes no path"))?;
            path.clear().extend(id.segments());
            for segment in suffix.split('/').filter(|_| !suffix.is_empty()) {
                check_segment(segment).map_err(|error| unusable(&error.to_string()))?;
                path.push(segment);
            }
        }
        url.query_pairs_mut().append_pair("api-version", api_version);
        Ok(url)
    }

    fn reply(&self, answer: Answer, expect: Expect) -> Result<Reply, ArmError> {
        let blank = answer.body.is_blank();
        let body: Option<Value> = if blank { None } else { answer.body.parse().ok() };
        if body.is_none() && !blank {
            return Err(answer.unlike("the answer is not JSON"));
        }
        let body = body.filter(Value::is_object);
        let bodiless = match expect {
            Expect::Resource | Expect::Object => false,
            Expect::ObjectUnlessAccepted => blank && answer.status == 202,
            Expect::Anything => true,
        };
        if body.is_none() && !bodiless {
            let message = if blank {
                "the answer is empty"
            } else {
                "the answer is not a JSON object"
            };
            return Err(answer.malformed(message));
        }
        let id = body
            .as_ref()
            .and_then(|body| body.get("id"))
            .and_then(Value::as_str);
        if expect == Expect::Resource && id.is_none() {
            return Err(answer.malformed("the answer is no resource: it has no id"));
        }
        let in_body = || {
            body.as_ref()
                .and_then(|body| body.get("etag"))
                .and_then(Value::as_str)
        };
        let etag = answer.header("etag").or_else(in_body).map(str::to_owned);
        let (operation, operation_refused) = self.operation_of(&answer);
        Ok(Reply {
            status: answer.status,
            etag,
            retry_after: answer.retry_after,
            operation,
            operation_refused,
            correlation_id: answer.correlation_id,
            request_id: answer.request_id,
            body,
        })
    }

    fn operation_of(&self, answer: &Answer) -> (Option<OperationUrl>, Option<String>) {
        let mut refusal = None;
        for name in ["azure-asyncoperation", "location"] {
            let Some(text) = answer.header(name) else {
                continue;
            };
            match OperationUrl::parse(self.cloud(), text) {
                Ok(operation) => return (Some(operation), refusal),
                Err(RefusedUrl::TooLong(_)) => {}
                // Where a new resource is, as HTTP says it: nothing to poll.
                Err(RefusedUrl::NotAnOperation(_)) if name == "location" => {}
                Err(refused) => refusal = refusal.or(Some(shown(&format!("{name}: {refused}")))),
            }
        }
        (None, refusal)
    }
}

/// The credential of whoever must not call Azure.
#[derive(Debug)]
struct Nobody;

#[async_trait::async_trait]
impl TokenCredential for Nobody {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Err(azure_core::Error::with_message(
            ErrorKind::Credential,
            "there is nobody to call Azure as",
        ))
    }
}

impl fmt::Debug for ArmClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ArmClient({})", self.cloud().resource_manager)
    }
}

/// What an answer must have for a body.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    /// An object with an id: whatever else comes, from a proxy or a cache, would be written back.
    Resource,
    Object,
    ObjectUnlessAccepted,
    Anything,
}

fn with_ids(mut error: ArmError, answer: &Answer) -> ArmError {
    error.correlation_id = Some(answer.correlation_id.clone());
    error.request_id.clone_from(&answer.request_id);
    error.retry_after = answer.retry_after;
    error
}
