//! The body of an answer, in pieces: a list of a thousand resources takes megabytes, and one buffer for it, grown by
//! doubling, would take several times as much and leave the heap in holes.

use std::borrow::Cow;
use std::io::Read;
use std::pin::pin;

use azure_core::http::AsyncResponseBody;
use bytes::Bytes;
use futures::StreamExt;
use serde::de::DeserializeOwned;

use crate::error::{ArmError, ArmErrorKind};
use crate::redaction::shown;

/// The longest answer that is read. ARM behaviour: at most 8 MB.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// The most bytes of one piece.
const PIECE: usize = 16 * 1024;

/// A body that has come whole.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pieces: Vec<Bytes>,
}

impl Body {
    /// Reads all of an answer.
    ///
    /// # Errors
    /// `Interrupted` where it is cut, `Malformed` where it does not end.
    pub(crate) async fn collect(body: AsyncResponseBody) -> Result<Self, ArmError> {
        let mut body = pin!(body);
        let (mut pieces, mut length) = (Vec::new(), 0);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                let message = format!("the answer was cut: {error}");
                ArmError::new(ArmErrorKind::Interrupted, "Interrupted", shown(&message))
            })?;
            length += chunk.len();
            if length > MAX_BODY {
                let message = "the answer is longer than 16 MiB";
                return Err(ArmError::new(
                    ArmErrorKind::Malformed,
                    "UnexpectedAnswer",
                    message,
                ));
            }
            // A chunk is a view into the connection's buffer, which is larger and wanted back.
            pieces.extend(chunk.chunks(PIECE).map(Bytes::copy_from_slice));
        }
        Ok(Body { pieces })
    }

    /// Whether there is nothing but space in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.pieces
            .iter()
            .all(|piece| piece.iter().all(u8::is_ascii_whitespace))
    }

    /// All of it, side by side.
    pub(crate) fn bytes(&self) -> Cow<'_, [u8]> {
        match self.pieces.as_slice() {
            [] => Cow::Borrowed(&[]),
            [piece] => Cow::Borrowed(piece),
            pieces => Cow::Owned(pieces.concat()),
        }
    }

    /// What its JSON says.
    ///
    /// # Errors
    /// It is not JSON, or of another shape.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self.pieces.as_slice() {
            [piece] => serde_json::from_slice(piece),
            pieces => serde_json::from_reader(Pieces {
                rest: pieces.iter(),
                current: &[],
            }),
        }
    }
}

/// Reads one piece after the other.
struct Pieces<'a> {
    rest: std::slice::Iter<'a, Bytes>,
    current: &'a [u8],
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            let Some(piece) = self.rest.next() else {
                return Ok(0);
            };
            self.current = piece;
        }
        self.current.read(buffer)
    }
}

#[cfg(test)]
impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        let pieces = bytes.chunks(3).map(Bytes::copy_from_slice).collect();
        Body { pieces }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn pieces_say_what_the_whole_says() {
        let text = r#"{"word": "über", "numbers": [1, 2.5, -3e4]}"#;
        let body = Body::from(text.as_bytes());
        assert!(body.pieces.len() > 10, "characters are cut in the middle too");
        assert_eq!(
            body.parse::<Value>().unwrap(),
            json!({"word": "über", "numbers": [1, 2.5, -3e4]})
        );
        assert_eq!(&*body.bytes(), text.as_bytes());
        assert!(!body.is_blank());
    }

    #[test]
    fn nothing_is_blank_and_no_json() {
        for body in [Body::default(), Body::from(b" \r\n ".as_slice())] {
            assert!(body.is_blank());
            assert!(body.parse::<Value>().is_err());
        }
        assert_eq!(&*Body::default().bytes(), b"");
    }
}
