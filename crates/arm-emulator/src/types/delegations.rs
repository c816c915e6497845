//! What subnets can be delegated to, and what the services may do there.

const SUBNET_ACTION: &str = "Microsoft.Network/virtualNetworks/subnets/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const PREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action";
const UNPREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action";
const INTERFACES: &str = "Microsoft.Network/networkinterfaces/*";

/// The services that a subnet can be delegated to.
pub(crate) const DELEGATIONS: &[&str] = &[
    "GitHub.Network/networkSettings",
    "Microsoft.ApiManagement/service",
    "Microsoft.App/environments",
    "Microsoft.AzureCosmosDB/clusters",
    "Microsoft.BareMetal/AzureVMware",
    "Microsoft.Batch/batchAccounts",
    "Microsoft.ContainerInstance/containerGroups",
    "Microsoft.DBforMySQL/flexibleServers",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.Databricks/workspaces",
    "Microsoft.DevCenter/networkConnection",
    "Microsoft.DevOpsInfrastructure/pools",
    "Microsoft.HardwareSecurityModules/dedicatedHSMs",
    "Microsoft.Kusto/clusters",
    "Microsoft.Logic/integrationServiceEnvironments",
    "Microsoft.Netapp/volumes",
    "Microsoft.Network/dnsResolvers",
    "Microsoft.Oracle/networkAttachments",
    "Microsoft.PowerPlatform/enterprisePolicies",
    "Microsoft.ServiceFabricMesh/networks",
    "Microsoft.ServiceNetworking/trafficControllers",
    "Microsoft.Sql/managedInstances",
    "Microsoft.StreamAnalytics/streamingJobs",
    "Microsoft.Synapse/workspaces",
    "Microsoft.Web/hostingEnvironments",
    "Microsoft.Web/serverFarms",
];

/// What a service that a subnet is delegated to may do there, where it is not to join it.
const DELEGATION_ACTIONS: &[(&str, &[&str])] = &[
    ("Microsoft.BareMetal/AzureVMware", &[INTERFACES, JOIN]),
    ("Microsoft.Batch/batchAccounts", &[SUBNET_ACTION]),
    ("Microsoft.ContainerInstance/containerGroups", &[SUBNET_ACTION]),
    ("Microsoft.Databricks/workspaces", &[JOIN, PREPARE, UNPREPARE]),
    (
        "Microsoft.HardwareSecurityModules/dedicatedHSMs",
        &[INTERFACES, JOIN],
    ),
    ("Microsoft.Logic/integrationServiceEnvironments", &[SUBNET_ACTION]),
    ("Microsoft.Netapp/volumes", &[INTERFACES, JOIN]),
    ("Microsoft.ServiceFabricMesh/networks", &[SUBNET_ACTION]),
    ("Microsoft.Sql/managedInstances", &[JOIN, PREPARE, UNPREPARE]),
    ("Microsoft.Web/hostingEnvironments", &[SUBNET_ACTION]),
    ("Microsoft.Web/serverFarms", &[SUBNET_ACTION]),
];

/// What a delegation to a service shows as its `actions`.
pub(crate) fn delegation_actions(service: &str) -> &'static [&'static str] {
    DELEGATION_ACTIONS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(service))
        .map_or(&[JOIN], |(_, actions)| actions)
}
