//! Wrong values: Helm refuses them in the words of the schema, or in ours where only a whole installation shows the mistake.

use privatelink_engine::lease::lease_name;
use privatelink_testkit::charts::{CONTROLLER, EXAMPLES, workspace};

use crate::cluster::helm;

const IDS: [&str; 2] = [
    "--set=azure.clientId=11111111-2222-3333-4444-555555555555",
    "--set=azure.tenantId=66666666-7777-8888-9999-000000000000",
];

/// What Helm says to the controller's chart with some flags; nothing where it takes them.
fn said(chart: &str, flags: &[&str]) -> Option<String> {
    let chart = workspace().join(chart).display().to_string();
    let arguments = [&["template", "release", &chart], flags].concat();
    let output = helm().run(&arguments).unwrap();
    (!output.success).then_some(output.stderr)
}

#[test]
fn wrong_values_are_refused_in_the_schemas_words() {
    for (flag, words) in [
        ("--set=replicas=0", ["/replicas", "minimum"]),
        ("--set=replicas=two", ["/replicas", "want integer"]),
        ("--set=replica=3", ["additional properties", "'replica'"]),
        ("--set=image.tag=a b", ["/image/tag", "does not match pattern"]),
        (
            "--set=image.digest=sha256:1234",
            ["/image/digest", "does not match pattern"],
        ),
        (
            "--set=image.repository=registry.example.com/name:tag",
            ["/image/repository", "does not match pattern"],
        ),
        (
            "--set=image.pullPolicy=Sometimes",
            ["/image/pullPolicy", "'IfNotPresent'"],
        ),
        ("--set=ownerId=a/b", ["/ownerId", "does not match pattern"]),
        ("--set=controllerName=", ["/controllerName", "minLength"]),
        ("--set=cloud.name=mars", ["/cloud/name", "'usgov'"]),
        ("--set=cloud.name=custom", ["/cloud/armEndpoint", "minLength"]),
        (
            "--set=cloud.armEndpoint=http://plain.example.com",
            ["/cloud/armEndpoint", "does not match pattern"],
        ),
        (
            "--set=azure.credential=guess",
            ["/azure/credential", "'managed-identity'"],
        ),
        (
            "--set=azure.clientId=me",
            ["/azure/clientId", "does not match pattern"],
        ),
        (
            "--set=workloadIdentities[0].name=azure",
            ["/workloadIdentities/0", "'namespace'"],
        ),
        (
            "--set=driftInterval=soon",
            ["/driftInterval", "does not match pattern"],
        ),
        (
            "--set=driftInterval=12345678901234567890s",
            ["/driftInterval", "does not match pattern"],
        ),
        (
            "--set=releaseOnUninstall.timeout=123456h",
            ["/releaseOnUninstall/timeout", "does not match pattern"],
        ),
        (
            "--set=metrics.serviceMonitor.interval=123456m",
            ["/metrics/serviceMonitor/interval", "does not match pattern"],
        ),
        ("--set=resources.limit.cpu=1", ["/resources", "'limit'"]),
        (
            "--set=resources.limits.memory=64MB",
            ["/resources/limits/memory", "does not match pattern"],
        ),
        (
            "--set=resources.limits.cpu=-1",
            ["/resources/limits/cpu", "minimum"],
        ),
        (
            "--set=tolerations[0].effects=NoExecute",
            ["/tolerations/0", "'effects'"],
        ),
        (
            "--set=affinity.nodeAffinities.a=b",
            ["/affinity", "'nodeAffinities'"],
        ),
        (
            "--set=topologySpreadConstraints[0].topologyKey=zone",
            ["/topologySpreadConstraints/0", "'maxSkew'"],
        ),
        (
            "--set=networkPolicy.extraEgress[0].from=x",
            ["/networkPolicy/extraEgress/0", "'from'"],
        ),
        (
            "--set=networkPolicy.metricsFrom[0].ipBlock.cidr=10.0.0.0",
            [
                "/networkPolicy/metricsFrom/0/ipBlock/cidr",
                "does not match pattern",
            ],
        ),
        (
            r"--set=podLabels.app\.kubernetes\.io/component=x",
            ["/podLabels/app.kubernetes.io~1component", "false schema"],
        ),
        (
            r"--set=podLabels.azure\.workload\.identity/use=x",
            ["/podLabels/azure.workload.identity~1use", "false schema"],
        ),
        (
            "--set=podLabels.a=b c",
            ["/podLabels/a", "does not match pattern"],
        ),
        (
            r"--set=podAnnotations.kubectl\.kubernetes\.io/default-container=x",
            [
                "/podAnnotations/kubectl.kubernetes.io~1default-container",
                "false schema",
            ],
        ),
        (
            r"--set=metrics.serviceMonitor.labels.helm\.sh/chart=x",
            ["/metrics/serviceMonitor/labels/helm.sh~1chart", "false schema"],
        ),
        (
            r"--set=metrics.prometheusRule.labels.app\.kubernetes\.io/instance=x",
            [
                "/metrics/prometheusRule/labels/app.kubernetes.io~1instance",
                "false schema",
            ],
        ),
        (
            r"--set=metrics.dashboard.labels.app\.kubernetes\.io/instance=x",
            [
                "/metrics/dashboard/labels/app.kubernetes.io~1instance",
                "false schema",
            ],
        ),
        ("--set=workers=1000", ["/workers", "maximum"]),
        ("--set=log.level=loud", ["/log/level", "does not match pattern"]),
        ("--set=log.format=xml", ["/log/format", "'json'"]),
        (
            "--set=proxy.https=proxy:3128",
            ["/proxy/https", "does not match pattern"],
        ),
        ("--set=lookupPort=70000", ["/lookupPort", "maximum"]),
        (
            "--set=networkPolicy.metricsFrom=all",
            ["/networkPolicy/metricsFrom", "want array"],
        ),
        (
            "--set=releaseOnUninstall.timeout=0s",
            ["/releaseOnUninstall/timeout", "does not match pattern"],
        ),
        ("--set=crds.keep=false", ["/crds", "'keep'"]),
        (
            "--set=metrics.prometheusRule.runbookBaseUrl=docs/runbooks",
            ["/metrics/prometheusRule/runbookBaseUrl", "does not match pattern"],
        ),
    ] {
        let said = said(CONTROLLER, &[IDS[0], IDS[1], flag]).unwrap_or_else(|| panic!("{flag} was taken"));
        for word in words {
            assert!(said.contains(word), "{flag}: no {word:?} in {said}");
        }
    }
    assert_eq!(said(CONTROLLER, &IDS), None);
}

