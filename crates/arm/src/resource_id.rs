//! ARM resource ids: parsed once, compared without case, printed as they were given.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest id that is accepted, in characters.
pub const MAX_RESOURCE_ID_LENGTH: usize = 2048;

/// The id of a subscription, a resource group, a resource or a child or extension of one.
///
/// Shapes, `S` being `/subscriptions/{id}`:
/// - `S`, `S/resourceGroups/{name}`, `S/providers/{namespace}` (a registration)
/// - `{scope}/providers/{namespace}/{type}/{name}[/{type}/{name}..]`, where the scope is empty (tenant), a
///   subscription, a resource group or another resource (then it is an extension resource).
///
/// ARM compares ids without ASCII case and keeps the casing of their creation: so do equality, order and hash here,
/// and so does printing. Cloning is cheap.
#[derive(Clone)]
pub struct ResourceId {
    text: Arc<str>,
    /// The same in lower case; shared with `text` where that is lower case already.
    key: Arc<str>,
}

/// Why a text is not a resource id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Azure resource id: {reason}")]
pub struct InvalidResourceId {
    reason: String,
}

impl InvalidResourceId {
    fn new(reason: impl Into<String>) -> Self {
        InvalidResourceId {
            reason: reason.into(),
        }
    }
}

impl ResourceId {
    /// Parses an id.
    ///
    /// # Errors
    /// Anything but one of the shapes above: empty or percent-encoded segments, `.` and `..`, control characters,
    /// any of `? # \ %`, a trailing slash, a type without a name, or more than 2048 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidResourceId> {
        check(text)?;
        Ok(Self::trusted(text))
    }

    /// A text that is known to be one of the shapes.
    fn trusted(text: &str) -> Self {
        let text: Arc<str> = Arc::from(text);
        let key = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Arc::from(text.to_ascii_lowercase())
        } else {
            text.clone()
        };
        ResourceId { text, key }
    }

    /// The id with the casing that it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id in lower case: equal ids have equal keys.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The subscription's id; none for a resource of the tenant.
    pub fn subscription_id(&self) -> Option<&str> {
        let mut segments = self.segments();
        segments
            .next()
            .filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
        segments.next()
    }

    /// The resource group's name.
    pub fn resource_group(&self) -> Option<&str> {
        let mut segments = self.segments().skip(2);
        segments
            .next()
            .filter(|third| third.eq_ignore_ascii_case("resourceGroups"))?;
        segments.next()
    }

    /// The resource provider's namespace, for instance `Microsoft.Network`; the extension's for an extension resource;
    /// `Microsoft.Resources` for subscriptions and resource groups.
    pub fn namespace(&self) -> &str {
        match self.last_provider() {
            Some(provider) => provider.split('/').next().unwrap_or_default(),
            None => "Microsoft.Resources",
        }
    }

    /// The full type, for instance `Microsoft.Network/virtualNetworks/subnets`, with the casing given.
    pub fn resource_type(&self) -> String {
        let Some(provider) = self.last_provider() else {
            let kind = if self.resource_group().is_some() {
                "resourceGroups"
            } else {
                "subscriptions"
            };
            return format!("Microsoft.Resources/{kind}");
        };
        let mut segments = provider.split('/');
        let mut kind = segments.next().unwrap_or_default().to_owned();
        let mut typed = false;
        while let Some(segment) = segments.next() {
            typed = true;
            kind.push('/');
            kind.push_str(segment);
            let _name = segments.next();
        }
        if typed {
            kind
        } else {
            "Microsoft.Resources/providers".to_owned()
        }
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// What this is a child of: the resource above it, the resource that an extension extends, the resource group or
    /// the subscription; none for a subscription and for a resource of the tenant.
    pub fn parent(&self) -> Option<ResourceId> {
        let cut = |text: &str, segments: usize| -> Option<ResourceId> {
            let mut rest = text;
            for _ in 0..segments {
                rest = rest.rsplit_once('/')?.0;
            }
            (!rest.is_empty()).then(|| Self::trusted(rest))
        };
        match self.last_provider() {
            None => cut(&self.text, 2),
            // `providers/NS/type/name` goes whole; below that, one `type/name`.
            Some(provider) => match provider.split('/').count() {
                count if count > 3 => cut(&self.text, 2),
                count => cut(&self.text, count + 1),
            },
        }
    }

    /// A resource below this one: `virtual_network.child("subnets", "default")`.
    ///
    /// # Errors
    /// When the result is not an id: an empty name, a name with a slash, a type where none can stand.
    pub fn child(&self, type_segment: &str, name: &str) -> Result<ResourceId, InvalidResourceId> {
        if name.contains('/') {
            return Err(InvalidResourceId::new(format!(
                "the name {name:?} contains a slash"
            )));
        }
        Self::parse(&format!("{}/{type_segment}/{name}", self.text))
    }

    /// A resource of a provider at this scope: `group.resource("Microsoft.Network/privateEndpoints", "one")`; on a
    /// resource, an extension of it.
    ///
    /// # Errors
    /// As [`ResourceId::child`].
    pub fn resource(&self, resource_type: &str, name: &str) -> Result<ResourceId, InvalidResourceId> {
        self.child(&format!("providers/{resource_type}"), name)
    }

    /// The id of the resource group that this is or is in.
    pub fn resource_group_id(&self) -> Option<ResourceId> {
        self.resource_group()?;
        self.leading(4)
    }

    /// The id of the subscription that this is or is in.
    pub fn subscription_root(&self) -> Option<ResourceId> {
        self.subscription_id()?;
        self.leading(2)
    }

    /// Whether this is `prefix` or something below it, by whole segments and without case.
    pub fn is_at_or_under(&self, prefix: &ResourceId) -> bool {
        self.key
            .strip_prefix(&*prefix.key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The segments in order, without the leading slash.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').skip(1)
    }

    fn leading(&self, segments: usize) -> Option<ResourceId> {
        let end = match self.text.match_indices('/').nth(segments) {
            Some((end, _)) => end,
            None => self.text.len(),
        };
        self.text.get(..end).map(Self::trusted)
    }

    /// What follows the last `/providers/` at a place where a provider can stand: `NS[/type/name..]`.
    fn last_provider(&self) -> Option<&str> {
        let mut found = None;
        let mut position = 0;
        // Kinds and names alternate; only a kind can open a provider, a name may well be "providers".
        for (index, segment) in self.text.split('/').enumerate().skip(1) {
            position += 1;
            if index % 2 == 1 && segment.eq_ignore_ascii_case("providers") {
                found = self.text.get(position + segment.len() + 1..);
            }
            position += segment.len();
        }
        found
    }
}

/// Where in an id the walk stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Subscription,
    ResourceGroup,
    /// After `providers/NS`; whether that stands directly below a subscription.
    Provider(bool),
    Resource,
}

