//! A request that succeeds for every type with a table: an estate of two of each, in the order in which they can be made.
//!
//! In paths and bodies `{n}` is the number of the resource, `{p}` that of its parent, `{o}` that of what it refers to, and
//! `{q}` the number that is not its parent's; `{zp}` and `{zo}` are names of zones. `$N` is the network provider in the group,
//! `$G` the providers of the group, `$S` the subscription.

use serde_json::Value;

use super::{SUBSCRIPTION, id, network};

pub struct Example {
    pub kind: &'static str,
    pub path: &'static str,
    /// JSON.
    pub body: &'static str,
    pub version: &'static str,
}

/// The numbers that an example is filled in with.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    pub own: u8,
    pub parent: u8,
    pub other: u8,
}

const ZONES: [&str; 2] = ["privatelink.blob.core.windows.net", "corp.example"];

impl Numbers {
    /// All the same.
    pub fn all(number: u8) -> Self {
        Numbers {
            own: number,
            parent: number,
            other: number,
        }
    }

    fn fill(self, text: &str) -> String {
        let zone = |number: u8| ZONES[usize::from(number) % ZONES.len()];
        text.replace("{n}", &self.own.to_string())
            .replace("{p}", &self.parent.to_string())
            .replace("{o}", &self.other.to_string())
            .replace("{q}", &(1 - self.parent.min(1)).to_string())
            .replace("{zn}", zone(self.own))
            .replace("{zp}", zone(self.parent))
            .replace("{zo}", zone(self.other))
            .replace("$N", &network(""))
            .replace("$G", id("").trim_end_matches('/'))
            .replace("$S", &format!("/subscriptions/{SUBSCRIPTION}"))
            .replace("//", "/")
    }
}

impl Example {
    /// The id of the resource.
    pub fn id(&self, numbers: Numbers) -> String {
        numbers.fill(self.path)
    }

    /// The URL of the resource, or of what is below it.
    pub fn url(&self, numbers: Numbers, below: &str) -> String {
        format!(
            "https://management.azure.com{}{below}?api-version={}",
            self.id(numbers),
            self.version
        )
    }

    pub fn body(&self, numbers: Numbers) -> Value {
        serde_json::from_str(&numbers.fill(self.body)).unwrap()
    }
}

const fn example(kind: &'static str, path: &'static str, body: &'static str) -> Example {
    Example {
        kind,
        path,
        body,
        version: "2024-05-01",
    }
}

const fn dated(kind: &'static str, path: &'static str, body: &'static str, version: &'static str) -> Example {
    Example {
        version,
        ..example(kind, path, body)
    }
}

const PLAIN: &str = r#"{"location":"westeurope","properties":{}}"#;
const PRICED: &str = r#"{"location":"westeurope","sku":{"name":"Standard"}}"#;
const EMPTY: &str = r#"{"properties":{}}"#;

