//! The situations of all kinds, and how each comes about.

use std::time::Duration;

use futures::future::FutureExt;
use privatelink_arm_emulator::change::ConnectionStatus;
use privatelink_testkit::scenario::{
    GROUP, NAMESPACE, dns_object, endpoint, endpoint_id, scope, target, zone_id,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::play::{Situation, fail_reads};

const SECOND: Duration = Duration::from_secs(1);
const BLOB: &str = "privatelink.blob.core.windows.net";

/// Kinds with a resource of their own.
const OWNERS: &[&str] = &["pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt"];
/// Kinds that write to Azure.
const WRITERS: &[&str] = &["pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt", "snb"];
const NAMESPACED: &[&str] = &["pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt", "snb", "asgb"];
const ALL: &[&str] = &[
    "pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt", "snb", "asgb", "azs",
];

macro_rules! situation {
    ($name:literal, $reason:literal, $kinds:expr, |$world:ident, $subject:ident, $object:ident| $body:block) => {
        Situation {
            name: $name,
            reason: $reason,
            kinds: $kinds,
            play: |$world, $subject, $object| async move $body.boxed(),
        }
    };
}

fn network() -> String {
    format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet")
}

fn link(name: &str, zone: Value, network: &str) -> Value {
    dns_object(
        "PrivateDnsZoneLink",
        name,
        json!({"zone": zone, "virtualNetwork": {"id": network}}),
    )
}

fn dns(dns: Value) -> Value {
    json!({"spec": {"dns": dns}})
}

fn manual() -> Value {
    json!({"spec": {"target": {"approval": "Manual", "requestMessage": "orders team"}}})
}

/// All of them.
pub fn situations() -> Vec<Situation> {
    let mut all = ordinary();
    all.extend(failing());
    all.extend(refused());
    all.extend(names());
    all.extend(scopes());
    all
}

/// What every object lives through.
fn ordinary() -> Vec<Situation> {
    vec![
        situation!("new", "Pending", ALL, |world, subject, object| {
            subject.apply(world, object);
        }),
        // A record set is written within one call, and a subnet is there already.
        situation!(
            "creating",
            "Creating",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.begin(world).await;
                subject.apply(world, object);
                subject.until(world, object, "Creating").await;
            }
        ),
        situation!(
            "updating",
            "Updating",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt", "snb"],
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.patch_spec_of(subject.plural, object, (subject.update)());
                subject.until(world, object, "Updating").await;
            }
        ),
        situation!(
            "deleting",
            "Deleting",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.delete_of(subject.plural, object);
                subject.until(world, object, "Deleting").await;
            }
        ),
        situation!("succeeded", "Succeeded", ALL, |world, subject, object| {
            subject.succeed(world, object).await;
        }),
        situation!("paused", "Paused", NAMESPACED, |world, subject, object| {
            subject.succeed(world, object).await;
            let paused = world.api.annotate(
                subject.plural,
                NAMESPACE,
                object,
                "privatelink.dev/paused",
                Some("true"),
            );
            paused.expect("the annotation is taken");
            subject.until(world, object, "Paused").await;
        }),
        situation!(
            "waiting",
            "DependencyNotReady",
            &["pdl", "pdr", "snb", "asgb"],
            |world, subject, object| {
                world.start();
                subject.apply(world, object);
                subject.until(world, object, "DependencyNotReady").await;
            }
        ),
        situation!(
            "waiting-for-a-group",
            "DependencyNotReady",
            &["pe"],
            |world, subject, object| {
                world.start();
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"applicationSecurityGroups": [{"name": "web"}]}}),
                );
                subject.until(world, object, "DependencyNotReady").await;
            }
        ),
        situation!(
            "waiting-for-a-group",
            "DependencyNotReady",
            &["nsg"],
            |world, subject, object| {
                world.start();
                let rule = json!({"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow",
                "destination": {"applicationSecurityGroups": [{"name": "web"}]}});
                subject.apply_with(world, object, &json!({"spec": {"rules": [rule]}}));
                subject.until(world, object, "DependencyNotReady").await;
            }
        ),
        situation!(
            "awaiting-approval",
            "AwaitingApproval",
            &["pe"],
            |world, subject, object| {
                world.start();
                subject.apply_with(world, object, &manual());
                subject.until(world, object, "AwaitingApproval").await;
            }
        ),
        situation!(
            "changed-by-others",
            "DriftDetected",
            WRITERS,
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.meddle(&subject.id(object), (subject.meddling)());
                subject.until(world, object, "DriftDetected").await;
            }
        ),
        situation!(
            "only-observed",
            "DriftDetected",
            OWNERS,
            |world, subject, object| {
                subject.begin(world).await;
                world.make_outside(&subject.id(object), (subject.existing)(object));
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"managementPolicy": "ObserveOnly"}}),
                );
                subject.until(world, object, "DriftDetected").await;
            }
        ),
        situation!(
            "only-observed",
            "DriftDetected",
            &["snb"],
            |world, subject, object| {
                subject.begin(world).await;
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"managementPolicy": "ObserveOnly"}}),
                );
                subject.until(world, object, "DriftDetected").await;
            }
        ),
        situation!("contested", "Contested", WRITERS, |world, subject, object| {
            subject.succeed(world, object).await;
            for _ in 0..8 {
                if subject.says(world, object, "Contested") {
                    break;
                }
                world.meddle(&subject.id(object), (subject.meddling)());
                sleep(SECOND * 200).await;
            }
        }),
    ]
}