/// Helm drops what is left empty, defaults included: what a template needs is missed by name.
#[test]
fn values_that_are_left_empty_are_missed_by_name() {
    for (emptied, words) in [
        ("driftInterval", ["''", "'driftInterval'"]),
        ("replicas", ["''", "'replicas'"]),
        ("controllerName", ["''", "'controllerName'"]),
        ("metrics", ["''", "'metrics'"]),
        ("proxy", ["''", "'proxy'"]),
        ("image.pullPolicy", ["'/image'", "'pullPolicy'"]),
        ("log.level", ["'/log'", "'level'"]),
        (
            "networkPolicy.apiServerPorts",
            ["'/networkPolicy'", "'apiServerPorts'"],
        ),
        (
            "metrics.serviceMonitor.interval",
            ["'/metrics/serviceMonitor'", "'interval'"],
        ),
    ] {
        let flag = format!("--set-json={emptied}=null");
        let said = said(CONTROLLER, &[IDS[0], IDS[1], &flag]).unwrap_or_else(|| panic!("{flag} was taken"));
        assert!(said.contains("missing property"), "{flag}: {said}");
        for word in words {
            assert!(said.contains(word), "{flag}: no {word:?} in {said}");
        }
    }
    for emptied in [
        "nodeSelector",
        "tolerations",
        "podLabels",
        "affinity",
        "imagePullSecrets",
        "workloadIdentities",
    ] {
        let flag = format!("--set-json={emptied}=null");
        assert_eq!(said(CONTROLLER, &[IDS[0], IDS[1], &flag]), None, "{flag}");
    }
    let said = said(EXAMPLES, &["--set-json=scope=null"]).unwrap_or_default();
    assert!(said.contains("missing property 'scope'"), "{said}");
}

