//! Where the token may go: to the cloud's own resource manager and nowhere else.
//!
//! Next links, operation URLs and redirects come from outside (an answer, or a status that somebody may have forged),
//! so each is checked before a request is made of it.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

use crate::cloud::Cloud;

/// The longest operation URL that is kept, in bytes. Signed ones of Azure have about 3,500.
pub const MAX_OPERATION_URL_LENGTH: usize = 8192;
/// The longest next link that is followed, in bytes: skip tokens can be long.
const MAX_LINK_LENGTH: usize = 32 * 1024;

/// Why a URL is not followed. Names the host, never the query, which may be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedUrl {
    #[error("it is not an absolute URL")]
    Unparsable,
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    #[error("its scheme is {0}, not https")]
    Scheme(String),
    #[error("it carries a user name or password")]
    UserInfo,
    #[error("it leads to {found}, not to {expected}")]
    Host { found: String, expected: String },
    #[error("its path {0} is not one of an operation in a subscription")]
    NotAnOperation(String),
}

/// Checks that a URL leads to the cloud's resource manager: same scheme, host and port, no user.
///
/// # Errors
/// What is different.
pub fn check_host(cloud: &Cloud, url: &Url) -> Result<(), RefusedUrl> {
    let home = &cloud.resource_manager;
    if url.scheme() != "https" || url.scheme() != home.scheme() {
        return Err(RefusedUrl::Scheme(shortened(url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RefusedUrl::UserInfo);
    }
    if url.host() != home.host() || url.port_or_known_default() != home.port_or_known_default() {
        return Err(RefusedUrl::Host {
            found: place(url),
            expected: place(home),
        });
    }
    Ok(())
}

/// Parses a next link and checks where it leads.
///
/// # Errors
/// As [`check_host`]; a text that is no absolute URL or too long.
pub fn pinned_link(cloud: &Cloud, text: &str) -> Result<Url, RefusedUrl> {
    parse(cloud, text, MAX_LINK_LENGTH)
}

fn parse(cloud: &Cloud, text: &str, longest: usize) -> Result<Url, RefusedUrl> {
    if text.len() > longest {
        return Err(RefusedUrl::TooLong(longest));
    }
    // The parser drops tabs and line breaks silently; a URL with any is not one of Azure's.
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return Err(RefusedUrl::Unparsable);
    }
    let mut url = Url::parse(text).map_err(|_| RefusedUrl::Unparsable)?;
    check_host(cloud, &url)?;
    url.set_fragment(None);
    Ok(url)
}

fn place(url: &Url) -> String {
    let host = shortened(url.host_str().unwrap_or("nowhere"));
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// The URL of a long-running operation, checked when it was made: it leads to the cloud's resource manager, and to an
/// operation in a subscription. It is opaque otherwise and may be signed: `Debug` leaves the query out, printing it
/// (to keep it in a status) does not.
///
/// A URL from storage has to go through [`OperationUrl::parse`] again: whoever may write there may have forged it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OperationUrl {
    url: Url,
}

impl OperationUrl {
    /// Checks a URL that an answer or a stored status holds.
    ///
    /// # Errors
    /// As [`check_host`]; more than 8192 bytes; a path that is not `/subscriptions/{id}/..` with one of ARM's names
    /// for operations in it.
    pub fn parse(cloud: &Cloud, text: &str) -> Result<Self, RefusedUrl> {
        let url = parse(cloud, text, MAX_OPERATION_URL_LENGTH)?;
        if subscription_of_operation(&url).is_none() {
            return Err(RefusedUrl::NotAnOperation(shortened(url.path())));
        }
        Ok(OperationUrl { url })
    }

    /// The subscription that the operation is in.
    pub fn subscription_id(&self) -> &str {
        subscription_of_operation(&self.url).unwrap_or_default()
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The namespace of the provider whose operation this is; `Microsoft.Resources` where the path names none.
    pub(crate) fn namespace(&self) -> &str {
        let segments = self.url.path_segments().into_iter().flatten();
        let mut after = segments
            .skip_while(|segment| !segment.eq_ignore_ascii_case("providers"))
            .skip(1);
        after.next().unwrap_or("Microsoft.Resources")
    }

    /// Whether this is a URL of the `Location` kind, which ends with what the request itself would have answered;
    /// else it answers with a status.
    pub(crate) fn is_result(&self) -> bool {
        self.url.path_segments().is_some_and(|mut segments| {
            segments.any(|segment| {
                let lower = segment.to_ascii_lowercase();
                lower.ends_with("operationresults") || lower.ends_with("operationresult")
            })
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

/// The subscription of a URL like `/subscriptions/{id}/../operations/{id}`; none when it is not one.
///
/// ARM behaviour: names seen are `operations`, `operationResults`, `operationStatuses`, `asyncOperations`, and the same
/// with a prefix of the provider (`privateDnsOperationStatuses`, `dnsResolverOperationResults`). They are a provider's, in a
/// subscription, a resource group or a location; below a resource, or as the name of a group, they are something else.
fn subscription_of_operation(url: &Url) -> Option<&str> {
    const ENDINGS: [&str; 6] = [
        "operations",
        "operationresults",
        "operationresult",
        "operationstatuses",
        "operationstatus",
        "operationsstatus",
    ];
    let mut segments = url.path_segments()?;
    let subscription = segments
        .next()
        .filter(|first| first.eq_ignore_ascii_case("subscriptions"))
        .and(segments.next())
        .filter(|id| {
            !id.is_empty()
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })?;
    let lower: Vec<String> = segments.map(str::to_ascii_lowercase).collect();
    // An encoded slash or dot may mean something else to the server than to us.
    let odd = |segment: &String| {
        segment.is_empty() || ["%2f", "%5c", "%2e"].iter().any(|coded| segment.contains(coded))
    };
    if lower.iter().any(odd) {
        return None;
    }
    let mut rest = lower.as_slice();
    for kind in ["resourcegroups", "providers", "locations"] {
        if let [first, _, after @ ..] = rest
            && first == kind
        {
            rest = after;
        }
    }
    let [operations, _] = rest else { return None };
    let known = ENDINGS.iter().any(|ending| operations.ends_with(ending));
    known.then_some(subscription)
}

impl fmt::Display for OperationUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.url.as_str())
    }
}

impl fmt::Debug for OperationUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OperationUrl({}{})", place(&self.url), self.url.path())
    }
}

impl Serialize for OperationUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.url.as_str())
    }
}
