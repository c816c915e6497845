//! One page of a list. The resources on it stay text: a page of a thousand as a parsed tree takes ten times as much.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::body::Body;

/// What a page holds.
pub(crate) struct Page {
    pub(crate) resources: Vec<Box<RawValue>>,
    /// Where the next page is.
    pub(crate) next: Option<String>,
}

/// A page as Azure writes it.
#[derive(Deserialize)]
struct Written {
    value: Vec<Box<RawValue>>,
    #[serde(rename = "nextLink", default)]
    next: Option<String>,
}

/// Reads the answer to a list.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn read(body: &Body) -> Result<Page, String> {
    let written: Written = body
        .parse()
        .map_err(|error| format!("the answer to a list is not a page of resources: {error}"))?;
    Ok(Page {
        resources: written.value,
        next: written.next.filter(|next| !next.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_link_or_an_empty_one() {
        for body in [
            r#"{"value": [{"id": 1}]}"#,
            r#"{"nextLink": null, "value": [{"id": 1}]}"#,
            r#"{"value": [{"id": 1}], "nextLink": ""}"#,
        ] {
            let page = read(&body.as_bytes().into()).unwrap();
            assert_eq!(page.next, None, "{body}");
            assert_eq!(page.resources.first().unwrap().get(), r#"{"id": 1}"#);
        }
        let page = read(&br#"{"value": [], "nextLink": "https:\/\/a"}"#.as_slice().into()).unwrap();
        assert_eq!(page.next.as_deref(), Some("https://a"));
    }

    #[test]
    fn half_a_page_is_none() {
        for body in [
            r#"{"value": [{"id": 1}"#,
            r#"{"value": [{"id": 1}], "nextLink": 5}"#,
            r#"{"value": [{"id": ]}"#,
            r#"{"value": null}"#,
            "{}",
            "[]",
        ] {
            assert!(read(&body.as_bytes().into()).is_err(), "{body}");
        }
    }
}
