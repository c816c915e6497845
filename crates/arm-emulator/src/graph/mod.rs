//! Resource Graph: `POST /providers/Microsoft.ResourceGraph/resources`, over a documented subset of its language.
//!
//! Owns nothing: tables are made from the store for each query. Azure's tables follow the store with a delay of seconds to
//! minutes; these are the store at this moment.

mod bound;
mod compare;
mod evaluate;
mod expression;
mod functions;
mod group;
mod join;
mod lexer;
mod meter;
mod parse;
mod refusal;
mod request;
mod syntax;
mod table;

use serde_json::{Map, Value, json};

use self::bound::Column;
use self::meter::Meter;
pub(crate) use self::refusal::throttled;
use self::refusal::{Refusal, bad_request};
use self::request::{Format, Request, Token};
use self::syntax::Kind;
use self::table::{Row, Source, Table};
use crate::authorization::assignments;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::resources::groups;
use crate::state::Subscription;
use crate::state::world::World;

/// ARM behaviour: a principal that sees more subscriptions gets the rows of the first ones, and a header says so.
const MOST_SUBSCRIPTIONS: usize = 10_000;

/// Answers a query.
///
/// ARM behaviour: rows are only of what the caller may read; a page has 1,000 rows at most, and the next one is asked for by
/// the token, which is there when the rows have an `id`.
pub(crate) fn run(world: &World<'_, '_>) -> Result<Outcome, Failure> {
    let call = world.call;
    let request = Request::parse(call)?;
    let query = parse::query(&request.query).map_err(|refusal| refusal.failure(call))?;
    let mut subscriptions = subscriptions(world, &request)?;
    let cut = subscriptions.len() > MOST_SUBSCRIPTIONS;
    subscriptions.truncate(MOST_SUBSCRIPTIONS);
    let source = Source {
        state: world.state,
        rbac: world.rbac,
        principal: &call.principal,
        subscriptions,
    };
    let meter = Meter::default();
    let answer = evaluate::run(&source, &query, &meter).map_err(|refusal| refusal.failure(call))?;
    let mut table = answer.table;
    let total = table.rows.len();
    let mut page: Vec<Row> = table
        .rows
        .drain(..)
        .skip(request.skip)
        .take(request.top)
        .collect();
    if answer.unfilled {
        source.fill(&table.columns, &mut page);
    }
    let mut shown = json!({
        "totalRecords": total,
        "count": page.len(),
        "data": data(&table, &page, request.format),
        "facets": [],
    });
    let next = request.skip.saturating_add(page.len());
    let more = next < total && !page.is_empty();
    let has_id = table.columns.iter().any(|column| column.name == "id");
    crate::body::put(
        &mut shown,
        "resultTruncated",
        json!(if more { "true" } else { "false" }),
    );
    if more && has_id {
        let token = Token::of(&request, next).text();
        crate::body::put(&mut shown, "$skipToken", json!(token));
    }
    Ok(Outcome::json(200, shown).header(
        "x-ms-tenant-subscription-limit-hit",
        if cut { "true" } else { "false" },
    ))
}

/// The subscriptions that a query is about, and that the caller can see.
///
/// ARM behaviour: those that the request names, else all of the tenant; a query about none is refused.
fn subscriptions(world: &World<'_, '_>, request: &Request) -> Result<Vec<Subscription>, Failure> {
    let call = world.call;
    let found: Vec<Subscription> = match &request.subscriptions {
        Some(ids) => ids
            .iter()
            .filter_map(|id| groups::subscription(world.state, id, &call.principal.tenant_id))
            .collect(),
        None => world.state.subscriptions.values().cloned().collect(),
    };
    let visible: Vec<Subscription> = found
        .into_iter()
        .filter(|subscription| sees(world, subscription))
        .collect();
    // The owner of an open emulator sees every subscription, also before anything is made in one.
    if visible.is_empty() && !call.principal.is_open_owner {
        let given = request.subscriptions.as_deref().unwrap_or_default();
        return Err(bad_request(
            call,
            "NoValidSubscriptionsInQueryRequest",
            format!(
                "There must be at least one subscription that is eligible to contain resources. Given: '{}'.",
                given.join(", ")
            ),
        ));
    }
    Ok(visible)
}

/// Whether the caller has any right in a subscription.
fn sees(world: &World<'_, '_>, subscription: &Subscription) -> bool {
    let principal = &world.call.principal;
    let scope = format!("/subscriptions/{}", subscription.id);
    assignments::sees(world.state, world.rbac, principal, &scope)
}

fn data(table: &Table, rows: &[Row], format: Format) -> Value {
    match format {
        Format::Objects => Value::Array(rows.iter().map(|row| object(&table.columns, row)).collect()),
        Format::Table => {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|column| json!({"name": column.name, "type": word(column.kind)}))
                .collect();
            let rows: Vec<&Vec<Value>> = rows.iter().map(|row| &row.cells).collect();
            json!({"columns": columns, "rows": rows})
        }
    }
}

fn object(columns: &[Column], row: &Row) -> Value {
    let fields: Map<String, Value> = columns
        .iter()
        .zip(&row.cells)
        .map(|(column, cell)| (column.name.clone(), cell.clone()))
        .collect();
    Value::Object(fields)
}

/// The name of a column's type in an answer.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Whole => "integer",
        Kind::Real => "number",
        Kind::Truth => "boolean",
        Kind::Dynamic => "object",
    }
}

impl Refusal {
    /// What a page that is asked for by a bad token is refused with.
    fn token() -> Self {
        Refusal::meaning("$skipToken", "The $skipToken is not one of this query's.")
    }
}
