//! The regions as `GET /subscriptions/{id}/locations` shows them.
//!
//! Names and groups of the public cloud's are those of answers of Azure that others published; of the other clouds what they
//! are called in Azure's documents. Pairs, coordinates and zones are not modelled.

use serde_json::{Value, json};

use super::Cloud;

struct Region {
    name: &'static str,
    shown: &'static str,
    geography: &'static str,
    group: &'static str,
    recommended: bool,
}

/// A region that Azure recommends.
const fn recommended(
    name: &'static str,
    shown: &'static str,
    geography: &'static str,
    group: &'static str,
) -> Region {
    Region {
        name,
        shown,
        geography,
        group,
        recommended: true,
    }
}

/// One that it does not: mostly a region for the recovery of another.
const fn other(
    name: &'static str,
    shown: &'static str,
    geography: &'static str,
    group: &'static str,
) -> Region {
    Region {
        recommended: false,
        ..recommended(name, shown, geography, group)
    }
}

static REGIONS: &[Region] = &[
    other(
        "australiacentral",
        "Australia Central",
        "Australia",
        "Asia Pacific",
    ),
    other(
        "australiacentral2",
        "Australia Central 2",
        "Australia",
        "Asia Pacific",
    ),
    recommended("australiaeast", "Australia East", "Australia", "Asia Pacific"),
    other(
        "australiasoutheast",
        "Australia Southeast",
        "Australia",
        "Asia Pacific",
    ),
    recommended("austriaeast", "Austria East", "Austria", "Europe"),
    recommended("belgiumcentral", "Belgium Central", "Belgium", "Europe"),
    recommended("brazilsouth", "Brazil South", "Brazil", "South America"),
    other("brazilsoutheast", "Brazil Southeast", "Brazil", "South America"),
    recommended("canadacentral", "Canada Central", "Canada", "Canada"),
    other("canadaeast", "Canada East", "Canada", "Canada"),
    recommended("centralindia", "Central India", "India", "Asia Pacific"),
    recommended("centralus", "Central US", "United States", "US"),
    recommended("chilecentral", "Chile Central", "Chile", "South America"),
    recommended("denmarkeast", "Denmark East", "Denmark", "Europe"),
    recommended("eastasia", "East Asia", "Asia Pacific", "Asia Pacific"),
    recommended("eastus", "East US", "United States", "US"),
    recommended("eastus2", "East US 2", "United States", "US"),
    recommended("francecentral", "France Central", "France", "Europe"),
    other("francesouth", "France South", "France", "Europe"),
    other("germanynorth", "Germany North", "Germany", "Europe"),
    recommended("germanywestcentral", "Germany West Central", "Germany", "Europe"),
    recommended(
        "indonesiacentral",
        "Indonesia Central",
        "Indonesia",
        "Asia Pacific",
    ),
    recommended("israelcentral", "Israel Central", "Israel", "Middle East"),
    recommended("italynorth", "Italy North", "Italy", "Europe"),
    recommended("japaneast", "Japan East", "Japan", "Asia Pacific"),
    recommended("japanwest", "Japan West", "Japan", "Asia Pacific"),
    other("jioindiacentral", "Jio India Central", "India", "Asia Pacific"),
    recommended("jioindiawest", "Jio India West", "India", "Asia Pacific"),
    recommended("koreacentral", "Korea Central", "Korea", "Asia Pacific"),
    other("koreasouth", "Korea South", "Korea", "Asia Pacific"),
    recommended("malaysiawest", "Malaysia West", "Malaysia", "Asia Pacific"),
    recommended("mexicocentral", "Mexico Central", "Mexico", "Mexico"),
    recommended(
        "newzealandnorth",
        "New Zealand North",
        "New Zealand",
        "Asia Pacific",
    ),
    other("northcentralus", "North Central US", "United States", "US"),
    recommended("northeurope", "North Europe", "Europe", "Europe"),
    recommended("norwayeast", "Norway East", "Norway", "Europe"),
    other("norwaywest", "Norway West", "Norway", "Europe"),
    recommended("polandcentral", "Poland Central", "Poland", "Europe"),
    recommended("qatarcentral", "Qatar Central", "Qatar", "Middle East"),
    recommended("southafricanorth", "South Africa North", "South Africa", "Africa"),
    other("southafricawest", "South Africa West", "South Africa", "Africa"),
    recommended("southcentralus", "South Central US", "United States", "US"),
    recommended("southeastasia", "Southeast Asia", "Asia Pacific", "Asia Pacific"),
    other("southindia", "South India", "India", "Asia Pacific"),
    recommended("spaincentral", "Spain Central", "Spain", "Europe"),
    recommended("swedencentral", "Sweden Central", "Sweden", "Europe"),
    other("swedensouth", "Sweden South", "Sweden", "Europe"),
    recommended("switzerlandnorth", "Switzerland North", "Switzerland", "Europe"),
    other("switzerlandwest", "Switzerland West", "Switzerland", "Europe"),
    other("uaecentral", "UAE Central", "UAE", "Middle East"),
    recommended("uaenorth", "UAE North", "UAE", "Middle East"),
    recommended("uksouth", "UK South", "United Kingdom", "UK"),
    other("ukwest", "UK West", "United Kingdom", "UK"),
    other("westcentralus", "West Central US", "United States", "US"),
    recommended("westeurope", "West Europe", "Europe", "Europe"),
    other("westindia", "West India", "India", "Asia Pacific"),
    other("westus", "West US", "United States", "US"),
    recommended("westus2", "West US 2", "United States", "US"),
    recommended("westus3", "West US 3", "United States", "US"),
    recommended("usgovvirginia", "USGov Virginia", "US Government", "US"),
    recommended("usgovtexas", "USGov Texas", "US Government", "US"),
    recommended("usgovarizona", "USGov Arizona", "US Government", "US"),
    recommended("usdodeast", "USDoD East", "US Government", "US"),
    recommended("usdodcentral", "USDoD Central", "US Government", "US"),
    recommended("chinaeast", "China East", "China", "China"),
    recommended("chinaeast2", "China East 2", "China", "China"),
    recommended("chinaeast3", "China East 3", "China", "China"),
    recommended("chinanorth", "China North", "China", "China"),
    recommended("chinanorth2", "China North 2", "China", "China"),
    recommended("chinanorth3", "China North 3", "China", "China"),
];

