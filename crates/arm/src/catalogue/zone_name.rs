//! What a private DNS zone may be called.

/// Why a text is no name of a private DNS zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not the name of a private DNS zone: {reason}")]
pub struct InvalidZoneName {
    /// At most 260 characters of what was given.
    pub name: String,
    pub reason: &'static str,
}

/// Checks the name of a private DNS zone: 2 to 34 labels of 1 to 63 letters, digits, hyphens and underscores, with
/// single dots between them and none at the end; at most 253 characters (Azure's rules for resource names).
///
/// # Errors
/// The first rule that the name breaks.
pub fn check_zone_name(name: &str) -> Result<(), InvalidZoneName> {
    let refuse = |reason| {
        Err(InvalidZoneName {
            name: name.chars().take(260).collect(),
            reason,
        })
    };
    if name.len() > 253 {
        return refuse("it has more than 253 characters");
    }
    let mut labels = 0_usize;
    for label in name.split('.') {
        labels += 1;
        if label.is_empty() {
            return refuse("a part between dots is empty");
        }
        if !is_label(label) {
            return refuse(
                "the parts between dots have 1 to 63 letters, digits, hyphens or underscores, nothing else",
            );
        }
    }
    match labels {
        0 | 1 => refuse("it needs two parts at least, as in example.internal"),
        2..=34 => Ok(()),
        _ => refuse("it has more than 34 parts"),
    }
}

/// Whether a text is one part of a zone's name.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accepted_and_refused_as_azure_does() {
        for name in [
            "privatelink.blob.core.windows.net",
            "a.b",
            "_x.Y-z",
            "0123456789.internal",
        ] {
            assert_eq!(check_zone_name(name), Ok(()), "{name}");
        }
        let long = format!("{}.internal", "a".repeat(64));
        let many = vec!["a"; 35].join(".");
        for (name, reason) in [
            ("", "is empty"),
            ("internal", "two parts"),
            ("a..b", "is empty"),
            ("a.b.", "is empty"),
            ("privatelink.{regionName}.azmk8s.io", "nothing else"),
            ("bücher.example", "nothing else"),
            (long.as_str(), "1 to 63"),
            (many.as_str(), "34 parts"),
        ] {
            let message = check_zone_name(name).unwrap_err().to_string();
            assert!(message.contains(reason), "{name}: {message}");
        }
        assert!(check_zone_name(&"a.".repeat(200)).is_err());
    }
}
