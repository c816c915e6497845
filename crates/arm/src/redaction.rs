//! Makes text from outside fit to be shown: bounded, on one line, without tokens and signatures.

/// The longest text that is shown, in characters.
pub const MAX_SHOWN: usize = 500;
/// What is looked at before it is cut: a token may not be saved by being long.
const MAX_READ: usize = 64 * 1024;

/// The text on one line, at most 500 characters, with tokens, bearer headers, secrets in forms and the signed part of
/// URLs left out.
pub fn shown(text: &str) -> String {
    let mut result = String::new();
    let mut length = 0;
    let mut after_bearer = false;
    let mut rest = text;
    if let Some((end, _)) = rest.char_indices().nth(MAX_READ) {
        rest = rest.get(..end).unwrap_or_default();
    }
    // Words with what separates them, so that punctuation stays.
    for piece in rest.split_inclusive(is_separator) {
        let word = piece.trim_end_matches(is_separator);
        let separator = piece.get(word.len()..).unwrap_or_default();
        let word_shown = if word.is_empty() {
            String::new()
        } else {
            shown_word(word, after_bearer)
        };
        if !word.is_empty() {
            after_bearer = word.eq_ignore_ascii_case("bearer");
        }
        for character in word_shown.chars().chain(separator.chars()) {
            let character = if character.is_control() { ' ' } else { character };
            if character == ' ' && (result.is_empty() || result.ends_with(' ')) {
                continue;
            }
            if length == MAX_SHOWN {
                result.pop();
                result.push('…');
                return result;
            }
            result.push(character);
            length += 1;
        }
    }
    result.truncate(result.trim_end().len());
    result
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';' | '`')
}

const REDACTED: &str = "[redacted]";

fn shown_word(word: &str, after_bearer: bool) -> String {
    const SECRETS: [&str; 5] = [
        "client_secret=",
        "client_assertion=",
        "access_token=",
        "password=",
        "sig=",
    ];
    let lower = word.to_ascii_lowercase();
    // JSON Web Tokens start with an encoded `{"`.
    if (after_bearer && word.len() > 8) || (word.contains("eyJ") && word.len() > 30) {
        return REDACTED.to_owned();
    }
    if let Some(scheme) = lower.find("://") {
        let query = lower
            .get(scheme..)
            .and_then(|url| url.find(['?', '#']))
            .map(|at| at + scheme);
        let (place, query) = match query {
            Some(at) => (
                word.get(..at).unwrap_or_default(),
                word.get(at + 1..).unwrap_or_default(),
            ),
            None => (word, ""),
        };
        let place = without_user(place);
        // The version alone says nothing secret; anything more may be a signature.
        return if query.is_empty() || (query.starts_with("api-version=") && !query.contains('&')) {
            if query.is_empty() {
                place
            } else {
                format!("{place}?{query}")
            }
        } else {
            format!("{place}?{REDACTED}")
        };
    }
    if SECRETS.iter().any(|secret| lower.contains(secret)) {
        return REDACTED.to_owned();
    }
    word.to_owned()
}

fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

    #[test]
    fn tokens_secrets_and_signatures_are_left_out() {
        for text in [
            format!("token {TOKEN} is bad"),
            format!("Authorization: Bearer {TOKEN}"),
            "Authorization: Bearer opaque-secret-token".to_owned(),
            format!("\"{TOKEN}\""),
            format!("see https://host/?token={TOKEN}"),
            "client_secret=opaque-secret-token&x=1".to_owned(),
            "for url (https://management.azure.com/op?api-version=1&s=opaque-secret-token)".to_owned(),
            "for url (https://user:opaque-secret-token@evil.test/)".to_owned(),
            "proxy socks5://user:opaque-secret-token@proxy:1080".to_owned(),
            format!("{}{TOKEN}", "x".repeat(495)),
        ] {
            let shown = shown(&text);
            assert!(
                !shown.contains("opaque-secret-token") && !shown.contains("eyJh"),
                "{shown}"
            );
        }
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        let text = "The Resource 'Microsoft.Network/virtualNetworks/x' under resource group 'rg' was not found. See https://aka.ms/ARMResourceNotFoundFix";
        assert_eq!(shown(text), text);
        let text =
            "use uri: https://management.azure.com/subscriptions/s/operations/o?api-version=2025-05-01.";
        assert_eq!(shown(text), text);
        assert_eq!(shown(" a\r\n\tb\u{0} "), "a b");
    }

    proptest! {
        #[test]
        fn any_text_is_bounded_and_on_one_line(text in "(?s).{0,900}") {
            let shown = shown(&text);
            prop_assert!(shown.chars().count() <= MAX_SHOWN);
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }
}
