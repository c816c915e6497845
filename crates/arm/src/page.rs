//! One page of a list. The resources on it stay text: a page of a thousand as a parsed tree takes ten times as much.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// What a page holds.
pub(crate) struct Page {
    pub(crate) resources: Vec<Box<RawValue>>,
    /// Where the next page is.
    pub(crate) next: Option<String>,
}

/// Reads the answer to a list.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn read(body: &[u8]) -> Result<Page, &'static str> {
    let fields: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|_| "the answer to a list is not a JSON object")?;
    let resources = fields
        .get("value")
        .and_then(|value| serde_json::from_str(value.get()).ok())
        .ok_or("the answer to a list has no array named value")?;
    let next: Option<String> = match fields.get("nextLink") {
        None => None,
        Some(next) => {
            serde_json::from_str(next.get()).map_err(|_| "the next link of a list is not a text")?
        }
    };
    Ok(Page {
        resources,
        next: next.filter(|next| !next.is_empty()),
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
            let page = read(body.as_bytes()).unwrap();
            assert_eq!(page.next, None, "{body}");
            assert_eq!(page.resources.first().unwrap().get(), r#"{"id": 1}"#);
        }
        let page = read(br#"{"value": [], "nextLink": "https:\/\/a"}"#).unwrap();
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
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
