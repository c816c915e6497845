//! From a query's text to its operators. Expressions are taken apart in `expression.rs`.

use super::expression::MOST_DEPTH;
use super::lexer::{self, Kind as TokenKind, Token};
use super::refusal::{Position, Refusal};
use super::syntax::{
    Aggregate, Expansion, Expression, Join, JoinKind, Kind, Named, Operator, Query, SortKey,
};

/// The operators that the emulator knows, as a query spells them.
pub(super) const OPERATORS: &[&str] = &[
    "where",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "extend",
    "order by",
    "sort by",
    "limit",
    "take",
    "top",
    "count",
    "distinct",
    "summarize",
    "mv-expand",
    "join",
];

/// ARM behaviour: a query has three joins and three expansions at most; an expansion makes 128 rows of one where the query
/// does not say how many, and 2,000 at most.
const MOST_JOINS: usize = 3;
const EXPANDED_ROWS: (usize, usize) = (128, 2_000);

pub(super) struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// What a place after the last token looks like.
    end: Token,
    /// How deep expressions and queries lie in each other here.
    pub(super) depth: usize,
    joins: usize,
    expansions: usize,
}

/// Takes a whole query apart.
///
/// # Errors
/// It is no sentence of the language, or uses what the emulator does not know of it.
pub(super) fn query(text: &str) -> Result<Query, Refusal> {
    let mut parser = Parser {
        tokens: lexer::tokens(text)?,
        next: 0,
        end: Token {
            kind: TokenKind::End,
            text: "<EOF>".to_owned(),
            at: Position::default(),
            adjacent: false,
        },
        depth: 0,
        joins: 0,
        expansions: 0,
    };
    if let Some(last) = parser.tokens.last() {
        parser.end = last.clone();
    }
    let query = parser.pipeline()?;
    // A semicolon ends a statement; there is no second one.
    parser.takes(";");
    match parser.peek().kind {
        TokenKind::End => Ok(query),
        _ => Err(parser.unexpected("|")),
    }
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.next).unwrap_or(&self.end)
    }

    pub(super) fn second(&self) -> &Token {
        self.tokens.get(self.next + 1).unwrap_or(&self.end)
    }

    pub(super) fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Whether a word or sign comes next.
    pub(super) fn is(&self, text: &str) -> bool {
        let token = self.peek();
        matches!(token.kind, TokenKind::Word | TokenKind::Sign) && token.text == text
    }

    /// Takes a word or sign, if it comes next.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let found = self.is(text);
        if found {
            self.next += 1;
        }
        found
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), Refusal> {
        if self.takes(text) {
            Ok(())
        } else {
            Err(self.unexpected(text))
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> Refusal {
        let token = self.peek();
        Refusal::parser(token.at, token.text.clone(), expected)
    }

    /// Goes one level deeper into the query.
    pub(super) fn deeper<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.depth >= MOST_DEPTH {
            return Err(Refusal::too_much(format!(
                "The query is more than {MOST_DEPTH} levels deep."
            )));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// A name: a word, or a text in `['…']`.
    pub(super) fn name(&mut self) -> Result<String, Refusal> {
        if self.is("[") && self.second().kind == TokenKind::Text {
            self.advance();
            let name = self.advance().text;
            self.expect("]")?;
            return Ok(name);
        }
        match self.peek().kind {
            TokenKind::Word => Ok(self.advance().text),
            _ => Err(self.unexpected("a name")),
        }
    }

    fn whole(&mut self) -> Result<usize, Refusal> {
        match self.peek().kind {
            TokenKind::Whole(number) => {
                self.advance();
                Ok(usize::try_from(number).unwrap_or(usize::MAX))
            }
            _ => Err(self.unexpected("a whole number")),
        }
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
        let mut found = vec![one(self)?];
        while self.takes(",") {
            found.push(one(self)?);
        }
        Ok(found)
    }

    fn pipeline(&mut self) -> Result<Query, Refusal> {
        let table = if self.begins_operator() {
            None
        } else {
            Some(self.name()?)
        };
        let mut operators = Vec::new();
        if table.is_none() {
            operators.push(self.operator()?);
        }
        while self.takes("|") {
            operators.push(self.operator()?);
        }
        Ok(Query { table, operators })
    }

    /// Whether the query begins with an operator and not with a table.
    fn begins_operator(&self) -> bool {
        let token = self.peek();
        let first = token.text.as_str();
        let known = OPERATORS
            .iter()
            .any(|name| name.split([' ', '-']).next() == Some(first));
        token.kind == TokenKind::Word && known
    }

    /// The name of an operator: a word, or words joined by `-`.
    fn operator_name(&mut self) -> Result<Token, Refusal> {
        if self.peek().kind != TokenKind::Word {
            return Err(self.unexpected("an operator"));
        }
        let mut name = self.advance();
        while self.is("-") && self.peek().adjacent && self.second().adjacent {
            self.advance();
            let part = self.advance();
            name.text = format!("{}-{}", name.text, part.text);
        }
        Ok(name)
    }

    fn operator(&mut self) -> Result<Operator, Refusal> {
        let name = self.operator_name()?;
        match name.text.as_str() {
            "where" | "filter" => Ok(Operator::Where(self.expression()?)),
            "project" => Ok(Operator::Project(self.list(Self::named)?)),
            "extend" => Ok(Operator::Extend(self.list(Self::named)?)),
            "project-away" => Ok(Operator::ProjectAway(self.list(Self::pattern)?)),
            "project-keep" => Ok(Operator::ProjectKeep(self.list(Self::pattern)?)),
            "project-rename" => Ok(Operator::ProjectRename(self.list(Self::renaming)?)),
            "order" | "sort" => {
                self.expect("by")?;
                Ok(Operator::Order(self.list(Self::sort_key)?))
            }
            "limit" | "take" => Ok(Operator::Take(self.whole()?)),
            "top" => {
                let rows = self.whole()?;
                self.expect("by")?;
                Ok(Operator::Top(rows, self.list(Self::sort_key)?))
            }
            "count" => Ok(Operator::Count),
            "distinct" if self.takes("*") => Ok(Operator::Distinct(None)),
            "distinct" => Ok(Operator::Distinct(Some(self.list(Self::named)?))),
            "summarize" => self.summarize(),
            "mv-expand" | "mvexpand" => self.expansion(),
            "join" => self.join(),
            unknown => Err(Refusal::language("operator", unknown, OPERATORS.iter().copied())),
        }
    }

    /// `name = expression`, or an expression.
    fn named(&mut self) -> Result<Named, Refusal> {
        let follows = self.second();
        let name = if self.peek().kind == TokenKind::Word
            && follows.kind == TokenKind::Sign
            && follows.text == "="
        {
            let name = self.name()?;
            self.advance();
            Some(name)
        } else {
            None
        };
        Ok(Named {
            name,
            expression: self.expression()?,
        })
    }

    /// A column's name, with stars for any text.
    fn pattern(&mut self) -> Result<String, Refusal> {
        let mut pattern = if self.takes("*") {
            "*".to_owned()
        } else {
            self.name()?
        };
        loop {
            let next = self.peek();
            let star = next.kind == TokenKind::Sign && next.text == "*";
            let word = next.kind == TokenKind::Word && pattern.ends_with('*');
            if !next.adjacent || !(star || word) {
                return Ok(pattern);
            }
            pattern.push_str(&self.advance().text);
        }
    }

    fn renaming(&mut self) -> Result<(String, String), Refusal> {
        let new = self.name()?;
        self.expect("=")?;
        Ok((new, self.name()?))
    }

    /// ARM behaviour: the largest comes first where nothing is said; nulls are the smallest.
    fn sort_key(&mut self) -> Result<SortKey, Refusal> {
        let expression = self.expression()?;
        let ascending = self.takes("asc");
        if !ascending {
            self.takes("desc");
        }
        let nulls_first = if self.takes("nulls") {
            let first = self.takes("first");
            if !first {
                self.expect("last")?;
            }
            first
        } else {
            ascending
        };
        Ok(SortKey {
            expression,
            ascending,
            nulls_first,
        })
    }

    fn summarize(&mut self) -> Result<Operator, Refusal> {
        let aggregates = if self.is("by") {
            Vec::new()
        } else {
            self.list(Self::aggregate)?
        };
        let by = if self.takes("by") {
            self.list(Self::named)?
        } else {
            Vec::new()
        };
        Ok(Operator::Summarize { aggregates, by })
    }

    fn aggregate(&mut self) -> Result<Aggregate, Refusal> {
        let Named { name, expression } = self.named()?;
        match expression {
            Expression::Call(function, arguments) => Ok(Aggregate {
                name,
                function,
                arguments,
            }),
            _ => Err(self.unexpected("an aggregate, such as count()")),
        }
    }

    fn expansion(&mut self) -> Result<Operator, Refusal> {
        self.expansions += 1;
        if self.expansions > MOST_JOINS {
            return Err(Refusal::too_much(format!(
                "A query has {MOST_JOINS} mv-expand operators at most."
            )));
        }
        let column = self.named()?;
        let to = if self.takes("to") {
            self.expect("typeof")?;
            self.expect("(")?;
            let kind = self.kind()?;
            self.expect(")")?;
            Some(kind)
        } else {
            None
        };
        let (usual, most) = EXPANDED_ROWS;
        let limit = if self.takes("limit") { self.whole()? } else { usual };
        if limit > most {
            return Err(Refusal::too_much(format!(
                "The limit of an mv-expand is {most} rows at most."
            )));
        }
        if self.is(",") {
            return Err(self.unexpected("| (the emulator expands one column at a time)"));
        }
        Ok(Operator::Expand(Expansion { column, to, limit }))
    }

    fn kind(&mut self) -> Result<Kind, Refusal> {
        let name = self.name()?;
        match name.as_str() {
            "string" => Ok(Kind::Text),
            "int" | "long" => Ok(Kind::Whole),
            "real" | "double" => Ok(Kind::Real),
            "bool" => Ok(Kind::Truth),
            "dynamic" => Ok(Kind::Dynamic),
            other => Err(Refusal::language(
                "type",
                other,
                ["string", "int", "long", "real", "double", "bool", "dynamic"].into_iter(),
            )),
        }
    }

    fn join(&mut self) -> Result<Operator, Refusal> {
        self.joins += 1;
        if self.joins > MOST_JOINS {
            return Err(Refusal::too_much(format!(
                "A query has {MOST_JOINS} join operators at most."
            )));
        }
        let mut kind = JoinKind::InnerUnique;
        if self.takes("kind") {
            self.expect("=")?;
            let name = self.name()?;
            kind = match name.as_str() {
                "innerunique" => JoinKind::InnerUnique,
                "inner" => JoinKind::Inner,
                "leftouter" => JoinKind::LeftOuter,
                "fullouter" => JoinKind::FullOuter,
                other => {
                    let known = ["innerunique", "inner", "leftouter", "fullouter"];
                    return Err(Refusal::language("kind of join", other, known.into_iter()));
                }
            };
        }
        let right = if self.takes("(") {
            let right = self.deeper(Self::pipeline)?;
            self.expect(")")?;
            right
        } else {
            Query {
                table: Some(self.name()?),
                operators: Vec::new(),
            }
        };
        self.expect("on")?;
        let mut on = vec![self.equality()?];
        while self.takes(",") || self.takes("and") {
            on.push(self.equality()?);
        }
        Ok(Operator::Join(Box::new(Join { kind, right, on })))
    }

    /// A column that both sides have, or `$left.a == $right.b`.
    fn equality(&mut self) -> Result<(String, String), Refusal> {
        if !self.is("$left") && !self.is("$right") {
            let name = self.name()?;
            return Ok((name.clone(), name));
        }
        let turned = self.is("$right");
        let (first, second) = if turned {
            ("$right", "$left")
        } else {
            ("$left", "$right")
        };
        let one = self.side(first)?;
        self.expect("==")?;
        let other = self.side(second)?;
        Ok(if turned { (other, one) } else { (one, other) })
    }

    fn side(&mut self, side: &str) -> Result<String, Refusal> {
        self.expect(side)?;
        self.expect(".")?;
        self.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_found_by_their_names() {
        let found =
            query("where a == 1 | project-away b*, *c | order by d asc, e | top 3 by f | count").unwrap();
        assert_eq!(found.table, None);
        assert_eq!(found.operators.len(), 5);
        assert!(
            matches!(&found.operators[1], Operator::ProjectAway(list) if list == &["b*".to_owned(), "*c".to_owned()])
        );
        let both =
            "Resources | join kind=leftouter (ResourceContainers | project id) on $right.id == $left.x, y";
        let found = query(both).unwrap();
        let Operator::Join(join) = &found.operators[0] else {
            panic!("{found:?}")
        };
        assert_eq!(
            join.on,
            [
                ("x".to_owned(), "id".to_owned()),
                ("y".to_owned(), "y".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for wrong in [
            "",
            "|",
            "Resources |",
            "Resources | where",
            "Resources where a == 1",
            "Resources | parse id with *",
            "Resources | project a,",
            "Resources | take -1",
            "Resources | take many",
            "Resources | top 3",
            "Resources | join Resources",
            "Resources | join kind=broadcast (Resources) on id",
            "Resources | join (Resources on id",
            "Resources | summarize id",
            "Resources | mv-expand a, b",
            "Resources | mv-expand a to typeof(guid)",
            "Resources | mv-expand a limit 3000",
            "Resources | project-rename a",
            "let a = 1; Resources",
            "Resources; Resources",
        ] {
            assert!(query(wrong).is_err(), "{wrong}");
        }
        assert!(query(&format!("Resources {}", "| mv-expand a".repeat(4))).is_err());
        assert!(query(&format!("Resources {}", "| join Resources on id".repeat(4))).is_err());
        assert!(query(&format!("where {}1", "(".repeat(1_000_000))).is_err());
    }
}
