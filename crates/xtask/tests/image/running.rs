//! The programs at work in their roots: a cluster, Azure and name servers are there; nothing else is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use privatelink_testkit::environment::{apply, seeded, succeed};
use privatelink_testkit::kubernetes::{ApiServer, Identity, Kubectl, Options};
use privatelink_testkit::processes::{Process, free_ports, until};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::Report;
use crate::archive::Archive;
use crate::container::{Container, Way};
use crate::{names, network};

const CLUSTER_ROLE: &str = include_str!("../../../../deploy/cluster-role.yaml");
const LEASE_ROLE: &str = include_str!("../../../../deploy/lease-role.yaml");
/// What Kubernetes mounts into every pod that does not say otherwise.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const READY_WITHIN: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);

/// The checks, one after the other.
pub fn checks(report: &mut Report, way: Way, folder: &Path) {
    if way == Way::Namespaces {
        network::loopback_up();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let container = |image: &str| {
        let archive = ["first"]
            .iter()
            .find_map(|made| archive_in(&folder.join(made), image))
            .unwrap();
        Container {
            root: folder.join(image),
            way,
            entrypoint: archive.words("Entrypoint"),
        }
    };
    let (controller, emulator) = (
        container("privatelink-controller"),
        container("privatelink-arm-emulator"),
    );
    for (container, name) in [(&controller, "the controller"), (&emulator, "the emulator")] {
        report.check(&format!("{name} says its version in an empty root"), || {
            says_its_version(container)
        });
    }
    let definitions = report.check("the controller prints its definitions in an empty root", || {
        prints_definitions(&controller)
    });
    let command = archive_in(&folder.join("first"), "privatelink-arm-emulator")
        .unwrap()
        .words("Cmd");
    report.check("the emulator serves as the image says", || {
        runtime.block_on(serves_by_default(&emulator, &command, folder));
    });
    report.check("without authorities the controller says so", || {
        without_authorities(&controller)
    });
    let Some(definitions) = definitions else { return };
    report.check(
        "the controller makes an endpoint Ready, with names that the cluster resolves",
        || {
            makes_an_endpoint(&runtime, &controller, &emulator, &definitions, folder);
        },
    );
}

fn archive_in(folder: &Path, image: &str) -> Option<Archive> {
    let entry = fs::read_dir(folder).ok()?.flatten().find(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with(&format!("{image}-"))
    })?;
    Some(Archive::read(&entry.path()))
}

