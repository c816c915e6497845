//! The names that the controller reads or writes in Kubernetes and in Azure. Each stands here once.

/// The API group of every kind.
pub const GROUP: &str = "privatelink.dev";
/// The API version of every kind.
pub const VERSION: &str = "v1alpha1";

/// Holds an object until its resource in Azure is gone or let go of.
pub const FINALIZER: &str = "privatelink.dev/finalizer";
/// The field manager of every write to the Kubernetes API.
pub const FIELD_MANAGER: &str = "privatelink-controller";
/// The `controllerName` of an AzureScope that names none.
pub const DEFAULT_CONTROLLER_NAME: &str = "privatelink.dev/controller";
/// What a `controllerName` looks like: a domain and a name, as a GatewayClass has them. Without the slash, `a/b` and `a-b`
/// would have one Lease.
pub const CONTROLLER_NAME_PATTERN: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// `"true"`: no call to Azure at all; a deletion waits; Ready keeps its last value.
pub const PAUSED_ANNOTATION: &str = "privatelink.dev/paused";
/// Any new value forces an authoritative read; answered in `status.lastHandledReconcileAt`.
pub const RECONCILE_REQUESTED_AT_ANNOTATION: &str = "privatelink.dev/reconcile-requested-at";
/// `"true"`: a deletion drops the finalizer without one call to Azure.
pub const ABANDON_ANNOTATION: &str = "privatelink.dev/abandon";
/// On an AzureScope: lets a mass deletion that was held go ahead.
pub const ALLOW_MASS_DELETION_ANNOTATION: &str = "privatelink.dev/allow-mass-deletion";

/// The Azure tag that says which object owns a resource: `<owner id>/<kind>/<namespace>/<name>`.
/// Azure refuses `/` in tag names, hence the underscore.
pub const OWNER_TAG: &str = "privatelink.dev_owner";
/// The Azure tag with the owning object's uid. It informs; the owner tag decides.
pub const UID_TAG: &str = "privatelink.dev_uid";
/// Tag names with this beginning are the controller's own and refused in `spec.tags`.
pub const TAG_PREFIX: &str = "privatelink.dev_";

/// The category `azure`, for `kubectl get azure`.
pub const CATEGORY_AZURE: &str = "azure";
/// The category `privatelink`, for `kubectl get privatelink`.
pub const CATEGORY_PRIVATE_LINK: &str = "privatelink";
