//! From text to expressions.

use serde_json::{Map, Value, json};

use super::lexer::Kind as TokenKind;
use super::parse::Parser;
use super::refusal::Refusal;
use super::syntax::{Comparison, Expression, Kind, ListTest, Step, TextPlace, TextTest};

/// How deep expressions and queries lie in each other at most, and how many links a chain of calculations has.
pub(super) const MOST_DEPTH: usize = 32;

/// The tests of texts: name, place, whether case counts.
const TEXT_TESTS: &[(&str, TextPlace, bool)] = &[
    ("contains", TextPlace::Anywhere, false),
    ("contains_cs", TextPlace::Anywhere, true),
    ("has", TextPlace::Term, false),
    ("has_cs", TextPlace::Term, true),
    ("hasprefix", TextPlace::TermPrefix, false),
    ("hasprefix_cs", TextPlace::TermPrefix, true),
    ("hassuffix", TextPlace::TermSuffix, false),
    ("hassuffix_cs", TextPlace::TermSuffix, true),
    ("startswith", TextPlace::Start, false),
    ("startswith_cs", TextPlace::Start, true),
    ("endswith", TextPlace::End, false),
    ("endswith_cs", TextPlace::End, true),
];

/// What stands between two sides.
enum Between {
    Compare(Comparison),
    Text(TextTest, bool),
    List(ListTest, bool),
    Range(bool),
}

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expression, Refusal> {
        self.deeper(|parser| {
            let mut list = vec![parser.conjunction()?];
            while parser.takes("or") {
                list.push(parser.conjunction()?);
            }
            Ok(alone_or(list, Expression::Or))
        })
    }

    fn conjunction(&mut self) -> Result<Expression, Refusal> {
        let mut list = vec![self.comparison()?];
        while self.takes("and") {
            list.push(self.comparison()?);
        }
        Ok(alone_or(list, Expression::And))
    }

    fn comparison(&mut self) -> Result<Expression, Refusal> {
        let left = self.sum()?;
        let Some(between) = self.between()? else {
            return Ok(left);
        };
        let left = Box::new(left);
        Ok(match between {
            Between::Compare(comparison) => Expression::Compare(comparison, left, Box::new(self.sum()?)),
            Between::Text(test, turned) => Expression::Text(test, left, Box::new(self.sum()?), turned),
            Between::List(test, turned) => Expression::List(test, left, self.arguments()?, turned),
            Between::Range(turned) => {
                self.expect("(")?;
                let low = self.sum()?;
                self.expect("..")?;
                let high = self.sum()?;
                self.expect(")")?;
                let (first, second) = if turned {
                    (Comparison::Less, Comparison::More)
                } else {
                    (Comparison::MoreOrSame, Comparison::LessOrSame)
                };
                let sides = vec![
                    Expression::Compare(first, left.clone(), Box::new(low)),
                    Expression::Compare(second, left, Box::new(high)),
                ];
                if turned {
                    Expression::Or(sides)
                } else {
                    Expression::And(sides)
                }
            }
        })
    }

    /// The sign or word between two sides, if there is one.
    fn between(&mut self) -> Result<Option<Between>, Refusal> {
        let signs = [
            ("==", Comparison::Same),
            ("!=", Comparison::Different),
            ("<>", Comparison::Different),
            ("=~", Comparison::SameText),
            ("!~", Comparison::DifferentText),
            ("<=", Comparison::LessOrSame),
            (">=", Comparison::MoreOrSame),
            ("<", Comparison::Less),
            (">", Comparison::More),
        ];
        for (sign, comparison) in signs {
            if self.takes(sign) {
                return Ok(Some(Between::Compare(comparison)));
            }
        }
        let turned = self.is("!") && self.second().adjacent;
        if turned {
            self.advance();
        }
        let word = self.peek().text.clone();
        if self.peek().kind == TokenKind::Word
            && let Some((_, place, exact)) = TEXT_TESTS.iter().find(|(name, _, _)| *name == word)
        {
            self.advance();
            let test = TextTest {
                place: *place,
                exact: *exact,
            };
            return Ok(Some(Between::Text(test, turned)));
        }
        let found = match word.as_str() {
            "in" if self.takes("in") => {
                let loose = self.is("~") && self.peek().adjacent;
                if loose {
                    self.advance();
                }
                let test = if loose {
                    ListTest::InWithoutCase
                } else {
                    ListTest::In
                };
                Some(Between::List(test, turned))
            }
            "between" if self.takes("between") => Some(Between::Range(turned)),
            "has_any" if !turned && self.takes("has_any") => Some(Between::List(ListTest::HasAny, false)),
            "has_all" if !turned && self.takes("has_all") => Some(Between::List(ListTest::HasAll, false)),
            "matches" if !turned && self.takes("matches") => {
                self.expect("regex")?;
                let test = TextTest {
                    place: TextPlace::Expression,
                    exact: true,
                };
                Some(Between::Text(test, false))
            }
            _ => None,
        };
        if turned && found.is_none() {
            return Err(self.unexpected("a test, such as !contains or !in"));
        }
        Ok(found)
    }

    fn sum(&mut self) -> Result<Expression, Refusal> {
        self.chain(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Result<Expression, Refusal> {
        self.chain(&["*", "/", "%"], Self::signed)
    }

    /// Calculations from left to right.
    fn chain(
        &mut self,
        signs: &[&str],
        mut operand: impl FnMut(&mut Self) -> Result<Expression, Refusal>,
    ) -> Result<Expression, Refusal> {
        let mut found = operand(self)?;
        let mut links = 0;
        while let Some(sign) = signs.iter().find(|sign| self.is(sign)) {
            self.advance();
            links += 1;
            if links > MOST_DEPTH {
                return Err(Refusal::too_much(format!(
                    "A calculation has {MOST_DEPTH} signs at most."
                )));
            }
            let right = operand(self)?;
            let sign = sign.chars().next().unwrap_or('+');
            found = Expression::Arithmetic(sign, Box::new(found), Box::new(right));
        }
        Ok(found)
    }

    fn signed(&mut self) -> Result<Expression, Refusal> {
        if self.takes("-") {
            let operand = self.deeper(Self::signed)?;
            let zero = Box::new(Expression::Literal(json!(0), Kind::Whole));
            return Ok(Expression::Arithmetic('-', zero, Box::new(operand)));
        }
        if self.takes("+") {
            return self.deeper(Self::signed);
        }
        self.path()
    }

    /// Something, and its members and elements.
    fn path(&mut self) -> Result<Expression, Refusal> {
        let base = self.primary()?;
        let mut steps = Vec::new();
        loop {
            if self.takes(".") {
                steps.push(Step::Member(self.name()?));
            } else if self.takes("[") {
                let element = self.expression()?;
                self.expect("]")?;
                steps.push(match element {
                    Expression::Literal(Value::String(member), _) => Step::Member(member),
                    other => Step::Element(other),
                });
            } else if steps.is_empty() {
                return Ok(base);
            } else {
                return Ok(Expression::Path(Box::new(base), steps));
            }
        }
    }

    fn primary(&mut self) -> Result<Expression, Refusal> {
        let token = self.peek().clone();
        match token.kind {
            TokenKind::Text => {
                self.advance();
                Ok(Expression::Literal(Value::String(token.text), Kind::Text))
            }
            TokenKind::Whole(number) => {
                self.advance();
                Ok(Expression::Literal(json!(number), Kind::Whole))
            }
            TokenKind::Real(number) => {
                self.advance();
                Ok(Expression::Literal(json!(number), Kind::Real))
            }
            TokenKind::Sign if token.text == "(" => {
                self.advance();
                let inside = self.expression()?;
                self.expect(")")?;
                Ok(inside)
            }
            TokenKind::Sign if token.text == "[" && self.second().kind == TokenKind::Text => {
                Ok(Expression::Column(self.name()?))
            }
            TokenKind::Word => self.word(),
            TokenKind::Sign | TokenKind::End => Err(self.unexpected("an expression")),
        }
    }

    fn word(&mut self) -> Result<Expression, Refusal> {
        let word = self.advance().text;
        let called = self.is("(");
        match word.as_str() {
            "true" | "false" if !called => Ok(Expression::Literal(json!(word == "true"), Kind::Truth)),
            "dynamic" if called => {
                self.expect("(")?;
                let value = self.deeper(Self::literal)?;
                self.expect(")")?;
                Ok(Expression::Literal(value, Kind::Dynamic))
            }
            _ if called => Ok(Expression::Call(word, self.arguments()?)),
            _ => Ok(Expression::Column(word)),
        }
    }

    /// Expressions in brackets.
    fn arguments(&mut self) -> Result<Vec<Expression>, Refusal> {
        self.expect("(")?;
        let mut list = Vec::new();
        if self.takes(")") {
            return Ok(list);
        }
        loop {
            list.push(self.expression()?);
            if self.takes(")") {
                return Ok(list);
            }
            self.expect(",")?;
        }
    }

    /// JSON, as in `dynamic(…)`.
    fn literal(&mut self) -> Result<Value, Refusal> {
        let token = self.advance();
        match (token.kind, token.text.as_str()) {
            (TokenKind::Text, _) => Ok(Value::String(token.text)),
            (TokenKind::Whole(number), _) => Ok(json!(number)),
            (TokenKind::Real(number), _) => Ok(json!(number)),
            (TokenKind::Word, "true") => Ok(json!(true)),
            (TokenKind::Word, "false") => Ok(json!(false)),
            (TokenKind::Word, "null") => Ok(Value::Null),
            (TokenKind::Sign, "-") => match self.advance().kind {
                TokenKind::Whole(number) => Ok(json!(number.saturating_neg())),
                TokenKind::Real(number) => Ok(json!(-number)),
                _ => Err(Refusal::parser(token.at, "-", "a number")),
            },
            (TokenKind::Sign, "[") => {
                let mut list = Vec::new();
                while !self.takes("]") {
                    list.push(self.deeper(Self::literal)?);
                    if !self.is("]") {
                        self.expect(",")?;
                    }
                }
                Ok(Value::Array(list))
            }
            (TokenKind::Sign, "{") => {
                let mut fields = Map::new();
                while !self.takes("}") {
                    if self.peek().kind != TokenKind::Text {
                        return Err(self.unexpected("a name in quotes"));
                    }
                    let name = self.advance().text;
                    self.expect(":")?;
                    fields.insert(name, self.deeper(Self::literal)?);
                    if !self.is("}") {
                        self.expect(",")?;
                    }
                }
                Ok(Value::Object(fields))
            }
            _ => Err(Refusal::parser(token.at, token.text, "a literal, as in JSON")),
        }
    }
}

/// The only one of a list, or all of them together.
fn alone_or(mut list: Vec<Expression>, together: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            together(list)
        }
        None => together(list),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::query;
    use super::super::syntax::Operator;
    use super::*;

    fn condition(text: &str) -> Expression {
        let mut found = query(&format!("where {text}")).unwrap();
        match found.operators.pop() {
            Some(Operator::Where(condition)) => condition,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_products_closer_than_sums() {
        let Expression::Or(sides) = condition("a == 1 and b == 2 or c == 3") else {
            panic!()
        };
        assert!(matches!(
            sides.as_slice(),
            [Expression::And(_), Expression::Compare(..)]
        ));
        let Expression::Compare(_, left, _) = condition("a + b * c == 3") else {
            panic!()
        };
        assert!(
            matches!(*left, Expression::Arithmetic('+', _, right) if matches!(*right, Expression::Arithmetic('*', _, _)))
        );
    }

    #[test]
    fn tests_of_texts_and_lists_can_be_turned_round() {
        for (text, turned) in [
            ("a contains 'x'", false),
            ("a !contains 'x'", true),
            ("a in~ ('x')", false),
            ("a !in ('x', 'y')", true),
            ("a !in~ ('x')", true),
        ] {
            match condition(text) {
                Expression::Text(_, _, _, found) | Expression::List(_, _, _, found) => {
                    assert_eq!(found, turned, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn paths_have_members_and_elements() {
        let Expression::Compare(_, left, _) = condition("p.a['b c'][0].d == dynamic([1, {\"x\": null}, -2])")
        else {
            panic!()
        };
        assert_eq!(left.own_name().as_deref(), Some("p_a_b c_0_d"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in [
            "a ==",
            "a ! contains 'x'",
            "a !has_any ('x')",
            "a in 'x'",
            "(a",
            "f(a",
            "a[",
            "a.1",
            "dynamic({a: 1})",
            "a matches 'x'",
            "a between (1)",
        ] {
            assert!(query(&format!("where {wrong}")).is_err(), "{wrong}");
        }
        assert!(query(&format!("where 1{} == 1", " + 1".repeat(100))).is_err());
    }
}