/// Azure does not do what it is asked.
fn failing() -> Vec<Situation> {
    vec![
        situation!("retrying", "Retrying", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 500, "InternalServerError");
            subject.apply(world, object);
            subject.until(world, object, "Retrying").await;
        }),
        situation!("throttled", "Throttled", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 429, "TooManyRequests");
            subject.apply(world, object);
            subject.until(world, object, "Throttled").await;
        }),
        situation!("parent-busy", "ParentBusy", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 409, "AnotherOperationInProgress");
            subject.apply(world, object);
            subject.until(world, object, "ParentBusy").await;
        }),
        situation!("unverified", "Unverified", WRITERS, |world, subject, object| {
            subject.succeed(world, object).await;
            sleep(SECOND * 300).await;
            fail_reads(world, 500, "InternalServerError");
            subject.until(world, object, "Unverified").await;
        }),
        situation!("forbidden", "Forbidden", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 403, "AuthorizationFailed");
            subject.apply(world, object);
            subject.until(world, object, "Forbidden").await;
        }),
        situation!(
            "over-quota",
            "QuotaExceeded",
            WRITERS,
            |world, subject, object| {
                subject.begin(world).await;
                subject.refuse_writes(world, object, 400, subject.full);
                subject.apply(world, object);
                subject.until(world, object, "QuotaExceeded").await;
            }
        ),
        situation!(
            "not-accepted",
            "InvalidSpec",
            WRITERS,
            |world, subject, object| {
                subject.begin(world).await;
                subject.refuse_writes(world, object, 400, "InvalidRequestFormat");
                subject.apply(world, object);
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "no-identity",
            "IdentityFailed",
            WRITERS,
            |world, subject, object| {
                subject.begin(world).await;
                subject.refuse_writes(world, object, 401, "InvalidAuthenticationToken");
                subject.apply(world, object);
                subject.until(world, object, "IdentityFailed").await;
            }
        ),
    ]
}