/// How people call a region.
pub(crate) fn display_name(region: &str) -> Option<&'static str> {
    REGIONS
        .iter()
        .find(|known| known.name == region)
        .map(|known| known.shown)
}

impl Cloud {
    /// Its regions, as people call them.
    pub(crate) fn region_names(self) -> Vec<&'static str> {
        let known = self.endpoints().regions;
        REGIONS
            .iter()
            .filter(|region| known.contains(&region.name))
            .map(|region| region.shown)
            .collect()
    }

    /// Its regions as a subscription shows them.
    pub(crate) fn shown_regions(self, subscription: &str) -> Vec<Value> {
        let known = self.endpoints().regions;
        REGIONS
            .iter()
            .filter(|region| known.contains(&region.name))
            .map(|region| {
                json!({
                    "id": format!("/subscriptions/{subscription}/locations/{}", region.name),
                    "name": region.name,
                    "type": "Region",
                    "displayName": region.shown,
                    "regionalDisplayName": format!("({}) {}", region.group, region.shown),
                    "metadata": {
                        "regionType": "Physical",
                        "regionCategory": if region.recommended { "Recommended" } else { "Other" },
                        "geography": region.geography,
                        "geographyGroup": region.group,
                    },
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CLOUDS;
    use super::*;

    #[test]
    fn each_region_of_a_cloud_is_shown_once() {
        let mut shown = 0;
        for cloud in CLOUDS {
            let regions = cloud.shown_regions("s");
            assert_eq!(regions.len(), cloud.endpoints().regions.len(), "{cloud}");
            shown += regions.len();
        }
        assert_eq!(shown, REGIONS.len());
        for region in REGIONS {
            assert_eq!(crate::targets::squeezed(region.shown), region.name);
        }
    }
}
