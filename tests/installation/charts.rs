//! What the charts render to, and that nothing in the repository differs from it.

use std::collections::BTreeSet;
use std::process::Command;

use privatelink_engine::lease::lease_name;
use privatelink_testkit::charts::{
    CONTROLLER, EXAMPLES, RELEASE, VALUES, render, rendered_files, value_sets, workspace,
};
use privatelink_testkit::kubernetes::assets;
use serde_json::{Value, json};

use crate::cluster::helm;

#[test]
fn rendered_files_are_what_the_chart_renders_to() {
    let stale: Vec<String> = rendered_files(&helm())
        .unwrap()
        .into_iter()
        .filter(|(name, text)| std::fs::read_to_string(workspace().join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name)
        .collect();
    assert!(
        stale.is_empty(),
        "{stale:?}: run `cargo xtask charts` and look at what changed"
    );
}

#[test]
fn helm_lint_has_nothing_to_say() {
    let (helm, root) = (helm(), workspace());
    for name in value_sets().unwrap() {
        let values = root
            .join(VALUES)
            .join(format!("{name}.yaml"))
            .display()
            .to_string();
        let chart = root.join(CONTROLLER).display().to_string();
        let output = helm
            .run(&["lint", "--strict", "--values", &values, &chart])
            .unwrap();
        assert!(
            output.success && !output.stderr.contains("WARN"),
            "{name}: {}{}",
            output.stdout,
            output.stderr
        );
    }
    for chart in [CONTROLLER, EXAMPLES] {
        let chart = root.join(chart).display().to_string();
        let output = helm.run(&["lint", "--strict", &chart]).unwrap();
        assert!(output.success, "{chart}: {}{}", output.stdout, output.stderr);
    }
}

#[test]
fn every_definition_is_in_the_chart_is_kept_and_can_be_left_out() {
    let values = format!("{VALUES}/defaults.yaml");
    let rendered = render(&helm(), &values, &[]).unwrap();
    let definitions: Vec<&str> = rendered
        .split("\n---")
        .filter(|document| document.contains("kind: CustomResourceDefinition"))
        .collect();
    assert_eq!(definitions.len(), privatelink_api::crds().len());
    for definition in definitions {
        assert!(
            definition.contains("helm.sh/resource-policy: keep"),
            "{definition}"
        );
    }
    let without = render(&helm(), &values, &["--set", "crds.install=false"]).unwrap();
    assert!(!without.contains("CustomResourceDefinition"));
}

/// Helm waits 5 minutes for a hook: a job that goes on longer would let go of objects that Helm has said are left alone.
#[test]
fn the_job_before_an_uninstall_is_over_before_helm_stops_waiting() {
    for (timeout, deadline) in [("2m", 240), ("3s", 123), ("1h2m3s", 3843), ("1h5s", 3725)] {
        let flags = [
            "--show-only=templates/release/job.yaml",
            &format!("--set=releaseOnUninstall.timeout={timeout}"),
        ];
        let rendered = render(&helm(), &format!("{VALUES}/defaults.yaml"), &flags).unwrap();
        let job = objects(&rendered).remove(0);
        assert_eq!(
            job["spec"]["activeDeadlineSeconds"], deadline,
            "{timeout}: {job:#}"
        );
        assert_eq!(job["spec"]["backoffLimit"], 0, "{job:#}");
        let pod = &job["spec"]["template"]["spec"];
        let argument = json!(format!("--timeout={timeout}"));
        let arguments = pod["containers"][0]["args"].as_array().unwrap();
        assert!(arguments.contains(&argument), "{job:#}");
        // The pod of a job that is late is killed; with the default that is in time too.
        let grace = pod["terminationGracePeriodSeconds"].as_i64().unwrap();
        assert!(grace + 240 < 300, "{job:#}");
    }
    let default = render(
        &helm(),
        &format!("{VALUES}/defaults.yaml"),
        &["--show-only=templates/release/job.yaml"],
    );
    assert!(default.unwrap().contains("activeDeadlineSeconds: 240"));
}

/// Whoever selects pods by the labels or annotations of the values selects the job's pod too: a proxy beside it, a policy.
#[test]
fn the_job_before_an_uninstall_has_the_labels_and_annotations_of_pods() {
    let flags = [
        "--show-only=templates/release/job.yaml",
        "--set=podLabels.team=platform,podAnnotations.reviewed=yes",
    ];
    let rendered = render(&helm(), &format!("{VALUES}/defaults.yaml"), &flags).unwrap();
    let job = objects(&rendered).remove(0);
    let pod = &job["spec"]["template"]["metadata"];
    assert_eq!(pod["labels"]["team"], "platform", "{job:#}");
    assert_eq!(pod["labels"]["app.kubernetes.io/component"], "release", "{job:#}");
    assert_eq!(pod["annotations"], json!({"reviewed": "yes"}), "{job:#}");
}

#[test]
fn no_set_of_values_gives_rights_that_are_too_wide() {
    for name in value_sets().unwrap() {
        let rendered = render(
            &helm(),
            &format!("{VALUES}/{name}.yaml"),
            &["--set", "crds.install=false"],
        )
        .unwrap();
        for document in rendered
            .split("\n---")
            .filter(|document| document.contains("\nrules:"))
        {
            assert!(
                !document.contains("'*'") && !document.contains("\"*\""),
                "{name}: {document}"
            );
            assert!(!document.contains("secrets"), "{name}: {document}");
            let tokens = document.contains("serviceaccounts/token");
            assert!(
                !tokens || document.contains("kind: Role\n") && document.contains("resourceNames"),
                "{name}: {document}"
            );
        }
        for kind in ["WebhookConfiguration", "cert-manager", "kind: Secret"] {
            assert!(!rendered.contains(kind), "{name}: {kind}");
        }
    }
}

#[test]
fn the_network_policy_opens_every_port_that_a_value_names() {
    for (flags, expected) in [
        (vec![], vec![53, 443, 6443]),
        (
            vec![
                "--set=cloud.name=custom",
                "--set=cloud.armEndpoint=https://management.example.com:8443",
                "--set=cloud.authority=https://login.example.com:9443",
            ],
            vec![53, 443, 6443, 8443, 9443],
        ),
        (
            vec![
                "--set=cloud.name=custom",
                "--set=cloud.armEndpoint=https://[fd00::1]:8443",
                "--set=cloud.authority=https://login.example.com",
                "--set=proxy.https=http://proxy.example.com",
                "--set=lookupPort=5353",
            ],
            vec![53, 80, 443, 5353, 6443, 8443],
        ),
        (
            vec![
                "--set=proxy.https=https://proxy.example.com",
                "--set=networkPolicy.apiServerPorts={1443}",
            ],
            vec![53, 443, 1443],
        ),
    ] {
        let shown = ["--show-only=templates/network-policy.yaml"];
        let rendered = render(
            &helm(),
            &format!("{VALUES}/defaults.yaml"),
            &[&shown, &flags[..]].concat(),
        );
        let policy = objects(&rendered.unwrap()).remove(0);
        let rules = policy["spec"]["egress"].as_array().unwrap();
        let ports = rules.iter().flat_map(|rule| rule["ports"].as_array().unwrap());
        let ports: BTreeSet<u64> = ports.map(|port| port["port"].as_u64().unwrap()).collect();
        assert_eq!(
            ports.into_iter().collect::<Vec<_>>(),
            expected,
            "{flags:?}: {policy:#}"
        );
    }
}

#[test]
fn alerts_and_the_dashboard_are_those_of_the_repository() {
    let values = format!("{VALUES}/defaults.yaml");
    let flags = [
        "--set=crds.install=false",
        "--set=metrics.prometheusRule.enabled=true",
        "--set=metrics.dashboard.enabled=true",
        "--set=metrics.prometheusRule.runbookBaseUrl=https://github.com/privatelink-dev/privatelink-controller/blob/main/docs/runbooks",
    ];
    let rendered = render(&helm(), &values, &flags).unwrap();
    for name in ["alerts.yaml", "dashboard.json"] {
        let path = workspace().join(CONTROLLER).join("files").join(name);
        let file = std::fs::read_to_string(&path).unwrap();
        let lines = file.lines().map(str::trim).filter(|line| !line.is_empty());
        let missing: Vec<&str> = lines
            .filter(|line| !line.starts_with('#') && !rendered.contains(line))
            .collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
    for kind in ["kind: PrometheusRule", "grafana_dashboard: "] {
        assert!(rendered.contains(kind), "{kind}");
    }
}

#[test]
fn runbooks_are_where_the_value_says() {
    let values = format!("{VALUES}/defaults.yaml");
    let rules = |flags: &[&str]| {
        let shown = [
            "--set=metrics.prometheusRule.enabled=true",
            "--show-only=templates/metrics.yaml",
        ];
        render(&helm(), &values, &[&shown, flags].concat()).unwrap()
    };
    let urls = |rendered: &str| -> Vec<String> {
        let lines = rendered
            .lines()
            .filter_map(|line| line.trim().strip_prefix("runbook_url: "));
        lines.map(str::to_owned).collect()
    };
    let source = std::fs::read_to_string(workspace().join("deploy/monitoring/alerts.yaml")).unwrap();
    let source = urls(&source);
    assert!(source.len() > 10, "{source:?}");
    // A chart that was released long ago tells of the alerts that it has.
    let version = format!("/blob/v{}/", env!("CARGO_PKG_VERSION"));
    let default = |url: &String| url.replace("/blob/main/", &version);
    let default: Vec<String> = source.iter().map(default).collect();
    assert_ne!(default, source);
    assert_eq!(
        urls(&rules(&[])),
        default,
        "the default is the chart's own version"
    );
    for base in [
        "https://runbooks.example.com",
        "https://runbooks.example.com:8443/a/b/",
    ] {
        let flag = format!("--set=metrics.prometheusRule.runbookBaseUrl={base}");
        let expected = source.iter().map(|url| {
            let (_, page) = url.rsplit_once('/').unwrap();
            format!("{}/{page}", base.trim_end_matches('/'))
        });
        assert_eq!(urls(&rules(&[&flag])), expected.collect::<Vec<_>>(), "{base}");
    }
}

/// The objects of manifests.
pub fn objects(manifests: &str) -> Vec<Value> {
    let documents = format!("\n{manifests}");
    let documents = documents.split("\n---").filter(|text| text.contains("\nkind:"));
    documents
        .map(|text| serde_saphyr::from_str(text).unwrap())
        .collect()
}

#[test]
fn the_lease_that_is_named_is_the_one_of_the_controllers_name() {
    for name in [
        "privatelink.dev/controller",
        "example.com/second",
        "example.com/two.b-c",
    ] {
        let flags = [
            "--set=crds.install=false",
            &format!("--set=controllerName={name}"),
        ];
        let rendered = render(&helm(), &format!("{VALUES}/defaults.yaml"), &flags).unwrap();
        let mut roles = 0;
        for object in objects(&rendered)
            .iter()
            .filter(|object| object["kind"] == "Role")
        {
            for rule in object["rules"].as_array().unwrap() {
                let verbs: Vec<&str> = rule["verbs"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                if rule["resources"] == json!(["leases"]) && verbs != ["create"] {
                    assert_eq!(verbs, ["get", "update"], "{object:#}");
                    assert_eq!(rule["resourceNames"], json!([lease_name(name)]), "{object:#}");
                    roles += 1;
                } else {
                    // Who makes an object has no name for it yet, as far as RBAC knows.
                    assert_eq!(
                        rule.get("resourceNames").is_none(),
                        verbs == ["create"],
                        "{object:#}"
                    );
                }
            }
        }
        assert_eq!(
            roles, 2,
            "the controller's Role and that of the job before an uninstall"
        );
    }
}

#[test]
fn releases_of_one_name_in_two_namespaces_share_nothing_but_the_definitions() {
    // With hooks, identities of tenants and all that is off by default.
    let rendered = |namespace: &str| {
        let flags = [
            "--set=metrics.prometheusRule.enabled=true",
            "--set=metrics.dashboard.enabled=true",
            "--namespace",
            namespace,
        ];
        objects(&render(&helm(), &format!("{VALUES}/production.yaml"), &flags).unwrap())
    };
    // By kind, the namespace that the object names itself (none: of the whole cluster), and name.
    let places = |objects: &[Value]| -> BTreeSet<String> {
        let place = |object: &Value| {
            let metadata = &object["metadata"];
            format!(
                "{} {} {}",
                object["kind"], metadata["namespace"], metadata["name"]
            )
        };
        objects.iter().map(place).collect()
    };
    let (first, second) = (rendered("platform"), rendered("platform-second"));
    let definitions: BTreeSet<String> = privatelink_api::crds()
        .into_iter()
        .map(|definition| {
            format!(
                "\"CustomResourceDefinition\" null {:?}",
                definition.metadata.name.unwrap()
            )
        })
        .collect();
    let (first, second) = (places(&first), places(&second));
    let shared: BTreeSet<String> = first.intersection(&second).cloned().collect();
    assert_eq!(shared, definitions);
    let kinds = [
        "ClusterRole",
        "ClusterRoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ];
    for kind in kinds {
        let start = format!("\"{kind}\" null ");
        assert!(
            first.iter().any(|place| place.starts_with(&start)),
            "no {kind} in {first:#?}"
        );
    }
}

/// `kubectl kustomize` of a folder, as kinds and names.
fn kustomized(folder: &str) -> BTreeSet<String> {
    let kubectl = assets::provide(&mut |line| eprintln!("{line}"))
        .unwrap()
        .kubectl();
    let output = Command::new(kubectl)
        .arg("kustomize")
        .arg(workspace().join(folder))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    names(&String::from_utf8(output.stdout).unwrap())
}

/// The kinds and names of manifests.
fn names(manifests: &str) -> BTreeSet<String> {
    let name = |object: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
    };
    objects(manifests).iter().map(name).collect()
}

#[test]
fn the_kustomize_base_has_what_the_chart_has() {
    let rendered = render(&helm(), "deploy/kustomize/values.yaml", &["--no-hooks"]).unwrap();
    let mut expected = names(&rendered);
    assert!(expected.len() > 15, "{expected:?}");
    expected.insert("Namespace privatelink-system".to_owned());
    assert_eq!(kustomized("deploy/kustomize/base"), expected);
    assert_eq!(kustomized("deploy/kustomize/example"), expected);

    let rendered = render(&helm(), "deploy/kustomize/values.yaml", &RELEASE).unwrap();
    let expected = names(&rendered);
    assert_eq!(expected.len(), 6, "{expected:?}");
    assert_eq!(kustomized("deploy/kustomize/release"), expected);
    let file = std::fs::read_to_string(workspace().join("deploy/kustomize/release/manifests.yaml")).unwrap();
    assert!(!file.contains("helm.sh/"), "{file}");
}
