//! The tables that queries begin with, made from the store.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::bound::Column;
use super::refusal::Refusal;
use super::syntax::Kind;
use crate::authorization::assignments;
use crate::authorization::rbac::RbacState;
use crate::identity::Principal;
use crate::request::answer;
use crate::request::place::Place;
use crate::resources::groups;
use crate::state::record::Record;
use crate::state::{State, Subscription};
use crate::types;

/// The tables that there are.
pub(super) const TABLES: &[&str] = &["Resources", "ResourceContainers", "DnsResources"];

/// The columns that all of them have.
///
/// ARM behaviour: these, in this order.
const COLUMNS: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("name", Kind::Text),
    ("type", Kind::Text),
    ("tenantId", Kind::Text),
    ("kind", Kind::Text),
    ("location", Kind::Text),
    ("resourceGroup", Kind::Text),
    ("subscriptionId", Kind::Text),
    ("managedBy", Kind::Text),
    ("sku", Kind::Dynamic),
    ("plan", Kind::Dynamic),
    ("properties", Kind::Dynamic),
    ("tags", Kind::Dynamic),
    ("identity", Kind::Dynamic),
    ("zones", Kind::Dynamic),
    ("extendedLocation", Kind::Dynamic),
    ("apiVersion", Kind::Text),
];

/// The columns that need the whole resource to be made: they are filled in late, for the rows that are left.
pub(super) const LATE: &[&str] = &["sku", "properties"];

/// A row, and the resource that its late columns come from.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<Value>,
    pub(super) source: Option<Arc<Record>>,
}

/// Rows that all have a cell for each column.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// Where tables come from: what a principal can see of some subscriptions.
pub(super) struct Source<'a> {
    pub(super) state: &'a State,
    pub(super) rbac: &'a RbacState,
    pub(super) principal: &'a Principal,
    pub(super) subscriptions: Vec<Subscription>,
}

impl Source<'_> {
    /// A whole table; its late columns are null.
    ///
    /// # Errors
    /// There is no table of that name.
    pub(super) fn table(&self, name: &str) -> Result<Table, Refusal> {
        let rows = match name.to_ascii_lowercase().as_str() {
            "resources" => self.resources(is_tracked),
            "dnsresources" => self.resources(is_record_set),
            "resourcecontainers" => self.containers(),
            _ => return Err(Refusal::language("table", name, TABLES.iter().copied())),
        };
        let columns = COLUMNS.iter().map(|(name, kind)| Column {
            name: (*name).to_owned(),
            kind: *kind,
        });
        Ok(Table {
            columns: columns.collect(),
            rows,
        })
    }

    /// Fills in the late columns.
    pub(super) fn fill(&self, columns: &[Column], rows: &mut [Row]) {
        let at = |wanted: &str| columns.iter().position(|column| column.name == wanted);
        for row in rows {
            let Some(record) = row.source.take() else {
                continue;
            };
            let mut shown = answer::render(self.state, &record);
            for name in LATE {
                if let (Some(cell), Some(value)) = (
                    at(name).and_then(|at| row.cells.get_mut(at)),
                    shown.get_mut(*name),
                ) {
                    *cell = value.take();
                }
            }
        }
    }

    fn resources(&self, belongs: fn(&Record) -> bool) -> Vec<Row> {
        let mut rights = Rights::of(self);
        let mut rows = Vec::new();
        for subscription in &self.subscriptions {
            let key = format!("/subscriptions/{}", subscription.id.to_ascii_lowercase());
            for (_, record) in self.state.descendants(&key) {
                if belongs(record) && rights.may_read(&key, &record.resource_type, &record.id) {
                    rows.push(row_of(record, subscription));
                }
            }
        }
        rows
    }

    /// The subscriptions and their groups.
    fn containers(&self) -> Vec<Row> {
        let mut rights = Rights::of(self);
        let mut rows = Vec::new();
        for subscription in &self.subscriptions {
            let id = format!("/subscriptions/{}", subscription.id);
            let key = id.to_ascii_lowercase();
            if rights.may_read(&key, "Microsoft.Resources/subscriptions", &id) {
                rows.push(row_of_subscription(self.state, subscription));
            }
            for record in self.state.collection(&format!("{key}/resourcegroups")) {
                if rights.may_read(
                    &key,
                    "Microsoft.Resources/subscriptions/resourceGroups",
                    &record.id,
                ) {
                    rows.push(row_of_group(record, subscription));
                }
            }
        }
        rows
    }
}

