//! How long Azure asks to wait. Read here, surfaced to callers, slept by nobody in this crate.

use std::time::Duration;

use azure_core::http::headers::{HeaderName, Headers};
use jiff::Timestamp;

/// The longest wait that is believed.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

const MILLISECONDS: HeaderName = HeaderName::from_static("x-ms-retry-after-ms");
const PLAIN_MILLISECONDS: HeaderName = HeaderName::from_static("retry-after-ms");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");

/// What the headers ask for: `x-ms-retry-after-ms` and `retry-after-ms` (milliseconds), else `Retry-After` (seconds or
/// an HTTP date). At most an hour; none where there is no such header or it says nothing sensible.
pub fn retry_after(headers: &Headers, now: Timestamp) -> Option<Duration> {
    let milliseconds = [MILLISECONDS, PLAIN_MILLISECONDS]
        .iter()
        .find_map(|name| headers.get_optional_str(name))
        .and_then(|text| text.trim().parse::<u64>().ok())
        .map(Duration::from_millis);
    let wait = milliseconds.or_else(|| {
        headers
            .get_optional_str(&RETRY_AFTER)
            .and_then(|text| parse(text.trim(), now))
    })?;
    Some(wait.min(MAX_RETRY_AFTER))
}

fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long wait too.
        return Some(text.parse::<u64>().map_or(MAX_RETRY_AFTER, Duration::from_secs));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.insert(*name, (*value).to_owned());
        }
        retry_after(&headers, "2026-11-06T08:49:37Z".parse().unwrap())
    }

    #[test]
    fn seconds_milliseconds_and_dates() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("retry-after", "12")]), Some(Duration::from_secs(12)));
        assert_eq!(read(&[("retry-after", " 0 ")]), Some(Duration::ZERO));
        assert_eq!(
            read(&[("x-ms-retry-after-ms", "1500"), ("retry-after", "9")]),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            read(&[("x-ms-retry-after-ms", "soon"), ("retry-after", "9")]),
            Some(Duration::from_secs(9))
        );
        assert_eq!(
            read(&[("retry-after", "Fri, 06 Nov 2026 08:50:37 GMT")]),
            Some(Duration::from_secs(60))
        );
        assert_eq!(
            read(&[("retry-after", "Fri, 06 Nov 2020 08:50:37 GMT")]),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn long_waits_are_bounded_and_nonsense_is_nothing() {
        assert_eq!(read(&[("retry-after", "86400")]), Some(MAX_RETRY_AFTER));
        assert_eq!(
            read(&[("retry-after", "99999999999999999999999")]),
            Some(MAX_RETRY_AFTER)
        );
        assert_eq!(read(&[("retry-after", "-5")]), None);
        assert_eq!(read(&[("retry-after", "")]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_bounded(text in ".{0,60}") {
            let wait = read(&[("retry-after", &text)]);
            prop_assert!(wait.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
        }
    }
}
