//! One world: Kubernetes, Azure, a clock, and the controller processes that live and die in it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use azure_core::http::HttpClient;
use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use privatelink_arm::{ArmClient, ArmClientOptions, Clock, Cloud, RequestBudget};
use privatelink_arm_emulator::change::{Change, ConnectionChange, ConnectionStatus};
use privatelink_arm_emulator::client::InProcessClient;
use privatelink_arm_emulator::{Emulator, Options, ThrottleMode, clock};
use privatelink_engine::lease::{Elector, Timing, write_permit};
use privatelink_engine::metrics::Metrics;
use privatelink_engine::metrics::live::Live;
use privatelink_engine::{Context, OwnIdentity, Runtime, Settings};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::allowed::{self, Allowed};
use super::arm_door::ArmDoor;
use super::foreigners::Outside;
use super::judge::{Judge, Violation};
use super::manifests::{ENDPOINTS, GROUP, NAMESPACE, scope, target};
use super::stand_ins::{AzureResolver, StaticCredential};
use crate::simulated::{Call, Fault, SimulatedApi};

/// client-go's proportions at a slower pace, so that a simulated hour is not an hour of renewals.
const TIMING: Timing = Timing {
    lease: Duration::from_secs(60),
    renew: Duration::from_secs(40),
    retry: Duration::from_secs(8),
};
/// The definitions of all kinds: to make them takes longer than to play a short story.
static DEFINITIONS: LazyLock<Vec<CustomResourceDefinition>> = LazyLock::new(privatelink_api::crds);

/// The lease that controllers compete for: that of the default controller name, which the shipped Role names.
const LEASE: &str = "privatelink.dev-controller";
const LEASES: &str = "leases.coordination.k8s.io";
/// How long a call to Azure takes where it is limited.
const FAR: Duration = Duration::from_millis(50);
/// How often the judge looks.
const TICK: Duration = Duration::from_secs(2);

/// The moment at which every world begins.
const ORIGIN: &str = "2026-01-01T00:00:00Z";
/// The drift interval of a world's controllers.
pub const DRIFT: Duration = Duration::from_secs(120);

/// A deliberate break of the controller as Azure would see it, by which the sweep proves that it would notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutant {
    #[default]
    None,
    /// Every PUT is sent once more.
    RedundantWrites,
    /// PUTs leave out what others put there.
    LosesForeignFields,
    /// A token goes to a foreign host.
    FollowsForeignHosts,
    /// Reads show what spec wants, whatever Azure has.
    SaysReadyTooEarly,
}

/// A fault at one call to the Kubernetes API.
#[derive(Clone, Debug, PartialEq)]
pub struct KubernetesFault {
    pub call: Call,
    pub fault: Fault,
    /// The process dies with it.
    pub crash: bool,
}

#[derive(Default)]
struct KubernetesPlan {
    faults: Vec<KubernetesFault>,
    calls: Vec<Call>,
    fired: usize,
    crashed: bool,
}

pub struct World {
    pub clock: Clock,
    pub emulator: Emulator,
    pub api: SimulatedApi,
    pub door: ArmDoor,
    pub judge: Judge,
    kubernetes: Arc<Mutex<KubernetesPlan>>,
    processes: Vec<Process>,
    started: u64,
    dead_clients: Arc<Mutex<Vec<String>>>,
    limited: bool,
    /// With which controllers speak to Azure.
    token: String,
    lookups_panic: Arc<AtomicBool>,
    /// What answers in place of the emulator, where anything does.
    azure: Option<Arc<dyn HttpClient>>,
    resolver_is_silenced: Arc<AtomicBool>,
}

struct Process {
    name: String,
    dead: watch::Sender<bool>,
    shutdown: CancellationToken,
    registry: Registry,
}

impl World {
    /// An empty cluster with our definitions, and an Azure with a network and targets. Must be made inside a
    /// current-thread runtime whose clock is paused.
    ///
    /// # Errors
    /// A message where the fixed beginnings cannot be made: a fault of the test bench itself.
    pub fn new() -> Result<Self, String> {
        Self::with(ThrottleMode::Off)
    }

    /// The same where Azure limits requests, controllers keep within the limits, and every call takes a while.
    ///
    /// # Errors
    /// As [`World::new`].
    pub fn limited() -> Result<Self, String> {
        let world = Self::with(ThrottleMode::Azure)?;
        world.door.be_far_away(FAR);
        Ok(world)
    }

