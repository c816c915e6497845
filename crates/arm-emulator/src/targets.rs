//! What private endpoints can point at: one row per resource type of Azure.
//!
//! Everything that differs between targets is in [`TARGETS`], to be held against Azure's documents: groups and their
//! required members, names and zones, and how the connection is updated and deleted. There is no code per type.

use serde_json::Value;

use crate::cloud::Cloud;
use crate::place::Place;
use crate::record::Record;
use crate::state::State;
use crate::types::{self, ResourceType};

/// How a connection on the target answers a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// 200 with the new state.
    Immediate,
    /// 202, and an operation.
    Operation,
    /// 201 with the connection as it becomes, and an operation. Updates only.
    Created,
    /// The same with 200.
    Answered,
    /// DELETE only: 202 without a body of its own kind; not even the DELETE of something absent says 200.
    Accepted,
}

/// Where a connection gets its name from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionName {
    /// `{endpoint}.{guid}`
    EndpointAndGuid,
    /// `{target}.{guid}`
    TargetAndGuid,
    /// `{endpoint}-{guid}`
    EndpointDashGuid,
    /// The endpoint's own name.
    Endpoint,
    /// The name that the endpoint gives its connection.
    EndpointConnection,
    /// That and `-{guid}`.
    EndpointConnectionDashGuid,
    /// `{target}.{32 digits}`
    TargetAndDigits,
}

/// Where a connection shows which group of its target it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupField {
    None,
    /// A text.
    One(&'static str),
    /// A list of one text.
    List(&'static str),
}

/// `provisioningState` of a connection that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnTheWay {
    /// To any state but those below.
    pub(crate) approved: &'static str,
    /// To `Rejected` or `Disconnected`.
    pub(crate) rejected: &'static str,
    /// Out of the world.
    pub(crate) deleted: &'static str,
}

/// One group of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) id: &'static str,
    /// Member patterns and the names that a member answers for. `{name}`, `{region}` and `{location}` (each region of the
    /// account, one member per region) are filled in.
    pub(crate) members: &'static [(&'static str, &'static [&'static str])],
    pub(crate) zones: &'static [&'static str],
}

/// One target type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) resource_type: &'static str,
    pub(crate) groups: &'static [Group],
    /// PATCH and not PUT changes a connection.
    pub(crate) update_by_patch: bool,
    pub(crate) update: Writing,
    pub(crate) delete: Writing,
    pub(crate) connection_name: ConnectionName,
    /// The row of its connections.
    pub(crate) connection: &'static ResourceType,
    /// The description of a connection that nobody had to approve; empty: there is none.
    pub(crate) auto_approved: &'static str,
    /// The third field of the connection's state.
    pub(crate) actions_field: Option<&'static str>,
    /// Whether it says `None`, whatever is sent.
    pub(crate) actions_read_only: bool,
    /// The body of a 202 to a write or a deletion of a connection; `None`: the connection, and nothing.
    pub(crate) accepted: Option<&'static str>,
    /// What `provisioningState` of a settled connection says.
    pub(crate) settled: &'static str,
    pub(crate) on_the_way: OnTheWay,
    pub(crate) group_field: GroupField,
    /// Whether a connection shows its endpoint's addresses.
    pub(crate) shows_addresses: bool,
    /// Whether a write of a connection has to describe its decision.
    pub(crate) description_required: bool,
    /// Items of `privateLinkResources` have no `properties`.
    pub(crate) flat: bool,
    /// Characters that a request message may have.
    pub(crate) message_limit: usize,
    /// Whether addresses may be chosen.
    pub(crate) static_addresses: bool,
    /// Whether a connection that was rejected can be approved after all.
    pub(crate) reconsiders: bool,
}

const BASE: Target = Target {
    resource_type: "",
    groups: &[],
    update_by_patch: false,
    update: Writing::Immediate,
    delete: Writing::Immediate,
    connection_name: ConnectionName::EndpointAndGuid,
    connection: &types::CONNECTION,
    auto_approved: "Auto-Approved",
    actions_field: Some("actionsRequired"),
    actions_read_only: false,
    accepted: None,
    settled: "Succeeded",
    on_the_way: OnTheWay {
        approved: "Updating",
        rejected: "Updating",
        deleted: "Deleting",
    },
    group_field: GroupField::None,
    shows_addresses: false,
    description_required: false,
    flat: false,
    message_limit: 140,
    static_addresses: true,
    reconsiders: false,
};

/// The description of every such connection until its endpoint is made.
pub(crate) const NOT_YET_TOLD: &str = "Auto Approved";

