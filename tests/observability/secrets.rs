//! What must never be shown, in every form in which it could be: as it is, as it stands in a form or in base64, and the parts
//! of tokens.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A shorter text may be anywhere by chance.
const SHORTEST: usize = 12;
/// What goes before secrets, whatever they are; the first two are in every token with parts: `{"alg":` and a second part.
const MARKS: [&str; 10] = [
    "eyjhbgcioi",
    ".eyj",
    "bearer ey",
    "authorization: bearer",
    "authorization\": \"bearer",
    "client_secret=",
    "client_assertion=",
    "\"access_token\":",
    "\\\"access_token\\\":",
    "refresh_token=",
];

/// Secrets and their forms, each with a name that may be shown.
#[derive(Default)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Adds a secret and what becomes of it on the way.
    pub fn add(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= SHORTEST, "{name} is too short to be looked for");
        self.0.push((name.to_owned(), secret.to_owned()));
        let encoded: String = secret
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        if encoded != secret {
            self.0.push((format!("{name}, percent-encoded"), encoded));
        }
        // In a longer text the secret begins at any of three places within a group.
        for before in 0..3 {
            let text = ["x".repeat(before).as_str(), secret].concat();
            let whole = (before + secret.len()) * 8 / 6;
            let first = [0, 2, 3][before];
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&text);
                let form = encoded[first..whole].to_owned();
                if !self.0.iter().any(|(_, known)| *known == form) {
                    self.0.push((format!("{name}, in base64"), form));
                }
            }
        }
    }

    /// Adds a token: all of it, and each of its parts.
    pub fn add_token(&mut self, name: &str, token: &str) {
        let parts: Vec<&str> = token.split('.').filter(|part| part.len() >= SHORTEST).collect();
        assert!(parts.len() >= 2, "{name} is no token with parts");
        for (number, part) in parts.iter().enumerate() {
            self.add(&format!("{name}, part {}", number + 1), part);
        }
    }

    /// What a text shows, with the number of the line. The secret itself is not told once more.
    pub fn found_in(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let at = number + 1;
            for (name, form) in &self.0 {
                if line.contains(form) {
                    found.push(format!("line {at}: {name}"));
                }
            }
            let lower = line.to_ascii_lowercase();
            for mark in MARKS.iter().filter(|mark| lower.contains(**mark)) {
                found.push(format!("line {at}: {mark}"));
            }
        }
        found
    }
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = "s3cret of+the=tests";
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlc2lnbmF0dXJl";
    let mut secrets = Secrets::default();
    secrets.add("secret", secret);
    secrets.add_token("token", token);
    let shows = |text: String| !secrets.found_in(&text).is_empty();
    assert!(shows(format!("before {secret} after")));
    assert!(shows("s3cret%20of%2Bthe%3Dtests".to_owned()));
    for before in ["", "a", "ab", "abc", "user:"] {
        let text = format!("{before}{secret} and more");
        assert!(shows(STANDARD_NO_PAD.encode(&text)), "{before:?}");
        assert!(shows(URL_SAFE_NO_PAD.encode(&text)), "{before:?}");
    }
    for part in token.split('.') {
        assert!(shows(format!("first line\nx{part}x")));
    }
    assert!(
        shows("eyJraWQiOiJrIn0.eyJhdWQiOlsieCJdfQ.c2ln".to_owned()),
        "of a token that nobody named"
    );
    assert!(shows("Authorization: Bearer something".to_owned()));
    assert!(shows("grant_type=client_credentials&client_secret=x".to_owned()));
    assert!(!shows(
        "AuthorizationFailed: the client has no authorization to perform the action".to_owned()
    ));
}