/// A user must act.
fn refused() -> Vec<Situation> {
    vec![
        situation!(
            "unknown-alias",
            "InvalidSpec",
            &["pe"],
            |world, subject, object| {
                world.start();
                let mut manifest = (subject.manifest)(object);
                manifest["spec"]["target"] = json!({"alias": "nowhere", "groupId": "blob"});
                world.apply(manifest);
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "unknown-alias",
            "InvalidSpec",
            &["asgb"],
            |world, subject, object| {
                world.start();
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"applicationSecurityGroups": [{"alias": "nowhere"}]}}),
                );
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "not-in-a-scope",
            "ForbiddenByScope",
            NAMESPACED,
            |world, subject, object| {
                subject.begin(world).await;
                world.apply(scope(&["elsewhere"]));
                subject.apply(world, object);
                subject.until(world, object, "ForbiddenByScope").await;
            }
        ),
        situation!(
            "in-two-scopes",
            "AmbiguousScope",
            NAMESPACED,
            |world, subject, object| {
                subject.begin(world).await;
                let mut second = scope(&[NAMESPACE]);
                second["metadata"]["name"] = json!("payments");
                world.apply(second);
                subject.apply(world, object);
                subject.until(world, object, "AmbiguousScope").await;
            }
        ),
        // Records have no tags to be taken over by: see record-of-others.
        situation!(
            "of-others",
            "NotOwned",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.begin(world).await;
                world.make_outside(&subject.id(object), (subject.existing)(object));
                subject.apply(world, object);
                subject.until(world, object, "NotOwned").await;
            }
        ),
        situation!(
            "second",
            "Conflict",
            &["pe", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.begin(world).await;
                let shared = json!({"spec": {"azureName": "shared"}});
                subject.apply_with(world, "first", &shared);
                sleep(SECOND * 60).await;
                subject.apply_with(world, object, &shared);
                subject.until(world, object, "Conflict").await;
            }
        ),
        situation!("second", "Conflict", &["pdz"], |world, subject, object| {
            let shared = json!({"spec": {"zoneName": "shared.internal"}});
            world.start();
            subject.apply_with(world, "first", &shared);
            sleep(SECOND * 60).await;
            subject.apply_with(world, object, &shared);
            subject.until(world, object, "Conflict").await;
        }),
        situation!("second", "Conflict", &["pdr", "snb"], |world, subject, object| {
            subject.begin(world).await;
            let shared = if subject.short == "pdr" {
                json!({"spec": {"recordName": "shared"}})
            } else {
                json!({})
            };
            subject.apply_with(world, "first", &shared);
            sleep(SECOND * 60).await;
            subject.apply_with(world, object, &shared);
            subject.until(world, object, "Conflict").await;
        }),
        situation!(
            "record-of-others",
            "RecordConflict",
            &["pdr"],
            |world, subject, object| {
                subject.begin(world).await;
                world.make_outside(&subject.id(object), (subject.existing)(object));
                subject.apply(world, object);
                subject.until(world, object, "RecordConflict").await;
            }
        ),
        situation!("rejected", "Rejected", &["pe"], |world, subject, object| {
            world.start();
            subject.apply_with(world, object, &manual());
            subject.until(world, object, "AwaitingApproval").await;
            world.decide(&endpoint_id(object), ConnectionStatus::Rejected);
            subject.until(world, object, "Rejected").await;
        }),
        situation!(
            "new-member",
            "MembersChanged",
            &["pe"],
            |world, subject, object| {
                world.start();
                let addresses = json!([{"memberName": "blob", "address": "10.1.0.10"}]);
                subject.apply_with(world, object, &json!({"spec": {"ipAddresses": addresses}}));
                subject.until(world, object, "Succeeded").await;
                let change = json!({
                    "id": target("orders"),
                    "addMember": {"groupId": "blob", "member": "blob-northeurope", "fqdn": "orders-northeurope.blob.core.windows.net"},
                });
                let change = serde_json::from_value(change).expect("a change");
                world.emulator.change(change).expect("the target grows");
                subject.until(world, object, "MembersChanged").await;
            }
        ),
        situation!(
            "disconnected",
            "Disconnected",
            &["pe"],
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.decide(&endpoint_id(object), ConnectionStatus::Disconnected);
                subject.until(world, object, "Disconnected").await;
            }
        ),
        situation!("in-use", "InUse", &["pdz"], |world, subject, object| {
            subject.succeed(world, object).await;
            world.apply(link("net", json!({"name": object}), &network()));
            sleep(SECOND * 60).await;
            world.delete_of(subject.plural, object);
            subject.until(world, object, "InUse").await;
        }),
        situation!("in-use", "InUse", &["nsg", "rt"], |world, subject, object| {
            subject.succeed(world, object).await;
            let field = if subject.short == "nsg" {
                "networkSecurityGroup"
            } else {
                "routeTable"
            };
            let subnet = privatelink_testkit::scenario::subnet_id("endpoints");
            world.apply(dns_object(
                "SubnetBinding",
                "endpoints",
                json!({"subnet": {"id": subnet}, field: {"name": object}}),
            ));
            sleep(SECOND * 60).await;
            world.delete_of(subject.plural, object);
            subject.until(world, object, "InUse").await;
        }),
        situation!("in-use", "InUse", &["asg"], |world, subject, object| {
            subject.succeed(world, object).await;
            world.apply(endpoint(
                "orders-blob",
                json!({"spec": {"applicationSecurityGroups": [{"name": object}]}}),
            ));
            sleep(SECOND * 60).await;
            world.delete_of(subject.plural, object);
            subject.until(world, object, "InUse").await;
        }),
        situation!(
            "deletion-held",
            "DeletionHeld",
            OWNERS,
            |world, subject, object| {
                subject.succeed(world, object).await;
                let others: Vec<String> = (0..25).map(|number| format!("other-{number}")).collect();
                for name in &others {
                    world.apply(dns_object("ApplicationSecurityGroup", name, json!({})));
                }
                sleep(SECOND * 120).await;
                for name in &others {
                    world.delete_of("applicationsecuritygroups.privatelink.dev", name);
                }
                world.delete_of(subject.plural, object);
                subject.until(world, object, "DeletionHeld").await;
            }
        ),
    ]
}

