//! A query, taken apart.

use serde_json::Value;

/// What is known of a column's or an expression's values before any is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Real,
    Truth,
    /// Anything: what comes out of `properties`, for instance.
    Dynamic,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    /// `None`: the query begins with an operator, and means the resources.
    pub(super) table: Option<String>,
    pub(super) operators: Vec<Operator>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operator {
    Where(Expression),
    Project(Vec<Named>),
    Extend(Vec<Named>),
    /// Names of columns; `*` at an end stands for any text.
    ProjectAway(Vec<String>),
    ProjectKeep(Vec<String>),
    /// New names and old ones.
    ProjectRename(Vec<(String, String)>),
    Order(Vec<SortKey>),
    Take(usize),
    Top(usize, Vec<SortKey>),
    Count,
    /// `None`: all columns.
    Distinct(Option<Vec<Named>>),
    Summarize {
        aggregates: Vec<Aggregate>,
        by: Vec<Named>,
    },
    Expand(Expansion),
    Join(Box<Join>),
}

/// An expression, and the name of the column that it becomes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    pub(super) name: Option<String>,
    pub(super) expression: Expression,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct SortKey {
    pub(super) expression: Expression,
    pub(super) ascending: bool,
    pub(super) nulls_first: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Aggregate {
    pub(super) name: Option<String>,
    pub(super) function: String,
    pub(super) arguments: Vec<Expression>,
}

/// One row for each element of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expansion {
    pub(super) column: Named,
    pub(super) to: Option<Kind>,
    /// Rows for one row at most.
    pub(super) limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JoinKind {
    InnerUnique,
    Inner,
    LeftOuter,
    FullOuter,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Join {
    pub(super) kind: JoinKind,
    pub(super) right: Query,
    /// Columns of the left and of the right side that have to be the same.
    pub(super) on: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Literal(Value, Kind),
    Column(String),
    /// Members and elements of something, one below the other.
    Path(Box<Expression>, Vec<Step>),
    Call(String, Vec<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// Whether a text has another in it; the sides, and whether the answer is turned round.
    Text(TextTest, Box<Expression>, Box<Expression>, bool),
    /// Whether a value is, or a text has, one of a list.
    List(ListTest, Box<Expression>, Vec<Expression>, bool),
    Arithmetic(char, Box<Expression>, Box<Expression>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Member(String),
    Element(Expression),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Different,
    SameText,
    DifferentText,
    Less,
    LessOrSame,
    More,
    MoreOrSame,
}

/// How a text is looked for in another; without case, but where it is `exact`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextTest {
    pub(super) place: TextPlace,
    pub(super) exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextPlace {
    Anywhere,
    /// Between two characters that are no letters or digits.
    Term,
    TermPrefix,
    TermSuffix,
    Start,
    End,
    Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListTest {
    In,
    InWithoutCase,
    HasAny,
    HasAll,
}

impl Expression {
    /// Whether one of these columns is in it.
    pub(super) fn mentions(&self, columns: &[&str]) -> bool {
        let any = |list: &[Expression]| list.iter().any(|one| one.mentions(columns));
        match self {
            Expression::Literal(..) => false,
            Expression::Column(name) => columns.contains(&name.as_str()),
            Expression::Path(base, steps) => {
                base.mentions(columns)
                    || steps
                        .iter()
                        .any(|step| matches!(step, Step::Element(element) if element.mentions(columns)))
            }
            Expression::Call(_, list) | Expression::And(list) | Expression::Or(list) => any(list),
            Expression::Compare(_, one, other)
            | Expression::Text(_, one, other, _)
            | Expression::Arithmetic(_, one, other) => one.mentions(columns) || other.mentions(columns),
            Expression::List(_, one, list, _) => one.mentions(columns) || any(list),
        }
    }

    /// The name of the column that it becomes without one: `properties_a_0_b` for `properties.a[0].b`, also when that is
    /// the only thing in a conversion.
    pub(super) fn own_name(&self) -> Option<String> {
        match self {
            Expression::Column(name) => Some(name.clone()),
            Expression::Path(base, steps) => {
                let mut name = base.own_name()?;
                for step in steps {
                    name.push('_');
                    match step {
                        Step::Member(member) => name.push_str(member),
                        Step::Element(Expression::Literal(Value::Number(number), _)) => {
                            name.push_str(&number.to_string());
                        }
                        Step::Element(_) => return None,
                    }
                }
                Some(name)
            }
            Expression::Call(function, list) if function.starts_with("to") => match list.as_slice() {
                [only] => only.own_name(),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Operator {
    /// Whether one of these columns is in it, or could be among what it names by a pattern.
    pub(super) fn mentions(&self, columns: &[&str]) -> bool {
        let named = |list: &[Named]| list.iter().any(|one| one.expression.mentions(columns));
        let keys = |list: &[SortKey]| list.iter().any(|key| key.expression.mentions(columns));
        let patterns = |list: &[String]| {
            list.iter()
                .any(|pattern| pattern.contains('*') || columns.contains(&pattern.as_str()))
        };
        match self {
            Operator::Where(condition) => condition.mentions(columns),
            Operator::Project(list) | Operator::Extend(list) => {
                let takes_name =
                    |one: &Named| one.name.as_deref().is_some_and(|name| columns.contains(&name));
                named(list) || list.iter().any(takes_name)
            }
            Operator::ProjectAway(list) | Operator::ProjectKeep(list) => patterns(list),
            Operator::ProjectRename(list) => list
                .iter()
                .any(|(new, old)| columns.contains(&new.as_str()) || columns.contains(&old.as_str())),
            Operator::Order(list) | Operator::Top(_, list) => keys(list),
            Operator::Take(_) | Operator::Count => false,
            Operator::Distinct(list) => list.as_deref().is_none_or(named),
            Operator::Summarize { aggregates, by } => {
                named(by)
                    || aggregates
                        .iter()
                        .flat_map(|aggregate| &aggregate.arguments)
                        .any(|argument| argument.mentions(columns))
            }
            Operator::Expand(expansion) => {
                expansion.column.expression.mentions(columns)
                    || expansion
                        .column
                        .name
                        .as_deref()
                        .is_some_and(|name| columns.contains(&name))
            }
            Operator::Join(join) => join.on.iter().any(|(left, _)| columns.contains(&left.as_str())),
        }
    }

    /// Whether only what it names is there after it.
    pub(super) fn forgets(&self) -> bool {
        matches!(
            self,
            Operator::Project(_)
                | Operator::ProjectKeep(_)
                | Operator::Count
                | Operator::Distinct(_)
                | Operator::Summarize { .. }
        )
    }
}