fn says_its_version(container: &Container) {
    let output = container.run(&[], &["--version"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let program = container.entrypoint[0].trim_start_matches('/');
    assert_eq!(text.trim(), format!("{program} {}", env!("CARGO_PKG_VERSION")));
}

fn prints_definitions(controller: &Container) -> String {
    let output = controller.run(&[], &["crds"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let kinds = text
        .lines()
        .filter(|line| *line == "kind: CustomResourceDefinition")
        .count();
    assert_eq!(kinds, privatelink_api::crds().len());
    text
}

/// With the image's own command: it listens, and writes into the one folder that is its own.
async fn serves_by_default(emulator: &Container, command: &[String], folder: &Path) {
    let announcement = emulator.root.join("state/endpoint.json");
    let log = folder.join("emulator-default.log");
    let mut process = emulator.program(&log, &[], command).start().unwrap();
    let client = client(None);
    until(&mut process, READY_WITHIN, || async {
        announcement.is_file().then_some(())?;
        let answer = client
            .get("https://127.0.0.1:8443/_emulator/health")
            .send()
            .await
            .ok()?;
        answer.status().is_success().then_some(())
    })
    .await
    .unwrap();
    assert_eq!(
        process.stop(GRACE).await,
        0,
        "{}",
        fs::read_to_string(&log).unwrap()
    );
    // What it made belongs to this run.
    for entry in fs::read_dir(emulator.root.join("state")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
    }
}

/// That the bundle is read is shown by what happens without it.
fn without_authorities(controller: &Container) {
    let bundle = controller.root.join("etc/ssl/certs/ca-certificates.crt");
    let arguments = [
        "run",
        "--cloud=public",
        "--leader-election=false",
        "--owner-id=image",
        "--admin-listen=127.0.0.1:0",
    ];
    let environment = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1".to_owned()),
        ("KUBERNETES_SERVICE_PORT", "1".to_owned()),
        ("AZURE_TENANT_ID", seeded::TENANT_ID.to_owned()),
        ("AZURE_CLIENT_ID", seeded::CONTROLLER_CLIENT_ID.to_owned()),
        ("AZURE_FEDERATED_TOKEN_FILE", "/token".to_owned()),
    ];
    let mounted = [
        ("token", "token"),
        ("namespace", "default"),
        ("ca.crt", &fs::read_to_string(&bundle).unwrap()),
    ];
    for (name, content) in mounted {
        controller.mount(&format!("{SERVICE_ACCOUNT}/{name}"), content);
    }
    // With the bundle it gets as far as the token that is not there.
    let said = refusal(controller, &environment, &arguments);
    assert!(said.contains("/token"), "{said}");
    let away = controller.root.with_extension("authorities");
    let shelf = bundle.parent().unwrap();
    let before = fs::metadata(shelf).unwrap().permissions();
    writable(shelf);
    fs::rename(&bundle, &away).unwrap();
    let said = refusal(controller, &environment, &arguments);
    fs::rename(&away, &bundle).unwrap();
    fs::set_permissions(shelf, before).unwrap();
    assert!(said.contains("No CA certificates were loaded"), "{said}");
}

/// What it says when it ends because of its environment.
fn refusal(container: &Container, environment: &[(&str, String)], arguments: &[&str]) -> String {
    let output = container.run(environment, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

fn writable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn makes_an_endpoint(
    runtime: &Runtime,
    controller: &Container,
    emulator: &Container,
    definitions: &str,
    folder: &Path,
) {
    runtime.block_on(async {
        let asked = names::serve().await;
        let server = ApiServer::start(Options::default()).await.unwrap();
        let kubectl = server.kubectl(Identity::ADMIN);
        install(&kubectl, definitions);
        let (azure, authority) = start_emulator(emulator, folder).await;
        mount_pod(controller, &server.kubeconfig(Identity::CONTROLLER), &authority);
        let log = folder.join("controller.log");
        let port = free_ports(1).unwrap()[0];
        let api = server.endpoint().rsplit_once(':').unwrap().1.to_owned();
        let mut process = start_controller(controller, &log, port, &api);
        let client = client(None);
        for path in ["healthz", "readyz"] {
            let url = format!("http://127.0.0.1:{port}/{path}");
            until(&mut process, READY_WITHIN, || async {
                let answer = client.get(&url).send().await.ok()?;
                answer.status().is_success().then_some(())
            })
            .await
            .unwrap();
        }
        apply(&kubectl, &seeded::scope()).unwrap();
        apply(&kubectl, ENDPOINT).unwrap();
        let wait = [
            "wait",
            "--namespace=demo",
            "--for=condition=Ready",
            "--timeout=60s",
            "pe/image",
        ];
        let output = kubectl.run(&wait).unwrap();
        let said = fs::read_to_string(&log).unwrap();
        assert!(output.success, "{}\n{said}", output.stderr);

        let questions = asked.lock().unwrap().clone();
        for name in names::NAMES {
            let found = questions
                .iter()
                .any(|(protocol, asked)| *protocol == "udp" && asked == name);
            assert!(found, "{name} was not asked over UDP: {questions:?}");
        }
        let long = questions
            .iter()
            .any(|(protocol, asked)| *protocol == "tcp" && asked == names::LONG);
        assert!(
            long,
            "an answer that was cut short was not asked again over TCP: {questions:?}"
        );
        assert_eq!(process.stop(GRACE).await, 0, "{said}");
        assert_eq!(azure.stop(GRACE).await, 0);
        server.stop().await;
    });
}

const ENDPOINT: &str = "apiVersion: privatelink.dev/v1alpha1
kind: PrivateEndpoint
metadata: {name: image, namespace: demo}
spec:
  subnet: {alias: endpoints}
  target: {alias: orders-storage, groupId: blob}
";

fn install(kubectl: &Kubectl, definitions: &str) {
    apply(kubectl, definitions).unwrap();
    apply(
        kubectl,
        &format!(
            "{CLUSTER_ROLE}---\n{LEASE_ROLE}---\n{}",
            seeded::bindings(Identity::CONTROLLER)
        ),
    )
    .unwrap();
    let wait = [
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "crd",
        "--all",
    ];
    succeed(kubectl.run(&wait).unwrap()).unwrap();
}

/// The emulator with names in its certificate, and the authority to trust.
async fn start_emulator(emulator: &Container, folder: &Path) -> (Process, String) {
    emulator.mount("/seed/seed.yaml", &seeded::seed().unwrap());
    let mut arguments: Vec<String> = [
        "serve",
        "--listen=0.0.0.0:8443",
        "--state-dir=/state",
        "--seed=/seed/seed.yaml",
        "--time-scale=20",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(names::NAMES.map(|name| format!("--host={name}")));
    let log = folder.join("emulator.log");
    let mut process = emulator.program(&log, &[], &arguments).start().unwrap();
    let authority: PathBuf = emulator.root.join("state/ca.pem");
    until(&mut process, READY_WITHIN, || async {
        let pem = fs::read_to_string(&authority).ok()?;
        let client = client(Some(&pem));
        let answer = client
            .get("https://localhost:8443/_emulator/health")
            .send()
            .await
            .ok()?;
        answer.status().is_success().then_some(())
    })
    .await
    .unwrap();
    (process, fs::read_to_string(&authority).unwrap())
}

/// What a pod finds in its root: its service account, its resolver, and a ConfigMap with an authority.
fn mount_pod(controller: &Container, kubeconfig: &Path, authority: &str) {
    let kubeconfig: Value = serde_json::from_str(&fs::read_to_string(kubeconfig).unwrap()).unwrap();
    let token = kubeconfig["users"][0]["user"]["token"].as_str().unwrap();
    let data = kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
        .as_str()
        .unwrap();
    use base64::Engine as _;
    let ca = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
    let account = |name: &str| format!("{SERVICE_ACCOUNT}/{name}");
    for name in ["token", "namespace", "ca.crt"] {
        let path = controller.root.join(account(name).trim_start_matches('/'));
        drop(fs::remove_file(path));
    }
    controller.mount(&account("token"), token);
    controller.mount(&account("namespace"), "default");
    controller.mount(&account("ca.crt"), &String::from_utf8(ca).unwrap());
    controller.mount("/config/ca.pem", authority);
    let resolver = format!(
        "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver {}\noptions ndots:5\n",
        names::SERVER
    );
    controller.mount("/etc/resolv.conf", &resolver);
}

fn start_controller(controller: &Container, log: &Path, port: u16, api: &str) -> Process {
    let [management, login] = names::NAMES;
    let arguments = [
        "run".to_owned(),
        "--cloud=custom".to_owned(),
        format!("--arm-endpoint=https://{management}:8443"),
        "--arm-audience=https://management.azure.com".to_owned(),
        format!("--authority=https://{login}:8443"),
        "--ca-bundle=/config/ca.pem".to_owned(),
        "--azure-credential=client-secret".to_owned(),
        format!("--azure-tenant-id={}", seeded::TENANT_ID),
        format!("--azure-client-id={}", seeded::CONTROLLER_CLIENT_ID),
        "--owner-id=image".to_owned(),
        "--drift-interval=5s".to_owned(),
        format!("--admin-listen=127.0.0.1:{port}"),
    ];
    let environment = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1".to_owned()),
        ("KUBERNETES_SERVICE_PORT", api.to_owned()),
        ("AZURE_CLIENT_SECRET", seeded::CONTROLLER_SECRET.to_owned()),
    ];
    controller
        .program(log, &environment, &arguments)
        .grace(GRACE)
        .start()
        .unwrap()
}

/// A client that trusts one authority, or whatever it is shown.
fn client(authority: Option<&str>) -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(2));
    match authority {
        Some(pem) => builder.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()]),
        None => builder.tls_danger_accept_invalid_certs(true),
    }
    .build()
    .unwrap()
}