    fn with(throttle: ThrottleMode) -> Result<Self, String> {
        let origin: Timestamp = ORIGIN.parse().map_err(|error: jiff::Error| error.to_string())?;
        let clock = Clock::simulated(origin);
        let mut options = Options::new(clock::simulated(origin)).map_err(|error| error.to_string())?;
        options.throttle = throttle;
        let emulator = Emulator::new(options);
        let token = allowed::sign_in(&emulator)?;
        let time = clock.clone();
        let api = SimulatedApi::new(Arc::new(move || time.now()), &DEFINITIONS);
        let (_, dead) = watch::channel(false);
        let door = ArmDoor::new(InProcessClient::new(emulator.clone()), dead);
        let judge = Judge::new(emulator.clone(), api.clone(), clock.clone());
        let world = World {
            clock,
            emulator,
            api,
            door,
            judge,
            kubernetes: Arc::default(),
            processes: Vec::new(),
            started: 0,
            dead_clients: Arc::default(),
            limited: throttle == ThrottleMode::Azure,
            token,
            lookups_panic: Arc::default(),
            azure: None,
            resolver_is_silenced: Arc::default(),
        };
        world.allow(&Allowed::shipped()?);
        world.watch_kubernetes();
        let (api, judge, time) = (world.api.clone(), world.judge.clone(), world.clock.clone());
        world.door.on_lease_taken(move || {
            let spec = json!({"holderIdentity": "another", "renewTime": time.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()});
            if let Err(refusal) = api.patch(LEASES, "default", LEASE, &json!({"spec": spec})) {
                judge.complain("bench", format!("the lease could not be taken: {refusal:?}"));
            }
            // Until it is taken back, nobody can say anything.
            judge.nobody_leads_for(TIMING.lease * 2);
        });
        world.door.open_to(world.outside());
        world.furnish()?;
        Ok(world)
    }