pub const EXAMPLES: &[Example] = &[
    example("Microsoft.Network/applicationSecurityGroups", "$N/applicationSecurityGroups/asg{n}", PLAIN),
    example("Microsoft.Network/networkSecurityGroups", "$N/networkSecurityGroups/nsg{n}",
        r#"{"location":"westeurope","properties":{"securityRules":[{"name":"first","properties":{"priority":100,"protocol":"Tcp","access":"Allow","direction":"Inbound",
            "sourcePortRange":"*","destinationPortRange":"443","destinationAddressPrefix":"*","sourceApplicationSecurityGroups":[{"id":"$N/applicationSecurityGroups/asg{o}"}]}}]}}"#),
    example("Microsoft.Network/networkSecurityGroups/securityRules", "$N/networkSecurityGroups/nsg{p}/securityRules/more{n}",
        r#"{"properties":{"priority":20{n},"protocol":"*","access":"Deny","direction":"Outbound","sourcePortRange":"*","destinationPortRanges":["1-5","80"],
            "sourceAddressPrefix":"VirtualNetwork","destinationAddressPrefixes":["10.{o}.0.0/16"]}}"#),
    example("Microsoft.Network/routeTables", "$N/routeTables/rt{n}",
        r#"{"location":"westeurope","properties":{"routes":[{"name":"first","properties":{"addressPrefix":"10.9.{o}.0/24","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.0.9"}}]}}"#),
    example("Microsoft.Network/routeTables/routes", "$N/routeTables/rt{p}/routes/more{n}",
        r#"{"properties":{"addressPrefix":"10.8.{n}.0/24","nextHopType":"None"}}"#),
    example("Microsoft.Network/virtualNetworks", "$N/virtualNetworks/net{n}",
        r#"{"location":"westeurope","tags":{"a":"b"},"properties":{"addressSpace":{"addressPrefixes":["10.{n}.0.0/16"]},"subnets":[
            {"name":"pe","properties":{"addressPrefix":"10.{n}.0.0/24","networkSecurityGroup":{"id":"$N/networkSecurityGroups/nsg{o}"}}},
            {"name":"nat","properties":{"addressPrefix":"10.{n}.1.0/24","privateLinkServiceNetworkPolicies":"Disabled","routeTable":{"id":"$N/routeTables/rt{o}"}}},
            {"name":"in","properties":{"addressPrefix":"10.{n}.2.0/28"}},{"name":"out","properties":{"addressPrefix":"10.{n}.3.0/28"}}]}}"#),
    example("Microsoft.Network/virtualNetworks/subnets", "$N/virtualNetworks/net{p}/subnets/more{n}",
        r#"{"properties":{"addressPrefix":"10.{p}.4{n}.0/29","networkSecurityGroup":{"id":"$N/networkSecurityGroups/nsg{o}"},"routeTable":{"id":"$N/routeTables/rt{o}"}}}"#),
    example("Microsoft.Network/virtualNetworks/virtualNetworkPeerings", "$N/virtualNetworks/net{p}/virtualNetworkPeerings/to",
        r#"{"properties":{"remoteVirtualNetwork":{"id":"$N/virtualNetworks/net{q}"},"allowVirtualNetworkAccess":true}}"#),
    example("Microsoft.Network/publicIPAddresses", "$N/publicIPAddresses/pip{n}",
        r#"{"location":"westeurope","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}"#),
    example("Microsoft.Network/loadBalancers", "$N/loadBalancers/lb{n}",
        r#"{"location":"westeurope","sku":{"name":"Standard"},"properties":{"frontendIPConfigurations":[{"name":"fe","properties":{"subnet":{"id":"$N/virtualNetworks/net{o}/subnets/nat"}}}],
            "backendAddressPools":[{"name":"pool"}],"probes":[{"name":"probe","properties":{"protocol":"Tcp","port":80}}],
            "loadBalancingRules":[{"name":"rule","properties":{"protocol":"Tcp","frontendPort":80,"backendPort":80,
                "frontendIPConfiguration":{"id":"$N/loadBalancers/lb{n}/frontendIPConfigurations/fe"},"backendAddressPool":{"id":"$N/loadBalancers/lb{n}/backendAddressPools/pool"},
                "probe":{"id":"$N/loadBalancers/lb{n}/probes/probe"}}}]}}"#),
    example("Microsoft.Network/loadBalancers/backendAddressPools", "$N/loadBalancers/lb{p}/backendAddressPools/more{n}", EMPTY),
    example("Microsoft.Network/loadBalancers/inboundNatRules", "$N/loadBalancers/lb{p}/inboundNatRules/nat{n}",
        r#"{"properties":{"protocol":"Tcp","frontendPort":500{n},"backendPort":22,"frontendIPConfiguration":{"id":"$N/loadBalancers/lb{p}/frontendIPConfigurations/fe"}}}"#),
    example("Microsoft.Network/networkInterfaces", "$N/networkInterfaces/nic{n}",
        r#"{"location":"westeurope","properties":{"networkSecurityGroup":{"id":"$N/networkSecurityGroups/nsg{o}"},"ipConfigurations":[{"name":"ip","properties":{
            "subnet":{"id":"$N/virtualNetworks/net{o}/subnets/pe"},"publicIPAddress":{"id":"$N/publicIPAddresses/pip{n}"},
            "applicationSecurityGroups":[{"id":"$N/applicationSecurityGroups/asg{o}"}],"loadBalancerBackendAddressPools":[{"id":"$N/loadBalancers/lb{o}/backendAddressPools/pool"}]}}]}}"#),
    example("Microsoft.Network/privateLinkServices", "$N/privateLinkServices/pls{n}",
        r#"{"location":"westeurope","properties":{"loadBalancerFrontendIpConfigurations":[{"id":"$N/loadBalancers/lb{o}/frontendIPConfigurations/fe"}],
            "ipConfigurations":[{"name":"nat","properties":{"subnet":{"id":"$N/virtualNetworks/net{o}/subnets/nat"}}}],"visibility":{"subscriptions":["*"]}}}"#),
    example("Microsoft.Storage/storageAccounts", "$G/Microsoft.Storage/storageAccounts/acct{n}",
        r#"{"location":"westeurope","kind":"StorageV2","sku":{"name":"Standard_LRS"},"properties":{"publicNetworkAccess":"Disabled","minimumTlsVersion":"TLS1_2",
            "networkAcls":{"defaultAction":"Deny","ipRules":[{"value":"1.2.3.{n}"}]}}}"#),
    example("Microsoft.KeyVault/vaults", "$G/Microsoft.KeyVault/vaults/vault{n}",
        r#"{"location":"westeurope","properties":{"tenantId":"00000000-0000-0000-0000-00000000a0a0","sku":{"family":"A","name":"standard"},"accessPolicies":[]}}"#),
    example("Microsoft.KeyVault/managedHSMs", "$G/Microsoft.KeyVault/managedHSMs/hsm{n}", PLAIN),
    example("Microsoft.Sql/servers", "$G/Microsoft.Sql/servers/sql{n}", r#"{"location":"westeurope","properties":{"minimalTlsVersion":"1.2"}}"#),
    example("Microsoft.DocumentDB/databaseAccounts", "$G/Microsoft.DocumentDB/databaseAccounts/cosmos{n}",
        r#"{"location":"westeurope","properties":{"databaseAccountOfferType":"Standard","locations":[{"locationName":"West Europe"},{"locationName":"North Europe"}]}}"#),
    example("Microsoft.ContainerRegistry/registries", "$G/Microsoft.ContainerRegistry/registries/regis{n}",
        r#"{"location":"westeurope","sku":{"name":"Premium"},"properties":{"networkRuleSet":{"defaultAction":"Deny"}}}"#),
    example("Microsoft.EventHub/namespaces", "$G/Microsoft.EventHub/namespaces/events{n}", PLAIN),
    example("Microsoft.EventHub/namespaces/networkRuleSets", "$G/Microsoft.EventHub/namespaces/events{p}/networkRuleSets/default",
        r#"{"properties":{"defaultAction":"Deny"}}"#),
    example("Microsoft.ServiceBus/namespaces", "$G/Microsoft.ServiceBus/namespaces/queues{n}", PLAIN),
    example("Microsoft.ServiceBus/namespaces/networkRuleSets", "$G/Microsoft.ServiceBus/namespaces/queues{p}/networkRuleSets/default",
        r#"{"properties":{"defaultAction":"Allow"}}"#),
    example("Microsoft.Web/sites", "$G/Microsoft.Web/sites/site{n}", r#"{"location":"westeurope","kind":"app","properties":{"siteConfig":{"minTlsVersion":"1.2"}}}"#),
    example("Microsoft.Web/serverfarms", "$G/Microsoft.Web/serverfarms/plan{n}", r#"{"location":"westeurope","sku":{"name":"B1"}}"#),
    example("Microsoft.CognitiveServices/accounts", "$G/Microsoft.CognitiveServices/accounts/ai{n}", PLAIN),
    example("Microsoft.Search/searchServices", "$G/Microsoft.Search/searchServices/search{n}", PLAIN),
    example("Microsoft.DBforPostgreSQL/flexibleServers", "$G/Microsoft.DBforPostgreSQL/flexibleServers/pg{n}",
        r#"{"location":"westeurope","properties":{"network":{"publicNetworkAccess":"Disabled"}}}"#),
    example("Microsoft.DBforMySQL/flexibleServers", "$G/Microsoft.DBforMySQL/flexibleServers/my{n}", PLAIN),
    example("Microsoft.Cache/redis", "$G/Microsoft.Cache/redis/redis{n}",
        r#"{"location":"westeurope","properties":{"sku":{"name":"Premium","family":"P","capacity":1}}}"#),
    example("Microsoft.Cache/redisEnterprise", "$G/Microsoft.Cache/redisEnterprise/redisent{n}", PRICED),
    example("Microsoft.AppConfiguration/configurationStores", "$G/Microsoft.AppConfiguration/configurationStores/conf{n}", PRICED),
    example("Microsoft.Batch/batchAccounts", "$G/Microsoft.Batch/batchAccounts/batch{n}", PLAIN),
    example("Microsoft.EventGrid/topics", "$G/Microsoft.EventGrid/topics/topic{n}", PLAIN),
    example("Microsoft.EventGrid/domains", "$G/Microsoft.EventGrid/domains/domain{n}", PLAIN),
    example("Microsoft.EventGrid/partnerNamespaces", "$G/Microsoft.EventGrid/partnerNamespaces/partner{n}", PLAIN),
    example("Microsoft.EventGrid/namespaces", "$G/Microsoft.EventGrid/namespaces/grid{n}", PLAIN),
    example("Microsoft.ContainerService/managedClusters", "$G/Microsoft.ContainerService/managedClusters/aks{n}", PLAIN),
    example("Microsoft.Storage/storageAccounts/blobServices", "$G/Microsoft.Storage/storageAccounts/acct{p}/blobServices/default", EMPTY),
    example("Microsoft.Storage/storageAccounts/fileServices", "$G/Microsoft.Storage/storageAccounts/acct{p}/fileServices/default", EMPTY),
    example("Microsoft.Storage/storageAccounts/queueServices", "$G/Microsoft.Storage/storageAccounts/acct{p}/queueServices/default", EMPTY),
    example("Microsoft.Storage/storageAccounts/tableServices", "$G/Microsoft.Storage/storageAccounts/acct{p}/tableServices/default", EMPTY),
    example("Microsoft.Storage/storageAccounts/blobServices/containers", "$G/Microsoft.Storage/storageAccounts/acct{p}/blobServices/default/containers/box{n}", EMPTY),
    example("Microsoft.Storage/storageAccounts/fileServices/shares", "$G/Microsoft.Storage/storageAccounts/acct{p}/fileServices/default/shares/share{n}", EMPTY),
    example("Microsoft.Storage/storageAccounts/queueServices/queues", "$G/Microsoft.Storage/storageAccounts/acct{p}/queueServices/default/queues/queue{n}", EMPTY),
    example("Microsoft.Storage/storageAccounts/tableServices/tables", "$G/Microsoft.Storage/storageAccounts/acct{p}/tableServices/default/tables/table{n}", EMPTY),
    example("Microsoft.Storage/storageAccounts/managementPolicies", "$G/Microsoft.Storage/storageAccounts/acct{p}/managementPolicies/default",
        r#"{"properties":{"policy":{"rules":[{"name":"r","type":"Lifecycle","enabled":true,"definition":{"actions":{"version":{"delete":{"daysAfterCreationGreaterThan":30}}}}}]}}}"#),
    example("Microsoft.Network/privateDnsZones", "$N/privateDnsZones/{zn}", r#"{"location":"global"}"#),
    example("Microsoft.Network/privateDnsZones/virtualNetworkLinks", "$N/privateDnsZones/{zp}/virtualNetworkLinks/link{n}",
        r#"{"location":"global","properties":{"virtualNetwork":{"id":"$N/virtualNetworks/net{o}"},"registrationEnabled":false}}"#),
    example("Microsoft.Network/privateDnsZones/A", "$N/privateDnsZones/{zp}/A/acct{n}", r#"{"properties":{"ttl":300,"aRecords":[{"ipv4Address":"10.9.9.{n}"}]}}"#),
    example("Microsoft.Network/privateDnsZones/AAAA", "$N/privateDnsZones/{zp}/AAAA/six{n}", r#"{"properties":{"ttl":300,"aaaaRecords":[{"ipv6Address":"fd00::{n}"}]}}"#),
    example("Microsoft.Network/privateDnsZones/CNAME", "$N/privateDnsZones/{zp}/CNAME/alias{n}", r#"{"properties":{"ttl":300,"cnameRecord":{"cname":"acct{o}.example"}}}"#),
    example("Microsoft.Network/privateDnsZones/MX", "$N/privateDnsZones/{zp}/MX/mail{n}", r#"{"properties":{"ttl":300,"mxRecords":[{"preference":1,"exchange":"mail.example"}]}}"#),
    example("Microsoft.Network/privateDnsZones/PTR", "$N/privateDnsZones/{zp}/PTR/1{n}", r#"{"properties":{"ttl":300,"ptrRecords":[{"ptrdname":"host.example"}]}}"#),
    example("Microsoft.Network/privateDnsZones/SOA", "$N/privateDnsZones/{zp}/SOA/@",
        r#"{"properties":{"ttl":3600,"soaRecord":{"host":"azureprivatedns.net","email":"azureprivatedns-host.microsoft.com","refreshTime":3600,"retryTime":300,"expireTime":2419200,"minimumTtl":10}}}"#),
    example("Microsoft.Network/privateDnsZones/SRV", "$N/privateDnsZones/{zp}/SRV/_sip{n}", r#"{"properties":{"ttl":300,"srvRecords":[{"priority":1,"weight":1,"port":80,"target":"sip.example"}]}}"#),
    example("Microsoft.Network/privateDnsZones/TXT", "$N/privateDnsZones/{zp}/TXT/@", r#"{"properties":{"ttl":300,"txtRecords":[{"value":["a","b"]}]}}"#),
    example("Microsoft.Network/privateEndpoints", "$N/privateEndpoints/blob{n}",
        r#"{"location":"westeurope","properties":{"subnet":{"id":"$N/virtualNetworks/net{o}/subnets/pe"},"privateLinkServiceConnections":[{"name":"c","properties":{
            "privateLinkServiceId":"$G/Microsoft.Storage/storageAccounts/acct{n}","groupIds":["blob"]}}]}}"#),
    example("Microsoft.Network/privateEndpoints", "$N/privateEndpoints/sql{n}",
        r#"{"location":"westeurope","properties":{"subnet":{"id":"$N/virtualNetworks/net{o}/subnets/pe"},"manualPrivateLinkServiceConnections":[{"name":"c","properties":{
            "privateLinkServiceId":"$G/Microsoft.Sql/servers/sql{n}","groupIds":["sqlServer"],"requestMessage":"please"}}]}}"#),
    example("Microsoft.Network/privateEndpoints", "$N/privateEndpoints/cosmos{n}",
        r#"{"location":"westeurope","properties":{"subnet":{"id":"$N/virtualNetworks/net{n}/subnets/pe"},"applicationSecurityGroups":[{"id":"$N/applicationSecurityGroups/asg{n}"}],
            "privateLinkServiceConnections":[{"name":"c","properties":{"privateLinkServiceId":"$G/Microsoft.DocumentDB/databaseAccounts/cosmos{o}","groupIds":["Sql"]}}]}}"#),
    example("Microsoft.Network/privateEndpoints", "$N/privateEndpoints/service{n}",
        r#"{"location":"westeurope","properties":{"subnet":{"id":"$N/virtualNetworks/net{o}/subnets/pe"},"manualPrivateLinkServiceConnections":[{"name":"c","properties":{
            "privateLinkServiceId":"$N/privateLinkServices/pls{n}","requestMessage":"please"}}]}}"#),
    example("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", "$N/privateEndpoints/blob{p}/privateDnsZoneGroups/default",
        r#"{"properties":{"privateDnsZoneConfigs":[{"name":"c","properties":{"privateDnsZoneId":"$N/privateDnsZones/{zo}"}}]}}"#),
    example("Microsoft.Network/dnsResolvers", "$N/dnsResolvers/res{n}", r#"{"location":"westeurope","properties":{"virtualNetwork":{"id":"$N/virtualNetworks/net{n}"}}}"#),
    example("Microsoft.Network/dnsResolvers/inboundEndpoints", "$N/dnsResolvers/res{p}/inboundEndpoints/in",
        r#"{"location":"westeurope","properties":{"ipConfigurations":[{"subnet":{"id":"$N/virtualNetworks/net{p}/subnets/in"}}]}}"#),
    example("Microsoft.Network/dnsResolvers/outboundEndpoints", "$N/dnsResolvers/res{p}/outboundEndpoints/out",
        r#"{"location":"westeurope","properties":{"subnet":{"id":"$N/virtualNetworks/net{p}/subnets/out"}}}"#),
    example("Microsoft.Network/dnsForwardingRulesets", "$N/dnsForwardingRulesets/set{n}",
        r#"{"location":"westeurope","properties":{"dnsResolverOutboundEndpoints":[{"id":"$N/dnsResolvers/res{o}/outboundEndpoints/out"}]}}"#),
    example("Microsoft.Network/dnsForwardingRulesets/forwardingRules", "$N/dnsForwardingRulesets/set{p}/forwardingRules/rule{n}",
        r#"{"properties":{"domainName":"d{n}.example.","targetDnsServers":[{"ipAddress":"10.0.0.4","port":53}]}}"#),
    example("Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks", "$N/dnsForwardingRulesets/set{p}/virtualNetworkLinks/link",
        r#"{"properties":{"virtualNetwork":{"id":"$N/virtualNetworks/net{o}"}}}"#),
    dated("Microsoft.Network/networkSecurityPerimeters", "$N/networkSecurityPerimeters/nsp{n}", PLAIN, "2025-05-01"),
    dated("Microsoft.Network/networkSecurityPerimeters/profiles", "$N/networkSecurityPerimeters/nsp{p}/profiles/profile", EMPTY, "2025-05-01"),
    dated("Microsoft.Network/networkSecurityPerimeters/profiles/accessRules", "$N/networkSecurityPerimeters/nsp{p}/profiles/profile/accessRules/rule{n}",
        r#"{"properties":{"direction":"Inbound","addressPrefixes":["10.{n}.0.0/16"]}}"#, "2025-05-01"),
    dated("Microsoft.Network/networkSecurityPerimeters/loggingConfigurations", "$N/networkSecurityPerimeters/nsp{p}/loggingConfigurations/instance",
        r#"{"properties":{"enabledLogCategories":["NspPublicInboundPerimeterRulesDenied"]}}"#, "2025-05-01"),
    dated("Microsoft.Network/networkSecurityPerimeters/resourceAssociations", "$N/networkSecurityPerimeters/nsp{p}/resourceAssociations/in{o}",
        r#"{"properties":{"privateLinkResource":{"id":"$G/Microsoft.Storage/storageAccounts/acct{o}"},"profile":{"id":"$N/networkSecurityPerimeters/nsp{p}/profiles/profile"},"accessMode":"Learning"}}"#, "2025-05-01"),
    dated("Microsoft.Network/networkSecurityPerimeters/links", "$N/networkSecurityPerimeters/nsp{p}/links/to",
        r#"{"properties":{"autoApprovedRemotePerimeterResourceId":"$N/networkSecurityPerimeters/nsp{q}"}}"#, "2025-05-01"),
    example("Microsoft.OperationalInsights/workspaces", "$G/Microsoft.OperationalInsights/workspaces/logs{n}", PLAIN),
    dated("Microsoft.Insights/diagnosticSettings", "$G/Microsoft.KeyVault/vaults/vault{p}/providers/Microsoft.Insights/diagnosticSettings/set",
        r#"{"properties":{"workspaceId":"$G/Microsoft.OperationalInsights/workspaces/logs{o}","logs":[{"categoryGroup":"allLogs","enabled":true}]}}"#, "2021-05-01-preview"),
    example("Microsoft.Insights/actionGroups", "$G/Microsoft.Insights/actionGroups/ops{n}",
        r#"{"location":"global","properties":{"groupShortName":"ops{n}","enabled":true,"emailReceivers":[{"name":"a","emailAddress":"a@example.org"}]}}"#),
    example("Microsoft.Insights/metricAlerts", "$G/Microsoft.Insights/metricAlerts/metric{n}",
        r#"{"location":"global","properties":{"severity":3,"enabled":true,"evaluationFrequency":"PT5M","windowSize":"PT15M","scopes":["$N/privateEndpoints/blob{o}"],
            "criteria":{"odata.type":"Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria","allOf":[{"name":"c","criterionType":"StaticThresholdCriterion","metricName":"m",
                "operator":"GreaterThan","threshold":5,"timeAggregation":"Average"}]},"actions":[{"actionGroupId":"$G/Microsoft.Insights/actionGroups/ops{o}"}]}}"#),
    example("Microsoft.Insights/activityLogAlerts", "$G/Microsoft.Insights/activityLogAlerts/log{n}",
        r#"{"location":"global","properties":{"scopes":["$S"],"condition":{"allOf":[{"field":"category","equals":"Administrative"}]},
            "actions":{"actionGroups":[{"actionGroupId":"$G/Microsoft.Insights/actionGroups/ops{o}"}]}}}"#),
    dated("Microsoft.Authorization/locks", "$G/Microsoft.Cache/redis/redis{p}/providers/Microsoft.Authorization/locks/lock", r#"{"properties":{"level":"CanNotDelete","notes":"n"}}"#, "2020-05-01"),
    example("Microsoft.Authorization/roleDefinitions", "$S/providers/Microsoft.Authorization/roleDefinitions/aaaaaaaa-0000-0000-0000-00000000000{n}",
        r#"{"properties":{"roleName":"Role {n}","assignableScopes":["$S"],"permissions":[{"actions":["*/read"],"notActions":[]}]}}"#),
    example("Microsoft.Authorization/roleAssignments", "$N/virtualNetworks/net{p}/providers/Microsoft.Authorization/roleAssignments/bbbbbbbb-0000-0000-0000-00000000000{n}",
        r#"{"properties":{"roleDefinitionId":"$S/providers/Microsoft.Authorization/roleDefinitions/aaaaaaaa-0000-0000-0000-00000000000{o}","principalId":"22222222-2222-2222-2222-22222222222{n}"}}"#),
    example("Microsoft.Authorization/policyDefinitions", "$S/providers/Microsoft.Authorization/policyDefinitions/policy{n}",
        r#"{"properties":{"mode":"All","policyRule":{"if":{"field":"type","equals":"Microsoft.Fabric/capacities"},"then":{"effect":"deny"}}}}"#),
    example("Microsoft.Authorization/policySetDefinitions", "$S/providers/Microsoft.Authorization/policySetDefinitions/set{n}",
        r#"{"properties":{"policyDefinitions":[{"policyDefinitionId":"$S/providers/Microsoft.Authorization/policyDefinitions/policy{o}"}]}}"#),
    example("Microsoft.Authorization/policyAssignments", "$G/Microsoft.Search/searchServices/search{p}/providers/Microsoft.Authorization/policyAssignments/assign{n}",
        r#"{"properties":{"policyDefinitionId":"$S/providers/Microsoft.Authorization/policyDefinitions/policy{o}"}}"#),
    example("Microsoft.Fabric/capacities", "$G/Microsoft.Fabric/capacities/other{n}", PLAIN),
];