macro_rules! group {
    ($id:literal, [$($member:literal => [$($name:literal),*]),*], [$($zone:literal),*]) => {
        Group { id: $id, members: &[$(($member, &[$($name),*])),*], zones: &[$($zone),*] }
    };
}

/// All targets.
pub(crate) static TARGETS: &[Target] = &[
    Target {
        resource_type: "Microsoft.Storage/storageAccounts",
        groups: &[
            group!("blob", ["blob" => ["{name}.blob.core.windows.net"]], ["privatelink.blob.core.windows.net"]),
            group!("blob_secondary", ["blob_secondary" => ["{name}-secondary.blob.core.windows.net"]], ["privatelink.blob.core.windows.net"]),
            group!("table", ["table" => ["{name}.table.core.windows.net"]], ["privatelink.table.core.windows.net"]),
            group!("table_secondary", ["table_secondary" => ["{name}-secondary.table.core.windows.net"]], ["privatelink.table.core.windows.net"]),
            group!("queue", ["queue" => ["{name}.queue.core.windows.net"]], ["privatelink.queue.core.windows.net"]),
            group!("queue_secondary", ["queue_secondary" => ["{name}-secondary.queue.core.windows.net"]], ["privatelink.queue.core.windows.net"]),
            group!("file", ["file" => ["{name}.file.core.windows.net"]], ["privatelink.file.core.windows.net"]),
            group!("web", ["web" => ["{name}.web.core.windows.net"]], ["privatelink.web.core.windows.net"]),
            group!("web_secondary", ["web_secondary" => ["{name}-secondary.web.core.windows.net"]], ["privatelink.web.core.windows.net"]),
            group!("dfs", ["dfs" => ["{name}.dfs.core.windows.net"]], ["privatelink.dfs.core.windows.net"]),
            group!("dfs_secondary", ["dfs_secondary" => ["{name}-secondary.dfs.core.windows.net"]], ["privatelink.dfs.core.windows.net"]),
        ],
        connection_name: ConnectionName::TargetAndGuid,
        actions_field: Some("actionRequired"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.KeyVault/vaults",
        groups: &[
            group!("vault", ["default" => ["{name}.vault.azure.net"]], ["privatelink.vaultcore.azure.net"]),
        ],
        update: Writing::Answered,
        delete: Writing::Operation,
        connection_name: ConnectionName::EndpointConnection,
        connection: &types::VAULT_CONNECTION,
        auto_approved: "",
        reconsiders: true,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.KeyVault/managedHSMs",
        groups: &[
            group!("managedhsm", ["default" => ["{name}.managedhsm.azure.net"]], ["privatelink.managedhsm.azure.net"]),
        ],
        delete: Writing::Operation,
        reconsiders: true,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Sql/servers",
        groups: &[
            group!("sqlServer", ["sqlServer" => ["{name}.database.windows.net"]], ["privatelink.database.windows.net"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        connection_name: ConnectionName::EndpointDashGuid,
        connection: &types::SERVER_CONNECTION,
        auto_approved: "Auto-approved",
        actions_read_only: true,
        settled: "Ready",
        message_limit: 128,
        on_the_way: OnTheWay {
            approved: "Approving",
            rejected: "Rejecting",
            deleted: "Dropping",
        },
        group_field: GroupField::List("groupIds"),
        description_required: true,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.DocumentDB/databaseAccounts",
        groups: &[
            group!("Sql", ["{name}" => ["{name}.documents.azure.com"], "{name}-{location}" => ["{name}-{location}.documents.azure.com"]], ["privatelink.documents.azure.com"]),
            group!("MongoDB", ["{name}" => ["{name}.mongo.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.mongo.cosmos.azure.com"]], ["privatelink.mongo.cosmos.azure.com"]),
            group!("Cassandra", ["{name}" => ["{name}.cassandra.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.cassandra.cosmos.azure.com"]], ["privatelink.cassandra.cosmos.azure.com"]),
            group!("Gremlin", ["{name}" => ["{name}.gremlin.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.gremlin.cosmos.azure.com"]], ["privatelink.gremlin.cosmos.azure.com"]),
            group!("Table", ["{name}" => ["{name}.table.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.table.cosmos.azure.com"]], ["privatelink.table.cosmos.azure.com"]),
            group!("Analytical", ["{name}" => ["{name}.analytics.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.analytics.cosmos.azure.com"]], ["privatelink.analytics.cosmos.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Accepted,
        connection_name: ConnectionName::Endpoint,
        auto_approved: "",
        actions_read_only: true,
        accepted: Some(r#"{"status":"Enqueued"}"#),
        group_field: GroupField::One("groupId"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.ContainerRegistry/registries",
        groups: &[
            group!("registry", ["registry_data_{region}" => ["{name}.{region}.data.azurecr.io"], "registry" => ["{name}.azurecr.io"]], ["privatelink.azurecr.io"]),
        ],
        update: Writing::Created,
        delete: Writing::Operation,
        connection_name: ConnectionName::TargetAndDigits,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventHub/namespaces",
        groups: &[
            group!("namespace", ["namespace" => ["{name}.servicebus.windows.net"]], ["privatelink.servicebus.windows.net"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        actions_field: None,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.ServiceBus/namespaces",
        groups: &[
            group!("namespace", ["namespace" => ["{name}.servicebus.windows.net"]], ["privatelink.servicebus.windows.net"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        actions_field: None,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Web/sites",
        groups: &[
            group!("sites", ["sites" => ["{name}.azurewebsites.net", "{name}.scm.azurewebsites.net"]], ["privatelink.azurewebsites.net"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        connection_name: ConnectionName::EndpointConnectionDashGuid,
        group_field: GroupField::List("groupIds"),
        shows_addresses: true,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.CognitiveServices/accounts",
        groups: &[
            group!("account", ["default" => ["{name}.cognitiveservices.azure.com", "{name}.openai.azure.com", "{name}.services.ai.azure.com"]],
            ["privatelink.cognitiveservices.azure.com", "privatelink.openai.azure.com", "privatelink.services.ai.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Search/searchServices",
        groups: &[
            group!("searchService", ["searchService" => ["{name}.search.windows.net"]], ["privatelink.search.windows.net"]),
        ],
        settled: "succeeded",
        group_field: GroupField::One("groupId"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.DBforPostgreSQL/flexibleServers",
        groups: &[
            group!("postgresqlServer", ["postgresqlServer" => ["{name}.postgres.database.azure.com"]], ["privatelink.postgres.database.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Accepted,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.DBforMySQL/flexibleServers",
        groups: &[
            group!("mysqlServer", ["mysqlServer" => ["{name}.mysql.database.azure.com"]], ["privatelink.mysql.database.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Cache/redis",
        groups: &[
            group!("redisCache", ["redisCache" => ["{name}.redis.cache.windows.net"]], ["privatelink.redis.cache.windows.net"]),
        ],
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Cache/redisEnterprise",
        groups: &[
            group!("redisEnterprise", ["redisEnterprise" => ["{name}.{region}.redisenterprise.cache.azure.net"]], ["privatelink.redisenterprise.cache.azure.net"]),
        ],
        delete: Writing::Operation,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.AppConfiguration/configurationStores",
        groups: &[
            group!("configurationStores", ["configurationStores" => ["{name}.azconfig.io"]], ["privatelink.azconfig.io"]),
        ],
        connection_name: ConnectionName::EndpointConnection,
        actions_read_only: true,
        update: Writing::Created,
        delete: Writing::Operation,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Batch/batchAccounts",
        groups: &[
            group!("batchAccount", ["batchAccount" => ["{name}.{region}.batch.azure.com"]], ["privatelink.batch.azure.com"]),
            group!("nodeManagement", ["nodeManagement" => ["{name}.{region}.service.batch.azure.com"]], ["privatelink.batch.azure.com"]),
        ],
        update_by_patch: true,
        delete: Writing::Accepted,
        actions_read_only: true,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventGrid/topics",
        groups: &[
            group!("topic", ["topic" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
        ],
        update: Writing::Created,
        delete: Writing::Accepted,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventGrid/domains",
        groups: &[
            group!("domain", ["domain" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
        ],
        update: Writing::Created,
        delete: Writing::Accepted,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventGrid/partnerNamespaces",
        groups: &[
            group!("partnernamespace", ["partnernamespace" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
        ],
        update: Writing::Created,
        delete: Writing::Accepted,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventGrid/namespaces",
        groups: &[
            group!("topic", ["topic" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
            group!("topicspace", ["topicspace" => ["{name}.{region}-1.ts.eventgrid.azure.net"]], ["privatelink.ts.eventgrid.azure.net"]),
        ],
        update: Writing::Created,
        delete: Writing::Accepted,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.ContainerService/managedClusters",
        groups: &[
            group!("management", ["management" => ["{name}.privatelink.{region}.azmk8s.io"]], ["privatelink.{region}.azmk8s.io"]),
        ],
        actions_field: None,
        flat: true,
        static_addresses: false,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Network/privateLinkServices",
        groups: &[],
        update: Writing::Answered,
        delete: Writing::Operation,
        connection: &types::SERVICE_CONNECTION,
        auto_approved: NOT_YET_TOLD,
        static_addresses: false,
        ..BASE
    },
];

/// A group of one target, with its names filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilledGroup {
    pub(crate) id: String,
    /// Members and the names that each answers for.
    pub(crate) members: Vec<(String, Vec<String>)>,
    pub(crate) zones: Vec<String>,
}

impl FilledGroup {
    /// Whether it is for what is read in an account's second region.
    pub(crate) fn is_secondary(&self) -> bool {
        self.id.ends_with("_secondary")
    }
}

impl Target {
    /// The target of this type; types compare without case.
    pub(crate) fn of(resource_type: &str) -> Option<&'static Target> {
        TARGETS
            .iter()
            .find(|target| target.resource_type.eq_ignore_ascii_case(resource_type))
    }

    /// The target with this id, by its type.
    pub(crate) fn of_id(id: &str) -> Option<&'static Target> {
        Place::parse(id).and_then(|place| Target::of(&place.resource_type))
    }

    /// Whether endpoints name no group.
    pub(crate) fn is_service(&self) -> bool {
        self.groups.is_empty()
    }

    /// The body of a 202, where it is not the connection.
    pub(crate) fn accepted_body(&self) -> Option<Value> {
        self.accepted.and_then(|text| serde_json::from_str(text).ok())
    }

    /// The groups of one resource of this type, with the members that Azure added later.
    pub(crate) fn groups_of(&self, state: &State, record: &Record) -> Vec<FilledGroup> {
        let mut groups = self.filled(state.cloud(), record);
        for added in state.added_members(&record.key()) {
            if let Some(group) = groups
                .iter_mut()
                .find(|group| group.id.eq_ignore_ascii_case(&added.group_id))
            {
                group
                    .members
                    .push((added.member.clone(), vec![added.fqdn.clone()]));
            }
        }
        groups
    }

    /// The public names of one resource of this type, but for those of members that Azure added later.
    pub(crate) fn names(&self, cloud: Cloud, record: &Record) -> Vec<String> {
        self.filled(cloud, record)
            .into_iter()
            .flat_map(|group| group.members)
            .flat_map(|(_, names)| names)
            .collect()
    }

    /// The groups with the names that they have in a cloud; a group without a zone there is not there.
    fn filled(&self, cloud: Cloud, record: &Record) -> Vec<FilledGroup> {
        let name = record.name().to_ascii_lowercase();
        let region = squeezed(record.location().unwrap_or_default());
        let mut locations: Vec<String> = record
            .body
            .pointer("/properties/locations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|location| location.get("locationName").and_then(Value::as_str).map(squeezed))
            .collect();
        if locations.is_empty() {
            locations.push(region.clone());
        }
        self.groups
            .iter()
            .map(|group| {
                let mut members = Vec::new();
                for (member, names) in group.members {
                    let one_each = member.contains("{location}");
                    for location in if one_each {
                        locations.as_slice()
                    } else {
                        locations.get(..1).unwrap_or_default()
                    } {
                        let fill = |pattern: &str| {
                            pattern
                                .replace("{name}", &name)
                                .replace("{region}", &region)
                                .replace("{location}", location)
                        };
                        members.push((
                            fill(member),
                            names
                                .iter()
                                .filter_map(|pattern| cloud.name(&fill(pattern)))
                                .collect(),
                        ));
                    }
                }
                FilledGroup {
                    id: group.id.to_owned(),
                    members,
                    zones: group
                        .zones
                        .iter()
                        .filter_map(|zone| cloud.name(&zone.replace("{region}", &region)))
                        .collect(),
                }
            })
            .filter(|group: &FilledGroup| !group.zones.is_empty())
            .collect()
    }

    /// One group by the id of a request; deployment slots of a site are groups by pattern.
    pub(crate) fn group(&self, state: &State, record: &Record, group_id: &str) -> Option<FilledGroup> {
        if let Some(slot) = group_id.strip_prefix("sites-").filter(|slot| !slot.is_empty())
            && self.groups.iter().any(|group| group.id == "sites")
        {
            let name = record.name().to_ascii_lowercase();
            let here = |name: &str| state.cloud().name(name);
            let names = [
                format!("{name}-{slot}.azurewebsites.net"),
                format!("{name}-{slot}.scm.azurewebsites.net"),
            ];
            return Some(FilledGroup {
                id: group_id.to_owned(),
                members: vec![(
                    group_id.to_owned(),
                    names.iter().filter_map(|name| here(name)).collect(),
                )],
                zones: here("privatelink.azurewebsites.net").into_iter().collect(),
            });
        }
        self.groups_of(state, record)
            .into_iter()
            .find(|group| group.id.eq_ignore_ascii_case(group_id))
    }
}

/// `West US 2` as `westus2`: regions compare so.
pub(crate) fn squeezed(location: &str) -> String {
    location
        .chars()
        .filter(|character| !character.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}