/// What the program or the API server would refuse is refused here, before anything is installed.
#[test]
fn what_nobody_takes_later_is_refused_at_once() {
    for (value, place) in [
        (r#"proxy.https="http://proxy:port""#, "/proxy/https"),
        (r#"proxy.https="http://user:hun#ter2@proxy:3128""#, "/proxy/https"),
        (r#"proxy.https="http://proxy:99999""#, "/proxy/https"),
        (r#"proxy.https="http:///x""#, "/proxy/https"),
        (
            r#"cloud={"name": "custom", "armEndpoint": "https://a?b", "authority": "https://b"}"#,
            "/cloud/armEndpoint",
        ),
        (
            r#"cloud={"name": "custom", "armEndpoint": "https://a", "authority": "https://b", "armAudience": "foo"}"#,
            "/cloud/armAudience",
        ),
        (
            r#"azure.resourceId="/subscriptions/x/userAssignedIdentities/y""#,
            "/azure/resourceId",
        ),
        (r#"resources.limits={"mem": "1Gi"}"#, "/resources/limits"),
        (r#"resources.claims=[{"name": "gpu"}]"#, "/resources"),
        (
            r#"tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]"#,
            "/tolerations/0",
        ),
        (
            r#"tolerations=[{"key": "a", "tolerationSeconds": 5}]"#,
            "/tolerations/0",
        ),
        (r#"tolerations=[{"value": "a"}]"#, "/tolerations/0"),
        (
            r#"topologySpreadConstraints=[{"topologyKey": "a", "maxSkew": 1, "minDomains": 2, "whenUnsatisfiable": "ScheduleAnyway"}]"#,
            "/topologySpreadConstraints/0",
        ),
        (
            r#"topologySpreadConstraints=[{"topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}}]"#,
            "/operator",
        ),
        (
            r#"networkPolicy.metricsFrom=[{"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}]"#,
            "/matchExpressions/0",
        ),
        (
            r#"networkPolicy.metricsFrom=[{"ipBlock": {"cidr": "10.0.0.0/33"}}]"#,
            "/cidr",
        ),
        (
            r#"networkPolicy.metricsFrom=[{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]"#,
            "/networkPolicy/metricsFrom/0",
        ),
        (
            r#"networkPolicy.extraEgress=[{"ports": [{"endPort": 2}]}]"#,
            "/ports/0",
        ),
        (r#"serviceAccount.name="a..b""#, "/serviceAccount/name"),
        (r#"priorityClassName="a..b""#, "/priorityClassName"),
        (r#"caBundle={"configMap": "ca", "key": ".."}"#, "/caBundle/key"),
        (r#"driftInterval="9000h""#, "/driftInterval"),
        (r#"podLabels={"app.kubernetes.io/name": "mine"}"#, "/podLabels"),
    ] {
        let flag = format!("--set-json={value}");
        let said = said(CONTROLLER, &[IDS[0], IDS[1], &flag]).unwrap_or_else(|| panic!("{flag} was taken"));
        assert!(said.contains(place), "{flag}: no {place} in {said}");
    }
}

/// Helm's releases may have names with dots, and Services may not.
#[test]
fn a_release_may_have_a_dot_in_its_name() {
    let chart = workspace().join(CONTROLLER).display().to_string();
    let rendered = helm()
        .run(&["template", "team.a", &chart, IDS[0], IDS[1]])
        .unwrap();
    assert!(rendered.success, "{}", rendered.stderr);
    assert!(
        rendered
            .stdout
            .contains("name: team-a-privatelink-controller-metrics"),
        "{}",
        rendered.stdout
    );
    assert!(!rendered.stdout.contains("name: team.a"));
}

/// What the schema is strict about is as wide as Kubernetes is.
#[test]
fn what_kubernetes_takes_is_taken() {
    let term = r#"{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "b"}}}"#;
    let node = r#"{"matchExpressions": [{"key": "a/b", "operator": "In", "values": ["c"]}]}"#;
    for flag in [
        "resources=null".to_owned(),
        r#"resources={"limits": {"cpu": 1.5, "memory": "1Gi", "nvidia.com/gpu": 1, "ephemeral-storage": "1e9"}}"#.to_owned(),
        r#"tolerations=[{"operator": "Exists"}, {"key": "a/b", "effect": "NoExecute", "tolerationSeconds": 30}]"#.to_owned(),
        format!(r#"affinity.podAntiAffinity={{"requiredDuringSchedulingIgnoredDuringExecution": [{term}]}}"#),
        format!(r#"affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution={{"nodeSelectorTerms": [{node}]}}"#),
        r#"topologySpreadConstraints=[{"topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}]"#.to_owned(),
        r#"networkPolicy.metricsFrom=[{"ipBlock": {"cidr": "fd00::/8"}}, {"podSelector": {}}]"#.to_owned(),
        r#"networkPolicy.extraEgress=[{}, {"ports": [{"port": "https"}, {"port": 1, "endPort": 2}]}]"#.to_owned(),
        r#"podLabels={"example.com/Team": "", "on": "a.b_c"}"#.to_owned(),
        r#"driftInterval="1h2m3s""#.to_owned(),
    ] {
        let flag = format!("--set-json={flag}");
        assert_eq!(said(CONTROLLER, &[IDS[0], IDS[1], &flag]), None, "{flag}");
    }
}

/// The leader's Lease is named after the controller: a name that makes no name of an object would leave it without a leader.
#[test]
fn a_controller_has_the_name_that_its_flag_takes() {
    let said_of = |name: &str| {
        let flag = format!("--set-string=controllerName={name}");
        said(CONTROLLER, &[IDS[0], IDS[1], &flag])
    };
    for name in ["privatelink.dev/controller", "example.com/two.b-c", "7/7"] {
        assert_eq!(said_of(name), None, "{name}");
        let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        assert!(lease_name(name).split('.').all(is_label), "{name}");
    }
    for name in [
        "-Team_A/",
        "Größe/x.Y",
        "a--b",
        ".a.",
        "7",
        "a..b/c",
        "a/.b",
        "a./b",
        "a.ö.b",
        "/",
        "a/b/c",
    ] {
        assert!(
            said_of(name).is_some_and(|said| said.contains("/controllerName")),
            "{name}"
        );
    }
    // What a shell, YAML or Kubernetes reads as something else is nobody's name.
    for name in ["a #b", "a: b", "a\tb", "$(POD_NAME)"] {
        let said = said(
            CONTROLLER,
            &[IDS[0], IDS[1], &format!("--set-string=controllerName={name}")],
        );
        let said = said.unwrap_or_else(|| panic!("{name} was taken"));
        assert!(said.contains("'/controllerName'"), "{name}: {said}");
    }
}

/// A value that would do nothing, or stop the pod, is refused with both ways out: without it, or with what it is for.
#[test]
fn values_that_would_do_nothing_are_refused_with_what_they_are_for() {
    const UUID: &str = "11111111-2222-3333-4444-555555555555";
    const MACHINE: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
    let (client_id, object_id) = (format!("azure.clientId={UUID}"), format!("azure.objectId={UUID}"));
    let resource_id = format!("azure.resourceId={MACHINE}");
    let (client_id, object_id, resource_id) = (client_id.as_str(), object_id.as_str(), resource_id.as_str());
    let tenant_id = format!("azure.tenantId={UUID}");
    let application = [client_id, &tenant_id];
    let with = |values: &[&'static str]| [&application[..], values].concat();
    let flags =
        |values: &[&str]| -> Vec<String> { values.iter().map(|value| format!("--set={value}")).collect() };
    let machine = "azure.credential=managed-identity";
    let cases = [
        (
            with(&["cloud.armEndpoint=https://management.example.com"]),
            [
                "'/cloud/armEndpoint': value must be ''",
                "'/cloud/name': value must be 'custom'",
            ],
        ),
        (
            with(&[
                "cloud.armAudience=https://management.example.com",
                "cloud.name=china",
            ]),
            [
                "'/cloud/armAudience': value must be ''",
                "'/cloud/name': value must be 'custom'",
            ],
        ),
        (
            with(&["cloud.authority=https://login.example.com"]),
            [
                "'/cloud/authority': value must be ''",
                "'/cloud/name': value must be 'custom'",
            ],
        ),
        (
            with(&["cloud.zoneCatalogue=china"]),
            [
                "'/cloud/zoneCatalogue': value must be ''",
                "'/cloud/name': value must be 'custom'",
            ],
        ),
        (
            vec![machine, client_id, object_id],
            [
                "'/azure/clientId': value must be ''",
                "'/azure/objectId': value must be ''",
            ],
        ),
        (
            vec![machine, client_id, resource_id],
            [
                "'/azure/clientId': value must be ''",
                "'/azure/resourceId': value must be ''",
            ],
        ),
        (
            vec![machine, object_id, resource_id],
            [
                "'/azure/objectId': value must be ''",
                "'/azure/resourceId': value must be ''",
            ],
        ),
        (
            vec![machine, &tenant_id],
            [
                "'/azure/tenantId': value must be ''",
                "'/azure/credential': value must be one of 'workload-identity', 'client-secret'",
            ],
        ),
        (
            [&application[..], &[object_id]].concat(),
            [
                "'/azure/objectId': value must be ''",
                "'/azure/credential': value must be 'managed-identity'",
            ],
        ),
        (
            [
                &application[..],
                &[
                    resource_id,
                    "azure.credential=client-secret",
                    "azure.clientSecret.name=one",
                ],
            ]
            .concat(),
            [
                "'/azure/resourceId': value must be ''",
                "'/azure/credential': value must be 'managed-identity'",
            ],
        ),
        (
            with(&["azure.clientSecret.name=one"]),
            [
                "'/azure/clientSecret/name': value must be ''",
                "'/azure/credential': value must be 'client-secret'",
            ],
        ),
        (
            vec![machine, "azure.workloadIdentity.webhook=true"],
            [
                "'/azure/workloadIdentity/webhook': value must be false",
                "'/azure/credential': value must be 'workload-identity'",
            ],
        ),
        (
            vec![machine, "azure.workloadIdentity.audience=api://other"],
            [
                "'/azure/workloadIdentity/audience': value must be 'api://AzureADTokenExchange'",
                "'/azure/credential': value must be 'workload-identity'",
            ],
        ),
        (
            with(&[
                "azure.workloadIdentity.webhook=true",
                "azure.workloadIdentity.audience=api://other",
            ]),
            [
                "'/azure/workloadIdentity/audience': value must be 'api://AzureADTokenExchange'",
                "'/azure/workloadIdentity/webhook': value must be false",
            ],
        ),
    ];
    for (values, words) in cases {
        let flags = flags(&values);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let said = said(CONTROLLER, &flags).unwrap_or_else(|| panic!("{flags:?} were taken"));
        for word in words {
            assert!(said.contains(word), "{flags:?}: no {word:?} in {said}");
        }
    }
    // What each of them is for takes it.
    for values in [
        vec![machine],
        vec![machine, client_id],
        vec![machine, object_id],
        vec![machine, resource_id],
        with(&["azure.workloadIdentity.webhook=true"]),
        with(&["azure.workloadIdentity.audience=api://other"]),
        with(&["azure.credential=client-secret", "azure.clientSecret.name=one"]),
        with(&[
            "cloud.name=custom",
            "cloud.armEndpoint=https://management.example.com",
            "cloud.armAudience=https://management.example.com",
            "cloud.authority=https://login.example.com",
            "cloud.zoneCatalogue=china",
        ]),
    ] {
        let flags = flags(&values);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        assert_eq!(said(CONTROLLER, &flags), None, "{flags:?}");
    }
}

#[test]
fn what_a_credential_lacks_is_told_by_its_value() {
    for (flags, word) in [
        (vec![], "azure.clientId: the credential workload-identity needs"),
        (
            vec![IDS[0]],
            "azure.tenantId: the credential workload-identity needs",
        ),
        (
            vec![IDS[0], IDS[1], "--set=azure.credential=client-secret"],
            "azure.clientSecret.name: the credential client-secret needs",
        ),
        (
            vec!["--set=azure.workloadIdentity.webhook=true"],
            "azure.clientId: the credential",
        ),
    ] {
        let said = said(CONTROLLER, &flags).unwrap_or_else(|| panic!("{flags:?} were taken"));
        assert!(said.contains(word), "{flags:?}: {said}");
    }
    assert_eq!(
        said(CONTROLLER, &["--set=azure.credential=managed-identity"]),
        None
    );
}

#[test]
fn wrong_values_of_the_examples_are_refused_too() {
    for (flag, word) in [
        ("--set=scope.allow[0].on=everything", "/scope/allow/0"),
        ("--set=scope.allow[0].true=everything", "/scope/allow/0"),
        ("--set=scope.allow[0].verbs={Manage}", "'on'"),
        (
            "--set=scope.allow[0].verbs={Manage},scope.allow[0].on=/subscriptions/s,scope.allow[0].true=/subscriptions/s",
            "/scope/allow/0",
        ),
        ("--set=endpoints.one.target.id=x", "'subnet'"),
        ("--set=zone.a=b", "'zone'"),
    ] {
        let said = said(EXAMPLES, &[flag]).unwrap_or_else(|| panic!("{flag} was taken"));
        assert!(said.contains(word), "{flag}: no {word:?} in {said}");
    }
}
