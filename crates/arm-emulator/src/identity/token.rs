//! Access tokens: shaped as the JWTs of Entra, signed with a key of the emulator's own (HMAC-SHA256).
//!
//! Owns the form of a token and its signature. Never decides whether a token is good for a request.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a token says. The names are those of Entra's v1.0 access tokens, which is what ARM receives.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Claims {
    /// Audience: the resource that the token is good for, without `/.default`.
    pub aud: String,
    /// Issuer: `https://sts.windows.net/{tenant}/`.
    pub iss: String,
    /// Seconds since 1970 at which the token was issued.
    pub iat: i64,
    /// Seconds since 1970 before which the token is not good.
    pub nbf: i64,
    /// Seconds since 1970 after which the token is not good.
    pub exp: i64,
    /// The client (application) id.
    pub appid: String,
    /// The object id of the principal.
    pub oid: String,
    /// The subject: for applications the same as `oid`.
    pub sub: String,
    /// The tenant id.
    pub tid: String,
    /// Always `app`: the emulator signs in no users.
    #[serde(default)]
    pub idtyp: String,
    /// Always `1.0`.
    #[serde(default)]
    pub ver: String,
}

/// The claims that a client assertion (a workload's own token) has to carry.
#[derive(Clone, Debug, Deserialize)]
pub struct AssertionClaims {
    #[serde(default)]
    pub iss: String,
    #[serde(default)]
    pub sub: String,
    #[serde(default)]
    pub aud: Audience,
    #[serde(default)]
    pub exp: Option<i64>,
    #[serde(default)]
    pub nbf: Option<i64>,
}

/// An `aud` claim: JWT allows one text or a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Audience {
    /// Whether `wanted` is among the audiences (case-sensitive, as Entra compares them).
    pub fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }

    /// The audiences as one text, for error messages.
    pub fn text(&self) -> String {
        match self {
            Self::One(one) => one.clone(),
            Self::Many(many) => many.join(","),
        }
    }
}

/// What reading a token found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Signed by this emulator.
    Signed(Box<Claims>),
    /// Shaped as a token of this emulator, but the signature does not agree.
    Forged,
    /// Something else.
    Foreign,
}

/// Signs `claims`.
pub fn sign(key: &hmac::Key, claims: &Claims) -> String {
    let header = URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"HS256","kid":"arm-emulator"}"#);
    // Claims hold texts and integers only, which always serialize.
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
    let signed = format!("{header}.{payload}");
    let signature = hmac::sign(key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// Reads a token and checks its signature.
pub fn read(key: &hmac::Key, token: &str) -> Reading {
    let Some((signed, signature)) = token.rsplit_once('.') else {
        return Reading::Foreign;
    };
    let Some(claims) = payload::<Claims>(token) else {
        return Reading::Foreign;
    };
    let agrees = URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|signature| hmac::verify(key, signed.as_bytes(), &signature).is_ok());
    if agrees {
        Reading::Signed(Box::new(claims))
    } else {
        Reading::Forged
    }
}

/// Reads the claims of a client assertion. Its signature is not checked: the emulator does not fetch the keys of issuers.
pub fn read_assertion(token: &str) -> Option<AssertionClaims> {
    payload(token)
}

fn payload<T: serde::de::DeserializeOwned>(token: &str) -> Option<T> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// A time as ARM writes it in its token errors, for example `11/23/2026 8:30:28 PM`.
pub fn american(time: Timestamp) -> String {
    time.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            aud: "https://management.azure.com".into(),
            iss: "https://sts.windows.net/t/".into(),
            iat: 1,
            nbf: 1,
            exp: 2,
            appid: "a".into(),
            oid: "o".into(),
            sub: "o".into(),
            tid: "t".into(),
            idtyp: "app".into(),
            ver: "1.0".into(),
        }
    }

    #[test]
    fn a_token_reads_back_and_a_changed_one_does_not() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let token = sign(&key, &claims());
        assert_eq!(read(&key, &token), Reading::Signed(Box::new(claims())));
        let other = sign(&hmac::Key::new(hmac::HMAC_SHA256, b"other"), &claims());
        assert_eq!(read(&key, &other), Reading::Forged);
        assert_eq!(read(&key, "whatever"), Reading::Foreign);
        assert_eq!(read(&key, "a.b.c"), Reading::Foreign);
        assert_eq!(read(&key, ""), Reading::Foreign);
    }

    #[test]
    fn times_are_written_as_arm_writes_them() {
        let time: Timestamp = "2026-11-03T20:05:08Z".parse().unwrap();
        assert_eq!(american(time), "11/3/2026 8:05:08 PM");
    }
}
