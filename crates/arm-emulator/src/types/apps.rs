//! The rows of targets that run programs or models: sites and their plans, clusters, Batch, AI services, Search.

use super::targets::{
    ACLS, ACLS_BYPASS, ACLS_DECISION, ACLS_PATTERN, ALONE, BYPASS, CREATE, DECISION, DELETE, IP_RULE, OPEN,
    SECURED, SWITCH, TLS_TO_1_3, UPDATE,
};
use super::{Hooks, NameRule, OTHER, ResourceType, Shape, hooks, versions};
use crate::operations::styles;
use crate::request::answer;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Web/sites",
        write_only: &[
            "siteConfig.appSettings",
            "siteConfig.metadata",
            "siteConfig.connectionStrings",
            "cloningInfo",
        ],
        api_versions: versions::since("2015-08-01", "2025-03-01"),
        makes: &[
            ("state", r#""Running""#),
            ("defaultHostName", r#""<{name}.azurewebsites.net>""#),
            ("hostNames", r#"["<{name}.azurewebsites.net>"]"#),
            (
                "enabledHostNames",
                r#"["<{name}.azurewebsites.net>","<{name}.scm.azurewebsites.net>"]"#,
            ),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "repositorySiteName",
            "usageState",
            "availabilityState",
            "lastModifiedTimeUtc",
            "trafficManagerHostNames",
            "targetSwapSlot",
            "outboundIpAddresses",
            "possibleOutboundIpAddresses",
            "suspendedTill",
            "maxNumberOfWorkers",
            "resourceGroup",
            "isDefaultContainer",
            "slotSwapStatus",
            "inProgressOperationId",
            "sku",
        ],
        created: 200,
        shapes: &[
            ("properties.siteConfig", Shape::Object),
            ("properties.siteConfig.ipSecurityRestrictions", Shape::Objects),
        ],
        enums: &[
            ALONE,
            ("properties.siteConfig.publicNetworkAccess", SWITCH),
            ("properties.siteConfig.minTlsVersion", TLS_TO_1_3),
            ("properties.siteConfig.scmMinTlsVersion", TLS_TO_1_3),
            (
                "properties.siteConfig.ipSecurityRestrictionsDefaultAction",
                DECISION,
            ),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Web/serverfarms",
        api_versions: versions::since("2015-08-01", "2025-03-01"),
        created: 200,
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.CognitiveServices/accounts",
        write_only: &["restore"],
        api_versions: versions::since("2017-04-18", "2026-07-01"),
        name_length: (2, 64),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"),
        makes: &[("endpoint", r#""https://<{name}.cognitiveservices.azure.com>/""#)],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "internalId",
            "capabilities",
            "isMigrated",
            "skuChangeInfo",
            "dateCreated",
            "callRateLimit",
            "quotaLimit",
            "endpoints",
            "deletionDate",
            "scheduledPurgeDate",
            "commitmentPlanAssociations",
            "abusePenalty",
        ],
        style: &styles::TOLD_BY_STATE,
        create: CREATE,
        delete: DELETE,
        shapes: ACLS,
        required_in: &[
            ("properties.networkAcls.ipRules.*", "value"),
            ("properties.networkAcls.virtualNetworkRules.*", "id"),
            ("sku", "name"),
        ],
        enums: &[ALONE, ACLS_DECISION, ACLS_BYPASS],
        patterns: ACLS_PATTERN,
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Search/searchServices",
        api_versions: versions::with_preview("2015-02-28", "2025-05-01", "2026-09-01-preview"),
        name_length: (2, 60),
        name_rule: NameRule::Pattern("^[a-z0-9][a-z0-9]+(-[a-z0-9]+)*$"),
        makes: &[
            ("endpoint", r#""https://<{name}.search.windows.net>""#),
            ("status", r#""running""#),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "statusDetails",
            "sharedPrivateLinkResources",
            "eTag",
            "serviceUpgradedAt",
        ],
        style: &styles::TOLD_BY_STATE,
        create: CREATE,
        running: ("provisioning", "provisioning"),
        hooks: Hooks {
            // ARM behaviour: Search writes its states in lower case.
            state: |state, record| answer::usual_state(state, record).to_ascii_lowercase(),
            ..hooks::OTHER
        },
        shapes: &[
            ("properties.networkRuleSet", Shape::Object),
            ("properties.networkRuleSet.ipRules", Shape::Objects),
        ],
        enums: &[SECURED, ("properties.networkRuleSet.bypass", BYPASS)],
        patterns: &[("properties.networkRuleSet.ipRules.*.value", IP_RULE)],
        defaults: &[
            OPEN,
            ("properties.networkRuleSet", r#"{"ipRules":[],"bypass":"None"}"#),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Batch/batchAccounts",
        api_versions: versions::since("2015-12-01", "2025-06-01"),
        name_length: (3, 24),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9]+$"),
        makes: &[
            ("accountEndpoint", r#""<{name}.{region}.batch.azure.com>""#),
            (
                "nodeManagementEndpoint",
                r#""<{name}.{region}.service.batch.azure.com>""#,
            ),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "autoStorage.lastKeySync",
            "dedicatedCoreQuota",
            "lowPriorityCoreQuota",
            "dedicatedCoreQuotaPerVMFamily",
            "dedicatedCoreQuotaPerVMFamilyEnforced",
            "poolQuota",
            "activeJobAndJobScheduleQuota",
        ],
        created: 200,
        style: &styles::RESULT_ONLY,
        create: CREATE,
        delete: DELETE,
        shapes: &[
            ("properties.networkProfile", Shape::Object),
            ("properties.networkProfile.accountAccess", Shape::Object),
            ("properties.networkProfile.accountAccess.ipRules", Shape::Objects),
            ("properties.networkProfile.nodeManagementAccess", Shape::Object),
            (
                "properties.networkProfile.nodeManagementAccess.ipRules",
                Shape::Objects,
            ),
        ],
        required_in: &[
            ("properties.networkProfile.accountAccess", "defaultAction"),
            ("properties.networkProfile.nodeManagementAccess", "defaultAction"),
            ("properties.networkProfile.accountAccess.ipRules.*", "value"),
            (
                "properties.networkProfile.nodeManagementAccess.ipRules.*",
                "value",
            ),
        ],
        enums: &[
            SECURED,
            ("properties.networkProfile.accountAccess.defaultAction", DECISION),
            (
                "properties.networkProfile.nodeManagementAccess.defaultAction",
                DECISION,
            ),
        ],
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.ContainerService/managedClusters",
        api_versions: versions::with_preview("2017-08-31", "2026-05-01", "2026-05-02-preview"),
        name_length: (1, 63),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$"),
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "powerState",
            "maxAgentPools",
            "currentKubernetesVersion",
            "fqdn",
            "privateFQDN",
            "azurePortalFQDN",
            "resourceUID",
            "agentPoolProfiles.*.eTag",
            "agentPoolProfiles.*.currentOrchestratorVersion",
            "agentPoolProfiles.*.provisioningState",
        ],
        write_only: &[
            "windowsProfile.adminPassword",
            "servicePrincipalProfile.secret",
            "aadProfile.serverAppSecret",
        ],
        style: &styles::STATUS,
        create: CREATE,
        update: UPDATE,
        delete: DELETE,
        running: ("Creating", "Updating"),
        shapes: &[
            ("properties.apiServerAccessProfile", Shape::Object),
            (
                "properties.apiServerAccessProfile.authorizedIPRanges",
                Shape::Texts,
            ),
            (
                "properties.apiServerAccessProfile.enablePrivateCluster",
                Shape::Boolean,
            ),
        ],
        enums: &[ALONE],
        ..OTHER
    },
];
