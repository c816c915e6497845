//! What the names of targets and of their zones end with in each cloud.
//!
//! Source: Azure's table of private DNS zone values (government and China sections). A service that has no row there has no
//! name here: its targets have no groups in that cloud. The suffix of vaults in China is that of the clients' tables.

/// Public, government, China.
pub(super) const ENDINGS: &[(&str, Option<&str>, Option<&str>)] = &[
    (
        "core.windows.net",
        Some("core.usgovcloudapi.net"),
        Some("core.chinacloudapi.cn"),
    ),
    (
        "vault.azure.net",
        Some("vault.usgovcloudapi.net"),
        Some("vault.azure.cn"),
    ),
    (
        "vaultcore.azure.net",
        Some("vaultcore.usgovcloudapi.net"),
        Some("vaultcore.azure.cn"),
    ),
    ("managedhsm.azure.net", None, None),
    (
        "database.windows.net",
        Some("database.usgovcloudapi.net"),
        Some("database.chinacloudapi.cn"),
    ),
    (
        "documents.azure.com",
        Some("documents.azure.us"),
        Some("documents.azure.cn"),
    ),
    (
        "mongo.cosmos.azure.com",
        Some("mongo.cosmos.azure.us"),
        Some("mongo.cosmos.azure.cn"),
    ),
    (
        "cassandra.cosmos.azure.com",
        Some("cassandra.cosmos.azure.us"),
        Some("cassandra.cosmos.azure.cn"),
    ),
    (
        "gremlin.cosmos.azure.com",
        Some("gremlin.cosmos.azure.us"),
        Some("gremlin.cosmos.azure.cn"),
    ),
    (
        "table.cosmos.azure.com",
        Some("table.cosmos.azure.us"),
        Some("table.cosmos.azure.cn"),
    ),
    ("analytics.cosmos.azure.com", None, None),
    ("azurecr.io", Some("azurecr.us"), None),
    (
        "servicebus.windows.net",
        Some("servicebus.usgovcloudapi.net"),
        Some("servicebus.chinacloudapi.cn"),
    ),
    (
        "azurewebsites.net",
        Some("azurewebsites.us"),
        Some("chinacloudsites.cn"),
    ),
    (
        "cognitiveservices.azure.com",
        Some("cognitiveservices.azure.us"),
        None,
    ),
    ("openai.azure.com", None, None),
    ("services.ai.azure.com", None, None),
    ("search.windows.net", Some("search.azure.us"), None),
    (
        "postgres.database.azure.com",
        Some("postgres.database.usgovcloudapi.net"),
        Some("postgres.database.chinacloudapi.cn"),
    ),
    (
        "mysql.database.azure.com",
        Some("mysql.database.usgovcloudapi.net"),
        Some("mysql.database.chinacloudapi.cn"),
    ),
    (
        "redis.cache.windows.net",
        Some("redis.cache.usgovcloudapi.net"),
        Some("redis.cache.chinacloudapi.cn"),
    ),
    ("redisenterprise.cache.azure.net", None, None),
    ("azconfig.io", Some("azconfig.azure.us"), None),
    (
        "batch.azure.com",
        Some("batch.usgovcloudapi.net"),
        Some("batch.chinacloudapi.cn"),
    ),
    ("eventgrid.azure.net", Some("eventgrid.azure.us"), None),
    ("ts.eventgrid.azure.net", None, None),
    ("azmk8s.io", None, None),
    (
        "cloudapp.azure.com",
        Some("cloudapp.usgovcloudapi.net"),
        Some("cloudapp.chinacloudapi.cn"),
    ),
];