fn check(text: &str) -> Result<(), InvalidResourceId> {
    let refuse = |reason: &str| Err(InvalidResourceId::new(reason));
    if text.chars().count() > MAX_RESOURCE_ID_LENGTH {
        return refuse("it is longer than 2048 characters");
    }
    let Some(rest) = text.strip_prefix('/') else {
        return refuse("it must start with /subscriptions/ or /providers/");
    };
    if rest.is_empty() {
        return refuse("it is empty");
    }
    if rest.ends_with('/') {
        return refuse("it ends with a slash");
    }
    for segment in rest.split('/') {
        check_segment(segment)?;
    }
    let mut place = Place::Root;
    let mut segments = rest.split('/');
    while let Some(kind) = segments.next() {
        let Some(name) = segments.next() else {
            return Err(InvalidResourceId::new(format!(
                "{kind:?} at its end has no name after it"
            )));
        };
        let is = |word: &str| kind.eq_ignore_ascii_case(word);
        place = match place {
            Place::Root if is("subscriptions") => Place::Subscription,
            Place::Subscription if is("resourceGroups") => Place::ResourceGroup,
            Place::Provider(_) if is("providers") => {
                return Err(InvalidResourceId::new(format!(
                    "a provider without a type before {name:?}"
                )));
            }
            Place::Root | Place::Subscription | Place::ResourceGroup | Place::Resource if is("providers") => {
                check_word(name, "provider namespace")?;
                Place::Provider(place == Place::Subscription)
            }
            Place::Provider(_) | Place::Resource => {
                check_word(kind, "type")?;
                Place::Resource
            }
            Place::Root => return refuse("it must start with /subscriptions/ or /providers/"),
            Place::Subscription => {
                return Err(InvalidResourceId::new(format!(
                    "after the subscription stands {kind:?}, not resourceGroups or providers"
                )));
            }
            Place::ResourceGroup => {
                return Err(InvalidResourceId::new(format!(
                    "after the resource group stands {kind:?}, not providers"
                )));
            }
        };
    }
    match place {
        Place::Provider(false) => refuse("it names a provider but no type"),
        _ => Ok(()),
    }
}

pub(crate) fn check_segment(segment: &str) -> Result<(), InvalidResourceId> {
    let refuse = |reason: &str| {
        Err(InvalidResourceId::new(format!(
            "the segment {segment:?} {reason}"
        )))
    };
    if segment.is_empty() {
        return Err(InvalidResourceId::new("it has an empty segment"));
    }
    if segment == "." || segment == ".." {
        return refuse("would change the path");
    }
    if segment.contains('%') {
        return refuse("is percent-encoded; write it plainly");
    }
    if segment.chars().any(char::is_control) {
        return refuse("has a control character");
    }
    if segment.contains(['?', '#', '\\']) {
        return refuse("has one of ? # \\");
    }
    if segment.trim() != segment {
        return refuse("starts or ends with white space");
    }
    Ok(())
}

/// Namespaces and types are plain words; names are what users chose.
fn check_word(word: &str, what: &str) -> Result<(), InvalidResourceId> {
    if word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'$'))
    {
        Ok(())
    } else {
        Err(InvalidResourceId::new(format!("{word:?} cannot be a {what}")))
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", &*self.text)
    }
}

impl AsRef<str> for ResourceId {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl FromStr for ResourceId {
    type Err = InvalidResourceId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for ResourceId {
    type Error = InvalidResourceId;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
