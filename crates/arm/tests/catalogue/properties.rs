//! What holds for every row, and for any input.

use privatelink_arm::catalogue::{
    Fact, KnownCloud, MAX_ZONES_IN_ZONE_GROUP, Rule, TargetFacts, check_zone_name, needs, region_codes, rows,
};
use proptest::prelude::*;

use crate::{plausible, zones_of};

/// Every row of every cloud gives zones for each of its groups, in any case, out of the facts that are asked for and
/// no others; and every zone is a name.
#[test]
fn every_row_resolves_for_each_of_its_groups() {
    let mut resolved = 0;
    for row in rows() {
        for group in row.groups() {
            let group = group.replace("<slot>", "Staging").replace("<volumegroup>", "vg1");
            let resource_type = row.resource_type().to_ascii_uppercase();
            let region = match row.cloud() {
                KnownCloud::Public => "West Europe",
                KnownCloud::Government => "usgovvirginia",
                KnownCloud::China => "chinanorth3",
            };
            let mut facts = plausible(region);
            facts.sku = row.skus().first().map(|start| format!("{start}X1"));
            let asked = needs(row.cloud(), &resource_type, &group);
            let mut told = TargetFacts::default();
            for fact in asked.iter().flat_map(|needed| &needed.facts) {
                let value = facts.get(*fact).map(str::to_owned);
                match fact {
                    Fact::Region => told.region = value,
                    Fact::PrivateDnsZone => told.private_dns_zone = value,
                    Fact::DnsZone => told.dns_zone = value,
                    Fact::DefaultHostname => told.default_hostname = value,
                    Fact::Sku => told.sku = value,
                }
            }
            let found = zones_of(row.cloud(), &resource_type, &group.to_ascii_uppercase(), &told)
                .unwrap_or_else(|refusal| panic!("{} {resource_type} {group}: {refusal}", row.cloud()));
            assert_eq!(found.service, row.service());
            assert!(found.required().count() > 0, "{resource_type}");
            for name in found.names() {
                assert_eq!(check_zone_name(name), Ok(()));
                assert!(
                    name.contains("privatelink") && name == name.to_ascii_lowercase(),
                    "{name}"
                );
            }
            let every = zones_of(row.cloud(), &resource_type, &group, &facts).unwrap();
            match row.rule() {
                Rule::OneOf => assert_eq!(every.zones.len(), 1, "{resource_type}"),
                Rule::All => assert_eq!(every.required().count(), row.zones().len(), "{resource_type}"),
                Rule::Optional => {
                    assert_eq!(every.zones.len(), row.zones().len(), "{resource_type}");
                    assert_eq!(
                        every.required().count(),
                        row.zones().len() - row.optional().len(),
                        "{resource_type}"
                    );
                }
            }
            resolved += 1;
        }
    }
    assert!(resolved > 200, "{resolved}");
}

/// One row alone has more zones than a zone group takes; whoever uses it has to leave one out.
#[test]
fn one_row_alone_is_too_long_for_a_zone_group() {
    let long: Vec<_> = rows()
        .filter(|row| row.rule() != Rule::OneOf && row.zones().len() > MAX_ZONES_IN_ZONE_GROUP)
        .map(|row| (row.cloud(), row.resource_type()))
        .collect();
    assert_eq!(
        long,
        [(KnownCloud::Government, "Microsoft.Insights/privateLinkScopes")]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In whatever region a row's target is and whatever its properties say: a zone is a name without a placeholder,
    /// or there is none and a message.
    #[test]
    fn no_placeholder_survives(
        region in prop_oneof![
            (0_usize..81).prop_map(|index| region_codes().nth(index).unwrap().0.to_owned()),
            "[a-zA-Z0-9 .{}-]{0,70}",
            any::<String>(),
        ],
        private_dns_zone in prop_oneof![
            Just("system".to_owned()),
            Just("none".to_owned()),
            "/subscriptions/x/providers/Microsoft.Network/privateDnsZones/([a-z0-9-]{0,70}\\.)?privatelink\\.[a-z0-9.]{0,20}\\.azmk8s\\.io",
            any::<String>(),
        ],
        dns_zone in prop_oneof!["[a-zA-Z0-9.{}_-]{0,70}", any::<String>()],
        default_hostname in prop_oneof!["([a-z0-9.{}-]{0,20}\\.){0,3}azurestaticapps\\.net\\.?", any::<String>()],
        sku in prop_oneof!["(Balanced_|enterprise_|EnterpriseFlash_|Standard_)[A-Z0-9]{0,4}", any::<String>()],
    ) {
        let facts = TargetFacts {
            region: Some(region),
            private_dns_zone: Some(private_dns_zone),
            dns_zone: Some(dns_zone),
            default_hostname: Some(default_hostname),
            sku: Some(sku),
        };
        for row in rows() {
            for group in row.groups() {
                match zones_of(row.cloud(), row.resource_type(), group, &facts) {
                    Ok(found) => {
                        for name in found.names() {
                            prop_assert_eq!(check_zone_name(name), Ok(()));
                        }
                    }
                    Err(refusal) => {
                        prop_assert!(needs(row.cloud(), row.resource_type(), group).is_some(), "{}", refusal);
                        prop_assert!(refusal.to_string().len() < 2000);
                    }
                }
            }
        }
    }

    /// Any type and group has an outcome, and a message is bounded.
    #[test]
    fn any_target_has_an_outcome(
        resource_type in prop_oneof![
            any::<String>(), "Microsoft\\.[A-Za-z]{0,12}/[A-Za-z]{0,16}", "[Mm]icrosoft.Storage/storageAccounts[a-z]{0,2}", ".{500,600}"
        ],
        group in prop_oneof![any::<String>(), "[a-z]{0,8}(-[a-z]{0,3})?", ".{500,600}"],
    ) {
        for cloud in KnownCloud::ALL {
            let outcome = zones_of(cloud, &resource_type, &group, &TargetFacts::default());
            if let Err(refusal) = outcome {
                prop_assert!(refusal.to_string().len() < 4000);
            }
        }
    }
}
