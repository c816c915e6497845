//! `Microsoft.Network/privateDnsZones/{A|AAAA|CNAME|MX|PTR|SRV|TXT}`: a model per type, because each has its own field.
//! Ownership stands in `metadata`: record sets have no tags.

use crate::model::{Change, Compare, Conditional, Field, Key, Ownership, ResourceModel, SERVER_NAMES};

const TTL: Field = Field::atomic(&["properties", "ttl"], Compare::Exact, Change::Allowed);

const METADATA: Field = Field {
    path: &["properties", "metadata"],
    ownership: Ownership::OwnedKeys(Key::MapKey),
    compare: Compare::Exact,
    change: Change::Allowed,
    elements: &[],
};

const READ_ONLY: &[&[&str]] = &[&["properties", "fqdn"], &["properties", "isAutoRegistered"]];

macro_rules! model {
    ($name:ident, $type:literal, $data:expr) => {
        #[doc = concat!("What of a record set of type ", $type, " is ours, and how.")]
        pub static $name: ResourceModel = ResourceModel {
            resource_type: concat!("Microsoft.Network/privateDnsZones/", $type),
            api_version: super::private_dns_zone::API_VERSION,
            mark: Some(&["properties", "metadata"]),
            conditional: Conditional::CreationsToo,
            alone: false,
            one_at_a_time: false,
            operations: None,
            joins: &[],
            server_names: SERVER_NAMES,
            fields: &[TTL, METADATA, $data],
            read_only: READ_ONLY,
        };
    };
}

const fn records(path: &'static [&'static str]) -> Field {
    Field {
        path,
        ownership: Ownership::Whole(Key::Whole),
        compare: Compare::Exact,
        change: Change::Allowed,
        elements: &[],
    }
}

model!(A, "A", records(&["properties", "aRecords"]));
model!(AAAA, "AAAA", records(&["properties", "aaaaRecords"]));
model!(
    CNAME,
    "CNAME",
    Field::atomic(
        &["properties", "cnameRecord", "cname"],
        Compare::IgnoreCase,
        Change::Allowed
    )
);
model!(MX, "MX", records(&["properties", "mxRecords"]));
model!(PTR, "PTR", records(&["properties", "ptrRecords"]));
model!(SRV, "SRV", records(&["properties", "srvRecords"]));
model!(TXT, "TXT", records(&["properties", "txtRecords"]));

/// The model of a resource type, for instance `Microsoft.Network/privateDnsZones/A`.
pub fn of_type(resource_type: &str) -> Option<&'static ResourceModel> {
    all()
        .into_iter()
        .find(|model| model.resource_type.eq_ignore_ascii_case(resource_type))
}

/// The models of all types.
pub fn all() -> [&'static ResourceModel; 7] {
    [&A, &AAAA, &CNAME, &MX, &PTR, &SRV, &TXT]
}