    /// The hook that counts calls, puts faults at them, and lets the judge see every status that is written.
    fn watch_kubernetes(&self) {
        let (plan, dead) = (self.kubernetes.clone(), self.dead_clients.clone());
        self.api.set_fault_hook(Some(Arc::new(move |call: &Call| {
            if dead
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&call.client)
            {
                return Fault::Hang;
            }
            let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
            let anonymous = Call {
                client: String::new(),
                ..call.clone()
            };
            let found = plan.faults.iter().position(|fault| fault.call == anonymous);
            plan.calls.push(anonymous);
            let Some(fault) = found.map(|index| plan.faults.remove(index)) else {
                return Fault::Continue;
            };
            plan.fired += 1;
            plan.crashed |= fault.crash;
            fault.fault
        })));
    }

    fn furnish(&self) -> Result<(), String> {
        let put = |id: String, body: Value| {
            self.emulator
                .put(&id, &body)
                .map_err(|error| format!("{id}: {error}"))
        };
        put(GROUP.to_owned(), json!({"location": "westeurope"}))?;
        put(
            format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"),
            json!({"location": "westeurope", "properties": {
                "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                "subnets": [{"name": "endpoints", "properties": {"addressPrefix": "10.1.0.0/20"}}],
            }}),
        )?;
        self.make_target("orders")?;
        self.api
            .create_namespace(NAMESPACE)
            .map_err(|refusal| format!("{refusal:?}"))?;
        self.apply(scope(&[NAMESPACE]));
        Ok(())
    }

    /// A storage account.
    ///
    /// # Errors
    /// What the emulator says.
    pub fn make_target(&self, name: &str) -> Result<(), String> {
        let body = json!({"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}});
        self.emulator
            .put(&target(name), &body)
            .map_err(|error| error.to_string())
    }

    /// Lets controllers do this and nothing else, from now on.
    pub fn allow(&self, allowed: &Allowed) {
        allowed.put_in_force(&self.emulator, &self.api);
    }

    /// A user applies a manifest. A refusal is a violation: scenarios apply only what is valid.
    pub fn apply(&self, manifest: Value) {
        if let Err(refusal) = self.api.apply(manifest) {
            self.judge
                .complain("bench", format!("a manifest was refused: {refusal:?}"));
        }
    }

    pub fn patch_spec(&self, name: &str, spec: Value) {
        if let Err(refusal) = self.api.patch_spec(ENDPOINTS, NAMESPACE, name, &spec) {
            self.judge
                .complain("bench", format!("a patch was refused: {refusal:?}"));
        }
    }

    pub fn annotate(&self, name: &str, annotation: &str, value: &str) {
        let _ = self
            .api
            .annotate(ENDPOINTS, NAMESPACE, name, annotation, Some(value));
    }

    pub fn delete(&self, name: &str) {
        let _ = self.api.delete(ENDPOINTS, NAMESPACE, name);
    }

    /// A user changes the spec of an object that is not an endpoint.
    pub fn patch_spec_of(&self, resource: &str, name: &str, spec: Value) {
        if let Err(refusal) = self.api.patch_spec(resource, NAMESPACE, name, &spec) {
            self.judge
                .complain("bench", format!("a patch was refused: {refusal:?}"));
        }
    }

    /// A user deletes an object that is not an endpoint.
    pub fn delete_of(&self, resource: &str, name: &str) {
        let _ = self.api.delete(resource, NAMESPACE, name);
    }

    /// Somebody else makes a resource.
    pub fn make_outside(&self, id: &str, body: Value) {
        self.outside().put(id, body);
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        self.api.get(ENDPOINTS, NAMESPACE, name)
    }

    /// Somebody else changes a resource by a merge patch.
    pub fn meddle(&self, id: &str, patch: Value) {
        let _ = self.outside().patch(id, patch);
    }

    /// Somebody else deletes a resource.
    pub fn delete_outside(&self, id: &str) {
        self.outside().delete(id);
    }

    /// The target's owner decides about an endpoint's connection.
    pub fn decide(&self, id: &str, status: ConnectionStatus) {
        self.judge.foreign_change(id, &Value::Null);
        let connection = Some(ConnectionChange {
            status,
            description: Some("decided by the owner".to_owned()),
        });
        self.change(Change {
            id: id.to_owned(),
            connection,
            ..Change::default()
        });
    }

    fn change(&self, change: Change) {
        self.outside().change(change);
    }

    fn outside(&self) -> Outside {
        Outside {
            emulator: self.emulator.clone(),
            judge: self.judge.clone(),
        }
    }

    /// Has another Azure than the emulator answer the controllers that are started from now on. The judge of the four
    /// properties sees nothing of it.
    pub fn replace_azure(&mut self, azure: Arc<dyn HttpClient>) {
        self.azure = Some(azure);
    }

    /// From now on no DNS server answers.
    pub fn silence_resolver(&self) {
        self.resolver_is_silenced.store(true, Ordering::Relaxed);
    }

    /// Starts a controller process.
    pub fn start(&mut self) {
        self.started += 1;
        let name = format!("controller-{}", self.started);
        let (dead, is_dead) = watch::channel(false);
        let shutdown = CancellationToken::new();
        let client = self.api.client(&name);
        let elector = Elector {
            api: Api::namespaced(self.api.client(&name), "default"),
            name: LEASE.to_owned(),
            identity: name.clone(),
            timing: TIMING,
            clock: self.clock.clone(),
        };
        let (claim, election) = elector.start(shutdown.clone());
        tokio::spawn(election);
        let transport = self.azure.clone();
        let transport = transport.unwrap_or_else(|| Arc::new(self.door.for_process(is_dead)));
        let budget = Arc::new(if self.limited {
            RequestBudget::azure(self.clock.clone())
        } else {
            RequestBudget::unlimited()
        });
        let mut options = ArmClientOptions::new(
            Cloud::public(),
            transport,
            Arc::new(StaticCredential(self.token.clone())),
            self.clock.clone(),
            budget,
        );
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry, LEASE);
        options.write_permit = Some(write_permit(claim.clone()));
        options.observer = Some(metrics.request_observer());
        let settings = Settings {
            owner_id: "world".to_owned(),
            controller_name: privatelink_api::names::DEFAULT_CONTROLLER_NAME.to_owned(),
            drift_interval: DRIFT,
            workers: 4,
            catalogue: Some(privatelink_arm::catalogue::KnownCloud::Public),
            kubernetes_timeout: Duration::from_secs(10),
            own_identity: OwnIdentity::default(),
        };
        let context = Arc::new(Context::new(
            settings,
            ArmClient::new(options),
            Arc::new(AzureResolver {
                emulator: self.emulator.clone(),
                panics: self.lookups_panic.clone(),
                silenced: self.resolver_is_silenced.clone(),
            }),
            client,
            self.clock.clone(),
            metrics,
            claim,
            self.started,
        ));
        registry.register_collector(Box::new(Live::new(context.clone(), "0.0.0")));
        tokio::spawn(privatelink_kinds::register(Runtime::new(context)).run(shutdown.clone()));
        self.processes.push(Process {
            name,
            dead,
            shutdown,
            registry,
        });
    }

    /// From now on, or no longer, every pass that looks up a name panics.
    pub fn let_lookups_panic(&self, panic: bool) {
        self.lookups_panic.store(panic, Ordering::Relaxed);
    }

    /// The metrics of the process that was started last, in OpenMetrics.
    pub fn scrape(&self) -> String {
        let mut text = String::new();
        if let Some(process) = self.processes.last() {
            let encoded = prometheus_client::encoding::text::encode(&mut text, &process.registry);
            debug_assert!(encoded.is_ok(), "a text takes whatever is written to it");
        }
        text
    }

    /// A number of [`World::scrape`], by its whole name with labels; none where there is no such row.
    pub fn metric(&self, row: &str) -> Option<f64> {
        let text = self.scrape();
        let mut rows = text.lines().filter_map(|line| line.rsplit_once(' '));
        rows.find(|(name, _)| *name == row)
            .and_then(|(_, number)| number.parse().ok())
    }

    /// Ends all processes without warning: what they have in flight is never answered.
    pub fn crash(&mut self) {
        for process in self.processes.drain(..) {
            self.dead_clients
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(process.name);
            process.dead.send_replace(true);
            process.shutdown.cancel();
        }
    }

    /// Ends all processes as SIGTERM does.
    pub async fn stop(&mut self) {
        for process in &self.processes {
            process.shutdown.cancel();
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
        self.processes.clear();
    }

    /// Lets time pass. A process that dies meanwhile is followed by another after a few seconds.
    pub async fn pass(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < until {
            tokio::time::sleep(TICK).await;
            let crashed = {
                let mut plan = self.kubernetes.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut plan.crashed)
            };
            if self.door.take_crash() || crashed {
                // What it has written last it could not say any longer.
                self.judge.nobody_leads_for(TIMING.lease);
                self.crash();
                tokio::time::sleep(Duration::from_secs(3)).await;
                self.start();
                // Until the lease of the dead one has ended, nobody can say anything.
                self.judge.nobody_leads_for(TIMING.lease);
            }
            self.judge.look();
        }
    }

    /// Lets the judge look now, whatever time has passed without it.
    pub fn judge_now(&self) {
        self.judge.look();
    }

    /// Puts a fault at a call to the Kubernetes API.
    pub fn add_kubernetes_fault(&self, fault: KubernetesFault) {
        self.kubernetes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .faults
            .push(fault);
    }

    /// All calls to the Kubernetes API so far, watches and leases left out.
    pub fn kubernetes_calls(&self) -> Vec<Call> {
        self.kubernetes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .calls
            .clone()
    }

    /// Whether a client is that of a process that has died: what it still tries reaches nobody.
    pub(crate) fn is_dead(&self, client: &str) -> bool {
        self.dead_clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|dead| dead == client)
    }

    /// How many faults have happened, of both kinds.
    pub fn fired(&self) -> usize {
        self.door.fired()
            + self
                .kubernetes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fired
    }

    /// What the four properties and the bench itself have to complain about.
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = self.judge.violations();
        violations.extend(self.door.foreign().into_iter().map(|call| Violation {
            property: "token",
            text: format!("a token went to {call}"),
        }));
        violations.extend(self.api.forbidden().into_iter().map(|what| Violation {
            property: "rights",
            text: what,
        }));
        violations.extend(self.api.unexpected().into_iter().map(|call| Violation {
            property: "bench",
            text: format!("the simulated API does not know {call}"),
        }));
        violations
    }

    /// The end state that counts: Azure's resources and the objects, without what differs from run to run.
    pub fn end_state(&self) -> BTreeMap<String, Value> {
        self.judge.end_state()
    }
}
