//! Keeps the number of values of a label within bounds. What users and servers can make more of, such as types of
//! resources in ids, is taken as it comes up to a number; what comes after that is `other`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

/// What stands for all that found no room.
const OTHER: &str = "other";
/// A longer text is no name.
const LONGEST: usize = 100;

/// A value of a label.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Word(Arc<str>);

impl Word {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        self.as_str().encode(encoder)
    }
}

/// The values of one label.
pub(super) struct Words {
    most: usize,
    /// Whether texts that differ in case are the same.
    lower: bool,
    known: Mutex<BTreeSet<Arc<str>>>,
    other: Word,
}

impl Words {
    pub(super) fn at_most(most: usize) -> Self {
        Words {
            most,
            lower: false,
            known: Mutex::default(),
            other: Word(Arc::from(OTHER)),
        }
    }

    /// All in lower case.
    pub(super) fn lower(self) -> Self {
        Words { lower: true, ..self }
    }

    /// The value that stands for a text.
    pub(super) fn word(&self, text: &str) -> Word {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_<>".contains(&byte);
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
            return self.other.clone();
        }
        let text = match self.lower {
            true => text.to_ascii_lowercase(),
            false => text.to_owned(),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = known.get(text.as_str()) {
            return Word(word.clone());
        }
        if known.len() >= self.most {
            return self.other.clone();
        }
        let word: Arc<str> = Arc::from(text);
        known.insert(word.clone());
        Word(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_values_than_the_bound() {
        let words = Words::at_most(2).lower();
        assert_eq!(words.word("Microsoft.Network/a").as_str(), "microsoft.network/a");
        assert_eq!(words.word("MICROSOFT.network/A").as_str(), "microsoft.network/a");
        assert_eq!(words.word("b").as_str(), "b");
        assert_eq!(words.word("c").as_str(), OTHER);
        assert_eq!(words.word("b").as_str(), "b");
    }

    #[test]
    fn what_is_no_name_has_no_value_of_its_own() {
        let words = Words::at_most(9);
        for text in ["", "a\"b", "a\nb", "ä", &"x".repeat(101)] {
            assert_eq!(words.word(text).as_str(), OTHER, "{text:?}");
        }
    }
}