/// What becomes of an endpoint's names.
fn names() -> Vec<Situation> {
    vec![
        situation!(
            "zone-not-found",
            "ZoneNotFound",
            &["pe"],
            |world, subject, object| {
                world.start();
                subject.apply_with(world, object, &managed_names());
                subject.until(world, object, "ZoneNotFound").await;
            }
        ),
        situation!(
            "zone-not-linked",
            "ZoneNotLinked",
            &["pe"],
            |world, subject, object| {
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                subject.apply_with(world, object, &managed_names());
                subject.until(world, object, "ZoneNotLinked").await;
            }
        ),
        situation!("no-record", "RecordMissing", &["pe"], |world, subject, object| {
            world.start();
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            subject.apply_with(world, object, &dns(json!({"mode": "Adopt"})));
            subject.until(world, object, "RecordMissing").await;
        }),
        situation!(
            "wrong-address",
            "WrongAddress",
            &["pe"],
            |world, subject, object| {
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("net", json!({"name": BLOB}), &network()));
                sleep(SECOND * 60).await;
                let record = format!("{}/A/orders", zone_id(BLOB));
                world.make_outside(
                    &record,
                    json!({"properties": {"ttl": 77, "aRecords": [{"ipv4Address": "10.9.9.9"}]}}),
                );
                subject.apply_with(world, object, &dns(json!({"mode": "External"})));
                subject.until(world, object, "WrongAddress").await;
            }
        ),
        situation!(
            "record-of-another",
            "RecordConflict",
            &["pe"],
            |world, subject, object| {
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("net", json!({"name": BLOB}), &network()));
                let names = |address: &str| {
                    let addresses = json!([{"memberName": "blob", "address": address}]);
                    json!({"spec": {"ipAddresses": addresses, "dns": {"mode": "Managed", "zones": [{"id": zone_id(BLOB)}]}}})
                };
                subject.apply_with(world, "first", &names("10.1.0.10"));
                subject.until(world, "first", "Succeeded").await;
                subject.apply_with(world, object, &names("10.1.0.11"));
                subject.until(world, object, "RecordConflict").await;
            }
        ),
        situation!(
            "public-answer",
            "PublicAnswer",
            &["pe"],
            |world, subject, object| {
                // The zone is linked where clients are said to be, and the servers that are asked are elsewhere.
                let hub = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
                world.make_outside(&hub, json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}}));
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("hub", json!({"name": BLOB}), &hub));
                sleep(SECOND * 60).await;
                let names = json!({"mode": "Managed", "zones": [{"id": zone_id(BLOB)}], "verify": "Lookup", "resolvedFrom": [{"id": hub}]});
                subject.apply_with(world, object, &dns(names));
                subject.until(world, object, "PublicAnswer").await;
            }
        ),
        situation!("no-such-name", "NxDomain", &["pe"], |world, subject, object| {
            // The servers that are asked have a zone of the name, but another one.
            let platform = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-platform";
            let other = format!("{platform}/providers/Microsoft.Network/privateDnsZones/{BLOB}");
            world.make_outside(platform, json!({"location": "westeurope"}));
            world.make_outside(&other, json!({"location": "global"}));
            let body = json!({"location": "global", "properties": {"virtualNetwork": {"id": network()}, "registrationEnabled": false}});
            world.make_outside(&format!("{other}/virtualNetworkLinks/net"), body);
            let hub = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
            world.make_outside(&hub, json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}}));
            world.start();
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            world.apply(link("hub", json!({"name": BLOB}), &hub));
            sleep(SECOND * 60).await;
            let names = json!({"mode": "Managed", "zones": [{"id": zone_id(BLOB)}], "verify": "Lookup", "resolvedFrom": [{"id": hub}]});
            subject.apply_with(world, object, &dns(names));
            subject.until(world, object, "NxDomain").await;
        }),
        situation!(
            "no-dns-server",
            "Unreachable",
            &["pe"],
            |world, subject, object| {
                world.silence_resolver();
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("net", json!({"name": BLOB}), &network()));
                sleep(SECOND * 60).await;
                subject.apply_with(
                    world,
                    object,
                    &dns(json!({"mode": "Managed", "verify": "Lookup"})),
                );
                subject.until(world, object, "Unreachable").await;
            }
        ),
    ]
}

