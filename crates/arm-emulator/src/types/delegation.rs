//! The services that a subnet can be delegated to, and what they may do there.

const SUBNET_ACTION: &str = "Microsoft.Network/virtualNetworks/subnets/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const PREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action";
const UNPREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action";
const INTERFACES: &str = "Microsoft.Network/networkinterfaces/*";

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

/// The services that there are, where they are not refused in public reports of Azure's own answers.
pub(crate) const DELEGATION_SERVICES: &[&str] = &[
    "GitHub.Network/networkSettings",
    "Informatica.DataManagement/organizations",
    "Microsoft.ApiManagement/service",
    "Microsoft.Apollo/npu",
    "Microsoft.App/environments",
    "Microsoft.App/testClients",
    "Microsoft.AVS/PrivateClouds",
    "Microsoft.AzureCosmosDB/clusters",
    "Microsoft.BareMetal/AzureHostedService",
    "Microsoft.BareMetal/AzureHPC",
    "Microsoft.BareMetal/AzurePaymentHSM",
    "Microsoft.BareMetal/AzureVMware",
    "Microsoft.BareMetal/CrayServers",
    "Microsoft.BareMetal/MonitoringServers",
    "Microsoft.Batch/batchAccounts",
    "Microsoft.CloudTest/hostedpools",
    "Microsoft.CloudTest/images",
    "Microsoft.CloudTest/pools",
    "Microsoft.ContainerInstance/containerGroups",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/TestClients",
    "Microsoft.Databricks/workspaces",
    "Microsoft.DBforMySQL/flexibleServers",
    "Microsoft.DBforMySQL/servers",
    "Microsoft.DBforMySQL/serversv2",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.DBforPostgreSQL/serversv2",
    "Microsoft.DBforPostgreSQL/singleServers",
    "Microsoft.DelegatedNetwork/controller",
    "Microsoft.DevCenter/networkConnection",
    "Microsoft.DevOpsInfrastructure/pools",
    "Microsoft.DocumentDB/cassandraClusters",
    "Microsoft.Fidalgo/networkSettings",
    "Microsoft.HardwareSecurityModules/dedicatedHSMs",
    "Microsoft.Kusto/clusters",
    "Microsoft.LabServices/labplans",
    "Microsoft.Logic/integrationServiceEnvironments",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Netapp/volumes",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/dnsResolvers",
    "Microsoft.Network/fpgaNetworkInterfaces",
    "Microsoft.Network/networkWatchers",
    "Microsoft.Network/virtualNetworkGateways",
    "Microsoft.Orbital/orbitalGateways",
    "Microsoft.PowerAutomate/hostedRpa",
    "Microsoft.PowerPlatform/enterprisePolicies",
    "Microsoft.PowerPlatform/vnetaccesslinks",
    "Microsoft.ServiceFabricMesh/networks",
    "Microsoft.ServiceNetworking/trafficControllers",
    "Microsoft.Singularity/accounts/networks",
    "Microsoft.Singularity/accounts/npu",
    "Microsoft.Sql/managedInstances",
    "Microsoft.StoragePool/diskPools",
    "Microsoft.StreamAnalytics/streamingJobs",
    "Microsoft.Synapse/workspaces",
    "Microsoft.Web/hostingEnvironments",
    "Microsoft.Web/serverFarms",
    "NGINX.NGINXPLUS/nginxDeployments",
    "Oracle.Database/networkAttachments",
    "PaloAltoNetworks.Cloudngfw/firewalls",
    "Qumulo.Storage/fileSystems",
];
