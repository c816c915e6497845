//! What is decided before anything is asked of Azure: whether the object is to be looked at, under which scope, and
//! which resource it stands for.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Resource};
use privatelink_api::names::{ABANDON_ANNOTATION, PAUSED_ANNOTATION};
use privatelink_api::{
    AdoptionPolicy, ConditionType, DeletionPolicy, ManagedResource, ManagementPolicy, OperationKind, Reason,
};
use privatelink_arm::ResourceId;
use tokio::time::Instant;

use super::{Look, Next, Pass, Subject};
use crate::accidents::Ruling;
use crate::claims::Seniority;
use crate::facts::KnownFacts;
use crate::failure::Retry;
use crate::kind::{Claim, Grant, Kind, Unresolved, World};
use crate::loan::{Loans, NO_LOANS};
use crate::ownership::{Owner, OwnerTag};
use crate::plan::{Adoption, DesiredNode, Intent, Observed, Want};
use crate::scope::Scope;
use crate::status::Standing;
use crate::writer::has_finalizer;

impl<K: Kind> Pass<'_, K> {
    /// Everything that can be decided without Azure, and one read where the recorded id is not the claimed one.
    pub(super) async fn guard(&mut self) -> Result<Subject, Look> {
        let metadata = self.object.meta();
        let (deleting, finalizer) = (self.deleting(), has_finalizer(metadata));
        let spec = self.object.managed();
        let observe_only = spec.management_policy() == ManagementPolicy::ObserveOnly;
        self.leave_to_another()?;
        self.let_go(deleting, finalizer, observe_only)?;
        if observe_only {
            // Whoever only looks has nothing under way.
            self.memory
                .nodes
                .values_mut()
                .for_each(|node| node.end_operation(false));
            self.draft.managed.operations.clear();
        }
        if deleting {
            self.keep_if_definition_goes().await?;
        }
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let scope = self.context.scopes.find(namespace, spec.scope_name.as_deref());
        let scope = scope.map_err(|unresolved| self.unresolved(unresolved))?;
        let retain = scope.deletion_policy(spec.deletion_policy) == DeletionPolicy::Retain;
        if deleting && retain {
            return Err(Look::Finalizer { present: false });
        }
        self.act_as(&scope)?;
        if deleting && !self.is_said_to_depart() {
            self.hold_deletion(&scope)?;
        }
        let owner = Owner {
            owner_id: self.context.settings.owner_id.clone(),
            kind: <K::Object as ManagedResource>::KIND.to_owned(),
            namespace: namespace.to_owned(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
        };
        let adoption = Adoption {
            unowned: spec.adoption_policy() == AdoptionPolicy::Adopt,
            from: spec.adopt_from.clone().filter(|_| K::ADOPTS_FROM_OTHERS),
        };
        let intent = Intent {
            deleting,
            finalizer,
            observe_only,
            retain,
            recreate: false,
            adoption,
        };
        let (id, seen) = self.identify(&scope, &owner, &intent).await?;
        Ok(Subject {
            scope,
            id,
            owner,
            intent,
            seen,
        })
    }

    /// From here on Azure is called as the scope's identity.
    fn act_as(&mut self, scope: &Scope) -> Result<(), Look> {
        match self.context.identities.of(scope) {
            Ok(session) => {
                self.session = session;
                Ok(())
            }
            Err(problem) => Err(self.failing(
                ConditionType::Accepted,
                Reason::IdentityFailed,
                &format!("AzureScope {}: {problem}", scope.name()),
                Retry::OnChange,
            )),
        }
    }

    /// The scope of an object that has nothing of its own in Azure.
    pub(super) fn scope_alone(&mut self) -> Result<Arc<Scope>, Look> {
        self.leave_to_another()?;
        self.let_go(self.deleting(), has_finalizer(self.object.meta()), false)?;
        if self.deleting() {
            return Err(Look::Finalizer { present: false });
        }
        let namespace = self.object.meta().namespace.as_deref().unwrap_or_default();
        let named = self.object.managed().scope_name.as_deref();
        let scope = self.context.scopes.find(namespace, named);
        let scope = scope.map_err(|unresolved| self.unresolved(unresolved))?;
        self.act_as(&scope)?;
        Ok(scope)
    }

    /// Several installations may share a cluster: what only another one's scope is open to is that one's to look at and to
    /// say something of. Two that write to one status would do so for ever.
    fn leave_to_another(&self) -> Result<(), Look> {
        let namespace = self.object.meta().namespace.as_deref().unwrap_or_default();
        let named = self.object.managed().scope_name.as_deref();
        match self.context.scopes.is_of_another(namespace, named) {
            true => Err(nothing(Retry::OnChange)),
            false => Ok(()),
        }
    }

    /// The ways in which spec and annotations say that nothing is to be done in Azure.
    fn let_go(&self, deleting: bool, finalizer: bool, observe_only: bool) -> Result<(), Look> {
        if self.annotation(ABANDON_ANNOTATION) == Some("true") {
            return Err(match (finalizer, deleting) {
                (true, _) => Look::Finalizer { present: false },
                (false, true) => nothing(Retry::OnChange),
                (false, false) => kept(
                    "abandoned: nothing is done about it in Azure until the annotation privatelink.dev/abandon goes",
                ),
            });
        }
        if deleting && !finalizer {
            return Err(nothing(Retry::OnChange));
        }
        if self.annotation(PAUSED_ANNOTATION) == Some("true") {
            return Err(kept(
                "paused by the annotation privatelink.dev/paused: no call is made to Azure",
            ));
        }
        let retain = self.object.managed().deletion_policy == Some(DeletionPolicy::Retain);
        if finalizer && observe_only || deleting && (observe_only || retain) {
            return Err(Look::Finalizer { present: false });
        }
        Ok(())
    }

    /// Whether status tells of a deletion that Azure has begun. It is asked about; before a write that is all that it is
    /// good for, since others may write status.
    fn is_said_to_depart(&self) -> bool {
        let mut operations = self.draft.managed.operations.iter();
        operations.any(|operation| operation.kind == Some(OperationKind::Delete))
    }

    /// Deletions that may be an accident wait.
    pub(super) fn hold_deletion(&mut self, scope: &Scope) -> Result<(), Look> {
        if self.memory.departs || scope.mass_deletion_allowed {
            return Ok(());
        }
        let was_held = self.draft.ready_reason() == Some(Reason::DeletionHeld);
        let now = self.context.clock.now();
        match self.context.deletions.rule(scope.name(), self.key, now, was_held) {
            Ruling::Go => Ok(()),
            Ruling::Pause => Err(nothing(Retry::After(std::time::Duration::from_secs(5)))),
            Ruling::Hold => {
                if !was_held {
                    self.context.metrics.deletion_held();
                }
                let message = format!(
                    "more than half of the objects of AzureScope {0} are being deleted at once; if that is meant, annotate it: kubectl annotate azurescope {0} privatelink.dev/allow-mass-deletion=true",
                    scope.name()
                );
                Err(self.failing(
                    ConditionType::Programmed,
                    Reason::DeletionHeld,
                    &message,
                    Retry::Slowly,
                ))
            }
        }
    }

    /// The id that the object stands for, and what was seen there: the recorded one, unless Azure shows that it is
    /// somebody else's; else the claimed one.
    async fn identify(
        &mut self,
        scope: &Scope,
        owner: &Owner,
        intent: &Intent,
    ) -> Result<(ResourceId, Observed), Look> {
        let facts = KnownFacts::default();
        let claim = K::claim(
            self.object,
            &World {
                scope,
                facts: &facts,
                objects: &self.context.objects,
                loans: &NO_LOANS,
                catalogue: self.context.settings.catalogue,
            },
        );
        // A reference by name or alias may lead to anything, and what is made below it would be of another type.
        let claim = claim.and_then(|claim| match K::model(&claim.id) {
            Some(_) => Ok(claim),
            None => Err(Unresolved::invalid(format!(
                "{} is not the id of a {}: spec, the object that it refers to by name, or the alias leads to a resource of another type",
                claim.id,
                <K::Object as ManagedResource>::KIND
            ))),
        });
        if let Ok(claim) = &claim
            && self.draft.managed.effective.is_empty()
        {
            self.draft.managed.effective.clone_from(&claim.effective);
        }
        let recorded = self.draft.resource_id().filter(|id| K::model(id).is_some());
        let mut elsewhere = false;
        // An id that is another object's was not recorded by us.
        let recorded = recorded.filter(|recorded| match &claim {
            Ok(claim) if claim.id == *recorded => false,
            // Nothing there could say whose it is: spec says which it is, and what status says of another is not true of it.
            Ok(claim) if is_lent::<K>(&claim.id) => {
                tracing::warn!(object = %self.key, %recorded, claimed = %claim.id, "another resource was recorded; what was set there stays");
                elsewhere = true;
                false
            }
            _ => {
                K::rights(recorded).iter().all(|right| scope.grants(right))
                    && self.context.claims.senior(recorded, &self.seniority()).is_none()
            }
        });
        if elsewhere {
            self.draft.set_loans(&Loans::new());
        }
        let candidate = recorded.as_ref().or(claim.as_ref().ok().map(|claim| &claim.id));
        if let Some(candidate) = candidate {
            let candidate = candidate.clone();
            self.check(scope, &candidate, claim.as_ref().ok(), intent)?;
        }
        let Some(recorded) = recorded else {
            let claim = claim.map_err(|unresolved| self.unresolved(unresolved))?;
            self.pin(None);
            return Ok((claim.id, Observed::Unread));
        };
        let (id, seen) = self
            .look_at_recorded(recorded, claim.as_ref().ok(), scope, owner)
            .await?;
        match claim {
            Ok(claim) if claim.id == id => {
                self.check(scope, &id, Some(&claim), intent)?;
                self.pin(None);
            }
            Ok(_) => self.pin(Some(&id)),
            Err(_) if intent.deleting => self.pin(Some(&id)),
            Err(unresolved) => return Err(self.unresolved(unresolved)),
        }
        Ok((id, seen))
    }

    /// Whether the object may have an id: no older object has it, and the scope grants what it takes.
    fn check(
        &mut self,
        scope: &Scope,
        id: &ResourceId,
        claim: Option<&Claim>,
        intent: &Intent,
    ) -> Result<(), Look> {
        let mut needed: Vec<Grant> = K::rights(id);
        if !intent.deleting {
            needed.extend(claim.iter().flat_map(|claim| claim.grants.clone()));
        }
        scope
            .check(&needed)
            .map_err(|unresolved| self.unresolved(unresolved))?;
        // Whoever only looks disturbs nobody.
        if intent.deleting || intent.observe_only {
            return Ok(());
        }
        // What an object claims may follow from other objects: the watch's word on it may be an old one.
        let claimed = claim.map(|claim| &claim.id);
        for other in self.context.claims.note(self.seniority(), claimed) {
            self.context.queue.add(other);
        }
        match self.context.claims.senior(id, &self.seniority()) {
            None => Ok(()),
            Some(senior) => {
                let remedy = match K::ADOPTS_FROM_OTHERS {
                    true => "delete one of the two, or choose another name",
                    false => "put what both want into one of the two, and delete the other",
                };
                let message = format!("{id} is managed by the older {senior}; {remedy}");
                Err(self.failing(
                    ConditionType::Accepted,
                    Reason::Conflict,
                    &message,
                    Retry::OnChange,
                ))
            }
        }
    }

    /// Status alone proves nothing. What is at the recorded id decides: it is this object's, or somebody else's. Where
    /// nothing is there, the claimed id is the object's if Azure says so; else the object stays where it was.
    async fn look_at_recorded(
        &mut self,
        recorded: ResourceId,
        claim: Option<&Claim>,
        scope: &Scope,
        owner: &Owner,
    ) -> Result<(ResourceId, Observed), Look> {
        if is_lent::<K>(&recorded) {
            return Ok((recorded, Observed::Unread));
        }
        let settled = self.settled();
        match self.read_main(&recorded).await? {
            Observed::Lagging => Err(self.lagging(settled)),
            seen @ Observed::Present(_) if is_ours::<K>(&recorded, &seen, owner) => Ok((recorded, seen)),
            seen => match claim {
                Some(claim) => {
                    let elsewhere = matches!(seen, Observed::Present(_));
                    // Where the scope does not allow what spec says now, nothing is read there either.
                    match scope.check(&K::rights(&claim.id)) {
                        Err(unresolved) if elsewhere => return Err(self.unresolved(unresolved)),
                        Err(_) => return Ok((recorded, seen)),
                        Ok(()) => {}
                    }
                    let there = self.read_main(&claim.id).await?;
                    if elsewhere || is_ours::<K>(&claim.id, &there, owner) {
                        Ok((claim.id.clone(), there))
                    } else {
                        Ok((recorded, seen))
                    }
                }
                None => Ok((recorded, seen)),
            },
        }
    }

    async fn read_main(&mut self, id: &ResourceId) -> Result<Observed, Look> {
        let Some(model) = K::model(id) else {
            return Ok(Observed::Absent);
        };
        let node = DesiredNode {
            name: K::MAIN_NODE,
            id: id.clone(),
            model,
            want: Want::Absent,
        };
        let settled = self.settled();
        match self.read_and_judge(&node).await {
            Ok(observed) => Ok(observed),
            Err(failure) => Err(self.failed_or_unverified(failure, settled)),
        }
    }

    fn seniority(&self) -> Seniority {
        let recorded = self.draft.managed.resource_id.is_some();
        Seniority::of(self.object.meta(), recorded, self.key.clone())
    }

    fn pin(&self, id: Option<&ResourceId>) {
        for other in self.context.claims.pin(self.seniority(), id) {
            self.context.queue.add(other);
        }
    }

    /// A definition that is being deleted takes its objects with it, and nothing in Azure.
    async fn keep_if_definition_goes(&mut self) -> Result<(), Look> {
        if self.memory.definition_stays {
            return Ok(());
        }
        match self.definition_is_going().await {
            Some(false) => {
                self.memory.definition_stays = true;
                Ok(())
            }
            Some(true) => {
                tracing::warn!(object = %self.key, "the custom resource definition is being deleted: the resource in Azure is kept");
                Err(Look::Finalizer { present: false })
            }
            None => Err(self.failing(
                ConditionType::Programmed,
                Reason::Retrying,
                "the custom resource definition could not be read, and nothing is deleted in Azure before it is known to stay",
                Retry::Backoff,
            )),
        }
    }

    /// Whether the kind's definition is being deleted, and every object with it. `None`: it could not be read.
    async fn definition_is_going(&self) -> Option<bool> {
        let name = format!(
            "{}.{}",
            <K::Object as Resource>::plural(&()),
            <K::Object as Resource>::group(&())
        );
        // A definition is marked before its objects are: what was read after that was seen is true of this deletion.
        let since = self.context.deletions.seen(self.key).unwrap_or_else(Instant::now);
        self.definition_stays(&name, since).await.map(|stays| !stays)
    }

    /// Whether a definition is there and stays, as a read says that began after `since`. `None`: it could not be read.
    pub(super) async fn definition_stays(&self, name: &str, since: Instant) -> Option<bool> {
        if self.context.definitions.stayed_after(name, since) {
            return Some(true);
        }
        let began = Instant::now();
        let api: Api<CustomResourceDefinition> = Api::all(self.context.kube.clone());
        match tokio::time::timeout(self.context.settings.kubernetes_timeout, api.get_opt(name)).await {
            Ok(Ok(Some(definition))) if definition.metadata.deletion_timestamp.is_none() => {
                self.context.definitions.note_stays(name, began);
                Some(true)
            }
            // Gone altogether: then so are the objects, and nothing may be deleted on their account.
            Ok(Ok(_)) => Some(false),
            Ok(Err(error)) => {
                tracing::warn!(object = %self.key, %error, "the custom resource definition could not be read");
                None
            }
            Err(_) => None,
        }
    }

    pub(super) fn unresolved(&mut self, unresolved: Unresolved) -> Look {
        let retry = if unresolved.condition == ConditionType::Accepted || unresolved.on_object {
            Retry::OnChange
        } else {
            Retry::Patiently
        };
        self.unresolved_until(unresolved, retry)
    }

    /// As [`Pass::unresolved`], where what was read of Azure is the reason.
    pub(super) fn unresolved_by_facts(&mut self, unresolved: Unresolved) -> Look {
        let retry = if unresolved.condition == ConditionType::Accepted {
            Retry::Slowly
        } else {
            Retry::Patiently
        };
        self.unresolved_until(unresolved, retry)
    }

    fn unresolved_until(&mut self, unresolved: Unresolved, retry: Retry) -> Look {
        let mut message = unresolved.message;
        if self.deleting() && unresolved.reason != Reason::InUse {
            message.push_str("; the deletion waits: widen the scope, set spec.deletionPolicy: Retain, or let go with the annotation privatelink.dev/abandon: \"true\"");
        }
        self.handled();
        self.failing(unresolved.condition, unresolved.reason, &message, retry)
    }
}

/// Whether a main resource is somebody else's: it carries no mark of ours.
fn is_lent<K: Kind>(id: &ResourceId) -> bool {
    K::model(id).is_some_and(|model| model.mark.is_none())
}

fn is_ours<K: Kind>(id: &ResourceId, seen: &Observed, owner: &Owner) -> bool {
    match (seen, K::model(id)) {
        (Observed::Present(snapshot), Some(model)) => {
            OwnerTag::of(&snapshot.body, model, owner) == OwnerTag::Ours
        }
        _ => false,
    }
}

fn kept(message: &str) -> Look {
    Look::Status {
        standing: Standing::Kept {
            reason: Reason::Paused,
            message: message.to_owned(),
        },
        retry: Next::At(Retry::OnChange),
    }
}

fn nothing(retry: Retry) -> Look {
    Look::Nothing {
        retry: Next::At(retry),
    }
}
