//! Words, texts, numbers and signs of a query.

use super::refusal::{Position, Refusal};

/// How many tokens a query has at most.
const MOST_TOKENS: usize = 20_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name or a word of the language; `$left` and `$right` too.
    Word,
    /// What is between the quotes, with escapes undone.
    Text,
    Whole(i64),
    Real(f64),
    Sign,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) at: Position,
    /// Whether nothing stands between it and the token before.
    pub(super) adjacent: bool,
}

/// Signs of two characters; all others have one.
const PAIRS: &[&str] = &["==", "!=", "=~", "!~", "<=", ">=", ".."];
const SINGLES: &str = "|,()[]{}.=<>+-*/%!~:;";

struct Lexer<'a> {
    rest: &'a str,
    at: Position,
    tokens: Vec<Token>,
}

/// Takes a query apart; the last token is the end.
///
/// # Errors
/// A character that no token begins with, a text without an end, a number that is too large, too many tokens.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, Refusal> {
    let mut lexer = Lexer {
        rest: query,
        at: Position {
            line: 1,
            character: 0,
        },
        tokens: Vec::new(),
    };
    loop {
        let apart = lexer.skip_blank();
        let adjacent = !apart && !lexer.tokens.is_empty();
        let Some(first) = lexer.rest.chars().next() else {
            lexer.push(Kind::End, "<EOF>".to_owned(), lexer.at, adjacent);
            return Ok(lexer.tokens);
        };
        if lexer.tokens.len() >= MOST_TOKENS {
            return Err(Refusal::too_much(format!(
                "The query has more than {MOST_TOKENS} words and signs."
            )));
        }
        lexer.token(first, adjacent)?;
    }
}

impl<'a> Lexer<'a> {
    fn push(&mut self, kind: Kind, text: String, at: Position, adjacent: bool) {
        self.tokens.push(Token {
            kind,
            text,
            at,
            adjacent,
        });
    }

    /// Goes on by some bytes, which end between two characters.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        for character in taken.chars() {
            if character == '\n' {
                self.at.line += 1;
                self.at.character = 0;
            } else {
                self.at.character += 1;
            }
        }
        self.rest = rest;
        taken
    }

    /// How many bytes at the front are of some kind.
    fn run(&self, belongs: impl Fn(char) -> bool) -> usize {
        self.rest
            .find(|character| !belongs(character))
            .unwrap_or(self.rest.len())
    }

    /// Passes blanks and comments; whether there were any.
    fn skip_blank(&mut self) -> bool {
        let before = self.rest.len();
        loop {
            let blank = self.run(char::is_whitespace);
            self.take(blank);
            if !self.rest.starts_with("//") {
                return self.rest.len() != before;
            }
            let line = self.run(|character| character != '\n');
            self.take(line);
        }
    }

    fn token(&mut self, first: char, adjacent: bool) -> Result<(), Refusal> {
        let at = self.at;
        if first.is_alphabetic() || first == '_' || first == '$' {
            let name = self.take(first.len_utf8()).to_owned();
            let length = self.run(|character| character.is_alphanumeric() || character == '_');
            let word = name + self.take(length);
            self.push(Kind::Word, word, at, adjacent);
            return Ok(());
        }
        if first.is_ascii_digit() {
            return self.number(at, adjacent);
        }
        let verbatim =
            first == '@' && self.rest.starts_with(['@']) && self.rest.get(1..).is_some_and(is_quoted);
        if verbatim || is_quoted(self.rest) {
            let text = self.text(verbatim, at)?;
            self.push(Kind::Text, text, at, adjacent);
            return Ok(());
        }
        let pair = PAIRS.iter().find(|pair| self.rest.starts_with(**pair));
        let length = match pair {
            Some(pair) => pair.len(),
            None if SINGLES.contains(first) => 1,
            None => return Err(Refusal::parser(at, first, "a word, a text, a number or a sign")),
        };
        let sign = self.take(length).to_owned();
        self.push(Kind::Sign, sign, at, adjacent);
        Ok(())
    }

    fn number(&mut self, at: Position, adjacent: bool) -> Result<(), Refusal> {
        let mut length = self.run(|character| character.is_ascii_digit());
        let behind = self.rest.get(length..).unwrap_or_default();
        let fraction = behind.strip_prefix('.').map_or(0, |digits| {
            digits
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(digits.len())
        });
        if fraction > 0 {
            length += 1 + fraction;
        }
        let text = self.take(length).to_owned();
        let wrong = || Refusal::parser(at, text.clone(), "a number that fits into 64 bits");
        let kind = if fraction > 0 {
            Kind::Real(text.parse().map_err(|_| wrong())?)
        } else {
            Kind::Whole(text.parse().map_err(|_| wrong())?)
        };
        self.push(kind, text, at, adjacent);
        Ok(())
    }

    /// A text in quotes; in a verbatim one a backslash is a backslash, and two quotes are one.
    fn text(&mut self, verbatim: bool, at: Position) -> Result<String, Refusal> {
        if verbatim {
            self.take(1);
        }
        let quote = self.take(1).chars().next().unwrap_or('\'');
        let mut text = String::new();
        loop {
            let next = self.rest.chars().next();
            let Some(next) = next.filter(|next| *next != '\n') else {
                return Err(Refusal::parser(
                    at,
                    quote,
                    format!("a text that ends with {quote}"),
                ));
            };
            self.take(next.len_utf8());
            if next == quote {
                if !(verbatim && self.rest.starts_with(quote)) {
                    return Ok(text);
                }
                self.take(quote.len_utf8());
                text.push(quote);
            } else if next == '\\' && !verbatim {
                let escaped = self.rest.chars().next().unwrap_or('\\');
                self.take(escaped.len_utf8());
                text.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
            } else {
                text.push(next);
            }
        }
    }
}

fn is_quoted(text: &str) -> bool {
    text.starts_with(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(query: &str) -> Vec<String> {
        tokens(query)
            .unwrap()
            .into_iter()
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn a_query_is_taken_apart() {
        assert_eq!(
            texts("a // no\n| where b!~'c\\'d' and e[0].f >= 1.5..@\"x\\\"\"y\""),
            [
                "a", "|", "where", "b", "!~", "c'd", "and", "e", "[", "0", "]", ".", "f", ">=", "1.5", "..",
                "x\\\"y", "<EOF>"
            ]
        );
    }

    #[test]
    fn places_count_lines_from_one_and_characters_from_zero() {
        let found = tokens("a\n | b").unwrap();
        let places: Vec<(usize, usize)> = found
            .iter()
            .map(|token| (token.at.line, token.at.character))
            .collect();
        assert_eq!(places, [(1, 0), (2, 1), (2, 3), (2, 4)]);
    }

    #[test]
    fn what_begins_no_token_is_refused() {
        for wrong in ["a ? b", "'x", "99999999999999999999", "@x", "#"] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }
}