/// Who may read what; the answer for a whole subscription is looked up once for each type.
struct Rights<'a> {
    source: &'a Source<'a>,
    known: HashMap<(String, String), bool>,
}

impl<'a> Rights<'a> {
    fn of(source: &'a Source<'a>) -> Self {
        Rights {
            source,
            known: HashMap::new(),
        }
    }

    fn may_read(&mut self, subscription: &str, resource_type: &str, id: &str) -> bool {
        let source = self.source;
        if source.principal.is_open_owner {
            return true;
        }
        let may = |scope: &str| {
            let action = format!("{resource_type}/read");
            assignments::may(source.state, source.rbac, source.principal, &action, scope)
        };
        let everywhere = *self
            .known
            .entry((subscription.to_owned(), resource_type.to_owned()))
            .or_insert_with(|| may(subscription));
        everywhere || may(id)
    }
}

/// Whether a resource is one of the table of resources: all that are listed by their group, and children that have a region.
fn is_tracked(record: &Record) -> bool {
    let Some(place) = Place::parse(&record.id) else {
        return false;
    };
    if place.group.is_none() || (place.parent.is_some() && !place.parent_is_type) {
        return false;
    }
    let own = place.namespace.eq_ignore_ascii_case("Microsoft.Authorization");
    !own && (place.parent.is_none() || record.location().is_some())
}

fn is_record_set(record: &Record) -> bool {
    let kind = record.resource_type.to_ascii_lowercase();
    kind.strip_prefix("microsoft.network/privatednszones/")
        .is_some_and(|kind| kind != "virtualnetworklinks")
}

/// The row of a resource.
///
/// ARM behaviour: types and groups are in lower case; texts that are missing are empty.
fn row_of(record: &Arc<Record>, subscription: &Subscription) -> Row {
    let group = record.id.split('/').nth(4).unwrap_or_default();
    let version = types::find(&record.resource_type)
        .api_versions
        .map_or("", |known| known.newest);
    let mut cells = cells(|column| match column {
        "resourceGroup" => json!(group.to_lowercase()),
        "apiVersion" => json!(version),
        other => shown(record, subscription, other),
    });
    if let Some(kind) = cells.get_mut(2) {
        *kind = json!(record.resource_type.to_lowercase());
    }
    Row {
        cells,
        source: Some(record.clone()),
    }
}

/// What a resource's own fields say of a column.
fn shown(record: &Record, subscription: &Subscription, column: &str) -> Value {
    match column {
        "id" => json!(record.id),
        "name" => json!(record.name()),
        "tenantId" => json!(subscription.tenant_id),
        "subscriptionId" => json!(subscription.id),
        name if LATE.contains(&name) => Value::Null,
        name => record.body.get(name).cloned().unwrap_or(Value::Null),
    }
}

fn row_of_subscription(state: &State, subscription: &Subscription) -> Row {
    let whole = groups::shown_subscription(state, subscription);
    let cells = cells(|column| match column {
        "id" => whole.get("id").cloned().unwrap_or_default(),
        "name" => json!(subscription.name),
        "type" => json!("microsoft.resources/subscriptions"),
        "tenantId" => json!(subscription.tenant_id),
        "subscriptionId" => json!(subscription.id),
        "properties" => json!({
            "state": whole.get("state"),
            "subscriptionPolicies": whole.get("subscriptionPolicies"),
            "managedByTenants": whole.get("managedByTenants"),
        }),
        "tags" => whole.get("tags").cloned().unwrap_or_default(),
        _ => Value::Null,
    });
    Row { cells, source: None }
}

fn row_of_group(record: &Record, subscription: &Subscription) -> Row {
    let cells = cells(|column| match column {
        "type" => json!("microsoft.resources/subscriptions/resourcegroups"),
        "resourceGroup" => json!(record.name().to_lowercase()),
        "properties" => json!({"provisioningState": record.provisioning_state}),
        other => shown(record, subscription, other),
    });
    Row { cells, source: None }
}

/// The cells of a row; texts that are missing are empty.
fn cells(value: impl Fn(&str) -> Value) -> Vec<Value> {
    let cell = |(name, kind): &(&str, Kind)| match (value(name), kind) {
        (Value::Null, Kind::Text) => json!(""),
        (value, _) => value,
    };
    COLUMNS.iter().map(cell).collect()
}
