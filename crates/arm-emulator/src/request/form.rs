//! The form of a request: what ARM's gateway refuses by the path, the query and the headers alone.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Method};

use crate::doors::wire::Request;
use crate::operations;
use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::request::place::{Place, collections_of, split_provider};

/// Characters that no name of a resource may have; `/` and `\` count too, but never come so far.
///
/// ARM behaviour: none of `< > % & : \ ? /`.
const RESERVED: &[char] = &['<', '>', '%', '&', ':', '?'];

/// The path with `%xx` decoded in each segment by itself and without slashes at its end.
///
/// ARM behaviour: empty segments do not count: clients whose URLs have a place for a parent leave it empty for a resource
/// that has none (`…/providers/Microsoft.Network//virtualNetworks/v`).
///
/// # Errors
/// A segment that steps through the path (`..`), is no UTF-8 or has a control character; a segment that decodes
/// to more than one.
pub(crate) fn decoded_path(path: &str) -> Result<String, Failure> {
    let mut decoded = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let text = String::from_utf8(decoded_bytes(segment)).map_err(|_| not_valid())?;
        if text == "." || text == ".." || text.chars().any(char::is_control) {
            return Err(not_valid());
        }
        if text.contains(['/', '\\']) {
            return Err(reserved_name(&text));
        }
        decoded.push('/');
        decoded.push_str(&text);
    }
    Ok(decoded)
}

fn not_valid() -> Failure {
    Failure::gateway(400, "InvalidRequestUri", "The request URI is not valid.")
}

fn reserved_name(name: &str) -> Failure {
    Failure::gateway(
        400,
        "InvalidResourceName",
        format!(
            "The resource name '{name}' is invalid. It must not contain any of the following characters: '<', '>', '%', '&', ':', '\\', '?', '/'."
        ),
    )
}

fn decoded_bytes(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        match tail.get(..2).filter(|_| *first == b'%').and_then(hexadecimal) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

fn hexadecimal(pair: &[u8]) -> Option<u8> {
    if !pair.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// The API version; one that is given twice is none that exists.
pub(crate) fn api_version(request: &Request) -> String {
    let given: Vec<String> = request
        .url
        .query_pairs()
        .filter(|(name, _)| name.eq_ignore_ascii_case("api-version"))
        .map(|(_, value)| value.into_owned())
        .collect();
    given.join(",")
}

/// ARM behaviour: a body is JSON in UTF-8 as it is, and says so.
pub(crate) fn check_media_type(request: &Request) -> Result<(), Failure> {
    let has_content = [Method::PUT, Method::PATCH, Method::POST].contains(&request.method);
    if !has_content || request.body.is_empty() {
        return Ok(());
    }
    if let Some(encoding) = encoding(&request.headers) {
        return Err(unsupported(&format!(
            "The content encoding '{encoding}' is not supported. Send the content as it is."
        )));
    }
    let given = media_type(&request.headers);
    let is_json = given
        .as_deref()
        .is_some_and(|given| ["application/json", "text/json"].contains(&given));
    if !is_json {
        return Err(unsupported(&format!(
            "The content media type '{}' is not supported. Only 'application/json' is supported.",
            given.as_deref().unwrap_or("<null>")
        )));
    }
    match charset(&request.headers) {
        Some(charset) if charset != "utf-8" && charset != "utf8" => Err(unsupported(&format!(
            "The content charset '{charset}' is not supported. Only 'utf-8' is supported."
        ))),
        _ => Ok(()),
    }
}

fn unsupported(message: &str) -> Failure {
    Failure::gateway(415, "UnsupportedMediaType", message)
}

/// What the headers of a name say, all of them, in lower case.
fn said(headers: &HeaderMap, name: HeaderName) -> String {
    let given: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect();
    given.join(",")
}

/// How a body is packed, where it is.
pub(crate) fn encoding(headers: &HeaderMap) -> Option<String> {
    let given = said(headers, CONTENT_ENCODING);
    let plain = given.split(',').all(|one| ["", "identity"].contains(&one.trim()));
    (!plain).then_some(given)
}

/// The media type without its parameters; of several headers, all that they say.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let joined = said(headers, CONTENT_TYPE);
    let bare = joined.split(';').next().unwrap_or_default().trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// The charset that a media type names.
fn charset(headers: &HeaderMap) -> Option<String> {
    let joined = said(headers, CONTENT_TYPE);
    joined.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// ARM behaviour: whatever the type, some characters are in no name.
pub(crate) fn check_names(call: &Call<'_>) -> Result<(), Failure> {
    if operations::is_poll(&call.path) || Place::parse(&call.path).is_none() {
        return Ok(());
    }
    let named = split_provider(&call.path).map_or("", |(_, tail)| tail);
    match named.split('/').find(|segment| segment.contains(RESERVED)) {
        Some(segment) => Err(reserved_name(segment)),
        None => Ok(()),
    }
}

/// How many resources the caller wants on a page; `None` where they do not say.
///
/// # Errors
/// `$top` is no whole number above zero.
pub(crate) fn page_size(call: &Call<'_>) -> Result<Option<usize>, Failure> {
    let Some(given) = call.query("$top") else {
        return Ok(None);
    };
    let digits = given.trim_start_matches('0');
    if digits.is_empty() || !given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::gateway(
            400,
            "InvalidTopParameter",
            format!(
                "The value '{given}' of the query parameter '$top' is invalid. It must be a positive integer."
            ),
        ));
    }
    // More digits than the largest number has: as many as there are.
    Ok(Some(digits.parse().unwrap_or(usize::MAX)))
}

/// What the page before ended with; empty for the first page.
///
/// # Errors
/// The token is none that a page of this list can end with.
pub(crate) fn skip_token(call: &Call<'_>) -> Result<String, Failure> {
    let Some(token) = call.query("$skipToken") else {
        return Ok(String::new());
    };
    if collections_of(&token).contains(&call.key) {
        Ok(token)
    } else {
        Err(Failure::gateway(
            400,
            "InvalidSkipToken",
            "The skip token in the request is invalid.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one_segment() {
        let of = |path: &str| decoded_path(path).map_err(|failure| failure.code);
        for (path, expected) in [
            ("/", Ok("")),
            ("/a/b/", Ok("/a/b")),
            ("/a/%62%20c", Ok("/a/b c")),
            ("/a/%2g%", Ok("/a/%2g%")),
            ("/a/%+1", Ok("/a/%+1")),
            ("/a/x%2Fy", Err("InvalidResourceName")),
            ("/a/..%2Fy", Err("InvalidResourceName")),
            ("/a/x%5cy", Err("InvalidResourceName")),
            ("/a//b", Ok("/a/b")),
            ("//a///b//", Ok("/a/b")),
            ("/a/%00", Err("InvalidRequestUri")),
            ("/a/b%0d%0ac", Err("InvalidRequestUri")),
            ("/a/%ff", Err("InvalidRequestUri")),
            ("/a/%2e%2e/b", Err("InvalidRequestUri")),
            ("/a/./b", Err("InvalidRequestUri")),
        ] {
            assert_eq!(
                of(path),
                expected.map(str::to_owned).map_err(str::to_owned),
                "{path}"
            );
        }
    }
}
