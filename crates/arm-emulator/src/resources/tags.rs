//! Which tags Azure refuses.

use serde_json::Value;

use crate::request::errors::Failure;
use crate::types::TagRule;

/// ARM behaviour: at most 50 tags; names of at most 512 characters without `< > % & \ ? /` and control characters; values
/// of at most 256; names compare without case.
pub(crate) fn check(tags: Option<&Value>, rule: TagRule) -> Result<(), Failure> {
    let Some(tags) = tags.filter(|tags| !tags.is_null()) else {
        return Ok(());
    };
    if rule == TagRule::Refused && tags.as_object().is_none_or(|tags| !tags.is_empty()) {
        return Err(Failure::private_dns(
            400,
            "BadRequest",
            "Tags are not supported on record sets. Use the property 'metadata' instead.",
        ));
    }
    let Some(tags) = tags.as_object() else {
        return Err(Failure::gateway(
            400,
            "InvalidTags",
            "The tags provided are not valid: a map of names to values is expected.",
        ));
    };
    if tags.len() > 50 {
        return Err(Failure::gateway(
            400,
            "InvalidTags",
            format!(
                "The resource has '{}' tags which exceed the maximum allowed tags count of '50'.",
                tags.len()
            ),
        ));
    }
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in tags {
        if let Some(wrong) = name
            .chars()
            .find(|character| "<>%&\\?/".contains(*character) || character.is_control())
        {
            return Err(Failure::gateway(
                400,
                "InvalidTagNameCharacters",
                format!(
                    "The tag name '{name}' contains the character '{wrong}'. The following characters are not supported in tag names: '<,>,%,&,\\,?,/' or control characters."
                ),
            ));
        }
        if name.is_empty() || name.trim() != name || name.chars().count() > 512 {
            return Err(Failure::gateway(
                400,
                "InvalidTagName",
                format!(
                    "The tag name '{name}' is invalid: it has between 1 and 512 characters and no blanks at its ends."
                ),
            ));
        }
        let lower = name.to_lowercase();
        if lower.starts_with("microsoft") || lower.starts_with("azure") || lower.starts_with("windows") {
            return Err(Failure::gateway(
                400,
                "ReservedTagNamePrefix",
                format!(
                    "The tag name '{name}' begins with a reserved prefix: 'microsoft', 'azure' and 'windows' are reserved."
                ),
            ));
        }
        if seen.contains(&lower) {
            return Err(Failure::gateway(
                400,
                "DuplicateTagName",
                format!("The tag name '{name}' is used several times: names of tags compare without case."),
            ));
        }
        seen.push(lower);
        match value.as_str() {
            Some(text) if text.chars().count() <= 256 => {}
            Some(_) => {
                return Err(Failure::gateway(
                    400,
                    "InvalidTagValueLength",
                    format!("The value of tag '{name}' exceeds the maximum length of 256 characters."),
                ));
            }
            None => {
                return Err(Failure::gateway(
                    400,
                    "InvalidTagValue",
                    format!("The value of tag '{name}' is not a text."),
                ));
            }
        }
    }
    Ok(())
}

/// Takes out the tags that a provider loses without a word.
///
/// ARM behaviour: private DNS zones and links keep tags whose names are of letters, digits, `.`, `_` and `-`; a name with a
/// colon or a blank is dropped, and the request succeeds.
pub(crate) fn without_lost(tags: &mut Value) {
    if let Some(tags) = tags.as_object_mut() {
        tags.retain(|name, _| {
            name.chars()
                .all(|character| character.is_ascii_alphanumeric() || "._-".contains(character))
        });
    }
}
