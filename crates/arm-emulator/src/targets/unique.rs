//! Names that are unique in the world: those that a target's public name is made of.

use serde_json::{Value, json};

use crate::body;
use crate::cloud::Cloud;
use crate::request::checks::check_name;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{World, fresh};
use crate::targets::Target;
use crate::targets::vault;
use crate::types;

const VAULT: &str = "Microsoft.KeyVault/vaults";

/// Status, code and message with which a provider refuses a name that somebody has; `{name}` is filled in.
type Words = (u16, &'static str, &'static str);

/// ARM behaviour: each provider has words of its own.
const TAKEN: &[(&str, Words)] = &[
    (
        "Microsoft.Storage/storageAccounts",
        (
            409,
            "StorageAccountAlreadyTaken",
            "The storage account named {name} is already taken.",
        ),
    ),
    (
        VAULT,
        (
            409,
            "VaultAlreadyExists",
            "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information about VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.",
        ),
    ),
    (
        "Microsoft.DocumentDB/databaseAccounts",
        (
            400,
            "BadRequest",
            "Dns record for {name} under zone Document is already taken. Please use a different name for the account.",
        ),
    ),
    (
        "Microsoft.ContainerRegistry/registries",
        (
            409,
            "AlreadyInUse",
            "The registry DNS name {name}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability",
        ),
    ),
    ("Microsoft.EventHub/namespaces", MESSAGING),
    ("Microsoft.ServiceBus/namespaces", MESSAGING),
    (
        "Microsoft.Web/sites",
        (409, "Conflict", "Website with given name {name} already exists."),
    ),
    (
        "Microsoft.CognitiveServices/accounts",
        (
            409,
            "CustomDomainInUse",
            "Please pick a different name. The subdomain name '{name}' is not available as it's already used by a resource. If the resource using the name was deleted in the last 48 hours, you may need to purge the deleted resource.",
        ),
    ),
    (
        "Microsoft.Cache/redis",
        (
            409,
            "NameNotAvailable",
            "An error occured when trying to reserve the DNS name for the cache instance. This may be a temporary issue if a cache instance of this name was recently deleted. Please choose a different name or try again later.",
        ),
    ),
    (
        "Microsoft.AppConfiguration/configurationStores",
        (
            409,
            "NameUnavailable",
            "The specified name '{name}' is already in use.",
        ),
    ),
];

const MESSAGING: Words = (
    400,
    "BadRequest",
    "The specified name is not available. For more information visit https://aka.ms/eventhubsarmexceptions.",
);

/// Of a provider whose words are not known: those of SQL servers.
const USUAL: Words = (
    409,
    "NameAlreadyExists",
    "The name '{name}' already exists. Choose a different name.",
);

/// What a provider says of a name that somebody has.
pub(crate) fn taken(resource_type: &str, name: &str) -> Failure {
    let (status, code, message) = TAKEN
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(resource_type))
        .map_or(USUAL, |(_, words)| *words);
    Failure::provider(status, code, message.replace("{name}", name))
}

/// Refuses a new target whose public name another has, wherever in the world that is.
pub(crate) fn check(state: &State, target: Option<&Target>, record: &Record) -> Result<(), Failure> {
    if target.is_some_and(|target| is_taken(state, target, record)) {
        return Err(taken(&record.resource_type, record.name()));
    }
    Ok(())
}

fn is_taken(state: &State, target: &Target, record: &Record) -> bool {
    let key = record.key();
    public_name(target, state.cloud(), record)
        .is_some_and(|name| state.targets_named(&name).any(|other| other.key() != key))
}

/// The public name that is the target's own: the shortest, as its others say a part or a region besides. What only a private
/// zone has is nobody's in the world.
fn public_name(target: &Target, cloud: Cloud, record: &Record) -> Option<String> {
    target
        .names(cloud, record)
        .into_iter()
        .filter(|name| !name.contains(".privatelink."))
        .min_by_key(String::len)
}

/// Says whether a name can be given to a storage account.
pub(crate) fn storage_account(world: &mut World<'_, '_>) -> Result<Outcome, Failure> {
    available(world, "Microsoft.Storage/storageAccounts")
}

/// Says whether a name can be given to a vault.
pub(crate) fn vault(world: &mut World<'_, '_>) -> Result<Outcome, Failure> {
    available(world, VAULT)
}

/// Says whether a name can be given to a web site.
///
/// ARM behaviour: the answer has reason and message in any case.
pub(crate) fn site(world: &mut World<'_, '_>) -> Result<Outcome, Failure> {
    const SITES: &str = "Microsoft.Web/sites";
    let request = world.call.json()?;
    let (Some(name), Some(_)) = (body::text(&request, "name"), body::text(&request, "type")) else {
        return Err(Failure::provider(
            400,
            "BadRequest",
            "The parameters 'name' and 'type' are required.",
        ));
    };
    let found = types::find(SITES);
    let (reason, message) = match check_name(found.table, name) {
        Err(wrong) => ("Invalid", wrong.message),
        Ok(()) => {
            let probe = fresh(world, &format!("/{name}"), SITES);
            let is_taken = found
                .target
                .is_some_and(|target| is_taken(world.state, target, &probe));
            if is_taken {
                let message = format!("Hostname '{name}' already exists. Please select a different name.");
                ("AlreadyExists", message)
            } else {
                ("", String::new())
            }
        }
    };
    Ok(Outcome::json(
        200,
        json!({"nameAvailable": reason.is_empty(), "reason": reason, "message": message}),
    ))
}

/// ARM behaviour: both providers answer with `AccountNameInvalid` or `AlreadyExists`, and with the words of the refusal.
fn available(world: &mut World<'_, '_>, resource_type: &str) -> Result<Outcome, Failure> {
    let request = world.call.json()?;
    for field in ["name", "type"] {
        if body::text(&request, field).is_none() {
            return Err(Failure::provider(
                400,
                "InvalidRequestContent",
                format!("Required property '{field}' not found in JSON."),
            ));
        }
    }
    let name = body::text(&request, "name").unwrap_or_default();
    let found = types::find(resource_type);
    let refused = match check_name(found.table, name) {
        Err(wrong) => Some(("AccountNameInvalid", wrong.message)),
        Ok(()) => {
            let probe = fresh(world, &format!("/{name}"), resource_type);
            let is_taken = found
                .target
                .is_some_and(|target| is_taken(world.state, target, &probe));
            let was_deleted = resource_type == VAULT && vault::deleted::find(world.state, name).is_some();
            (is_taken || was_deleted).then(|| ("AlreadyExists", taken(resource_type, name).message))
        }
    };
    let mut answer = json!({"nameAvailable": refused.is_none()});
    if let Some((reason, message)) = refused {
        body::put(&mut answer, "reason", Value::from(reason));
        body::put(&mut answer, "message", Value::String(message));
    }
    Ok(Outcome::json(200, answer))
}
