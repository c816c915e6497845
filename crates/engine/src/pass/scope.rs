//! Which scope an object has, and how long nothing is said of one that has none yet.

use std::sync::Arc;
use std::time::Duration;

use kube::Resource;
use privatelink_api::{ManagedResource, Reason};

use super::{Look, Next, Pass};
use crate::failure::Retry;
use crate::kind::Kind;
use crate::scope::Scope;

/// A scope that is applied together with an object is heard of within this time.
const YOUNG: Duration = Duration::from_secs(5);

impl<K: Kind> Pass<'_, K> {
    /// The scope that is open to the object. One that comes with it, in the same release, may be heard of after it: of so
    /// young an object nothing is said yet, as whoever waits for it would take the first word for the last.
    pub(super) fn scope(&mut self) -> Result<Arc<Scope>, Look> {
        let namespace = self.object.meta().namespace.as_deref().unwrap_or_default();
        let named = self.object.managed().scope_name.as_deref();
        let unresolved = match self.context.scopes.find(namespace, named) {
            Ok(scope) => return Ok(scope),
            Err(unresolved) => unresolved,
        };
        match self.youth() {
            Some(left) if unresolved.reason == Reason::ForbiddenByScope => Err(Look::Nothing {
                retry: Next::At(Retry::After(left)),
            }),
            _ => Err(self.unresolved(unresolved)),
        }
    }

    /// What is left of the time in which an object is young; none where the clocks do not agree.
    fn youth(&self) -> Option<Duration> {
        let created = self.object.meta().creation_timestamp.as_ref()?.0;
        let age = Duration::try_from(self.context.clock.now().duration_since(created)).ok()?;
        YOUNG.checked_sub(age).filter(|left| !left.is_zero())
    }
}