fn managed_names() -> Value {
    dns(json!({"mode": "Managed", "zones": [{"id": zone_id(BLOB)}]}))
}

/// What a scope itself says.
fn scopes() -> Vec<Situation> {
    vec![
        situation!(
            "not-understood",
            "InvalidSpec",
            &["azs"],
            |world, subject, object| {
                world.start();
                // Neither a resource nor a group: nothing can be under it.
                let half = format!("{GROUP}/providers/Microsoft.Network");
                let mut manifest = (subject.manifest)(object);
                manifest["spec"]["allow"] = json!([{"on": half, "verbs": ["Manage"]}]);
                world.apply(manifest);
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "no-identity",
            "IdentityFailed",
            &["azs"],
            |world, subject, object| {
                subject.begin(world).await;
                fail_reads(world, 401, "InvalidAuthenticationToken");
                subject.apply(world, object);
                subject.until(world, object, "IdentityFailed").await;
            }
        ),
        situation!("in-use", "InUse", &["azs"], |world, subject, object| {
            subject.begin(world).await;
            subject.apply(world, object);
            world.api.create_namespace("payments").expect("a namespace");
            world.apply(endpoint(
                "orders-blob",
                json!({"metadata": {"namespace": "payments"}}),
            ));
            sleep(SECOND * 120).await;
            world.api.delete(subject.plural, "", object).expect("the scope");
            subject.until(world, object, "InUse").await;
        }),
    ]
}
