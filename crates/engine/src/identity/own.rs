//! What the controller itself signs in with, as far as a remedy has to name it.
//!
//! Of the service account's token that Entra exchanges, three claims are read: those that a federated credential has to
//! have word for word. Nothing is verified by that, and the token is kept nowhere and shown nowhere.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// A token is far shorter.
const LONGEST_TOKEN: u64 = 64 * 1024;
/// What is longer is no name of anything.
const LONGEST_CLAIM: usize = 512;
/// A token is for one audience, rarely for two.
const MOST_AUDIENCES: usize = 4;

/// The controller's own identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnIdentity {
    /// The application or managed identity, where it is known by this id.
    pub client_id: Option<String>,
    /// The file with the service account's token that Entra exchanges.
    pub token_file: Option<PathBuf>,
}

/// What a federated credential has to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Federated {
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) issuer: String,
}

impl OwnIdentity {
    /// What the token says at present.
    pub(super) fn federated(&self) -> Option<Federated> {
        read(self.token_file.as_deref()?)
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    iss: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

fn read(file: &Path) -> Option<Federated> {
    let mut token = String::new();
    let file = File::open(file).ok()?;
    file.take(LONGEST_TOKEN).read_to_string(&mut token).ok()?;
    let claims = token.trim().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let Claims { sub, aud, iss } = serde_json::from_slice(&claims).ok()?;
    let audiences = match aud {
        Audience::One(audience) => vec![audience],
        Audience::Several(audiences) => audiences,
    };
    let names = |text: &String| {
        (1..=LONGEST_CLAIM).contains(&text.len())
            && text.chars().all(|character| character.is_ascii_graphic())
    };
    let good = (1..=MOST_AUDIENCES).contains(&audiences.len())
        && [&sub, &iss].into_iter().chain(&audiences).all(names);
    good.then(|| Federated {
        subject: sub,
        audience: audiences.join(" or "),
        issuer: iss,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A file with a token that has these claims, for as long as a test takes.
    pub(in crate::identity) fn with_token<T>(
        name: &str,
        claims: &Value,
        test: impl FnOnce(OwnIdentity) -> T,
    ) -> T {
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        with_file(
            name,
            &format!("eyJhbGciOiJub25lIn0.{claims}.c2lnbmF0dXJl\n"),
            test,
        )
    }

    fn with_file<T>(name: &str, text: &str, test: impl FnOnce(OwnIdentity) -> T) -> T {
        let file = std::env::temp_dir().join(format!("privatelink-{name}-{}", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let found = test(OwnIdentity {
            client_id: None,
            token_file: Some(file.clone()),
        });
        std::fs::remove_file(&file).unwrap();
        found
    }

    #[test]
    fn three_claims_are_read_and_nothing_else() {
        let claims = json!({
            "sub": "system:serviceaccount:privatelink-system:privatelink-controller",
            "aud": ["api://other"],
            "iss": "https://issuer.example.com/",
            "kubernetes.io": {"pod": {"name": "p", "uid": "u"}},
        });
        let federated = with_token("claims", &claims, |own| own.federated()).unwrap();
        assert_eq!(
            federated,
            Federated {
                subject: "system:serviceaccount:privatelink-system:privatelink-controller".to_owned(),
                audience: "api://other".to_owned(),
                issuer: "https://issuer.example.com/".to_owned(),
            }
        );
    }

    #[test]
    fn what_is_no_token_tells_nothing() {
        for claims in [
            json!({"sub": "s", "aud": "a"}),
            json!({"sub": "s", "aud": [], "iss": "i"}),
            json!({"sub": "two words", "aud": "a", "iss": "i"}),
            json!({"sub": "s\n", "aud": "a", "iss": "i"}),
            json!({"sub": "s".repeat(600), "aud": "a", "iss": "i"}),
            json!({"sub": "s", "aud": ["a", "b", "c", "d", "e"], "iss": "i"}),
            json!([]),
        ] {
            assert_eq!(
                with_token("bad-claims", &claims, |own| own.federated()),
                None,
                "{claims}"
            );
        }
        for text in ["", "opaque", "a.b.c", &format!("{}.e30.x", "y".repeat(70_000))] {
            assert_eq!(with_file("no-token", text, |own| own.federated()), None);
        }
        let missing = OwnIdentity {
            token_file: Some("/nowhere/token".into()),
            ..OwnIdentity::default()
        };
        assert_eq!(missing.federated(), None);
    }
}
