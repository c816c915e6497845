//! Which API versions types answer to: the oldest and the newest that are known of each.
//!
//! They are those of the type definitions that Microsoft publishes for Bicep, as of August 2026. Providers add versions
//! faster than a table: most types take later dates too.

use super::rows;
use crate::perimeter::associable::ASSOCIABLE;

/// The API versions of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApiVersions {
    pub(crate) oldest: &'static str,
    /// The newest that is no preview.
    pub(crate) newest: &'static str,
    /// A preview that is newer.
    pub(crate) preview: Option<&'static str>,
    /// Whether dates after the newest are taken too, up to today.
    pub(crate) later: bool,
}

/// Versions between two, and later ones.
pub(super) const fn since(oldest: &'static str, newest: &'static str) -> Option<ApiVersions> {
    Some(ApiVersions {
        oldest,
        newest,
        preview: None,
        later: true,
    })
}

/// The same where a preview is newer than the newest that is none.
pub(super) const fn with_preview(
    oldest: &'static str,
    newest: &'static str,
    preview: &'static str,
) -> Option<ApiVersions> {
    Some(ApiVersions {
        oldest,
        newest,
        preview: Some(preview),
        later: true,
    })
}

/// These and no others: of types that clients often ask for in the versions of their neighbours, in vain.
pub(super) const fn only(
    oldest: &'static str,
    newest: &'static str,
    preview: Option<&'static str>,
) -> Option<ApiVersions> {
    Some(ApiVersions {
        oldest,
        newest,
        preview,
        later: false,
    })
}

impl ApiVersions {
    /// Whether the type answers to a version of this date.
    pub(crate) fn answers(&self, date: &str, today: &str) -> bool {
        let day = |version: &'static str| version.get(..10).unwrap_or(version);
        let last = day(self.preview.unwrap_or(self.newest));
        date >= day(self.oldest) && (date <= last || self.later && date <= today)
    }

    /// Those that are known, newest first.
    pub(crate) fn newest_first(&self) -> Vec<&'static str> {
        let mut known: Vec<&str> = self
            .preview
            .into_iter()
            .chain([self.newest, self.oldest])
            .collect();
        known.dedup();
        known
    }
}

/// The versions of a type: its row's, else those of what it is in; of what can be in a perimeter and has no row that with
/// which Azure lists it.
pub(super) fn of(name: &str) -> Option<ApiVersions> {
    let row = rows().find(|row| row.name.eq_ignore_ascii_case(name));
    row.and_then(|row| row.api_versions).or_else(|| {
        let listed = ASSOCIABLE
            .iter()
            .find(|known| known.resource_type.eq_ignore_ascii_case(name));
        match (listed, name.rsplit_once('/')) {
            (Some(listed), _) => since(listed.api_version, listed.api_version),
            (None, Some((parent, _))) => of(parent),
            (None, None) => None,
        }
    })
}
