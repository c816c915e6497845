//! Wrong values: Helm refuses them in the words of the schema, or in ours where only a whole installation shows the mistake.

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
        ("--set=endpoints.one.target.id=x", "'subnet'"),
        ("--set=zone.a=b", "'zone'"),
    ] {
        let said = said(EXAMPLES, &[flag]).unwrap_or_else(|| panic!("{flag} was taken"));
        assert!(said.contains(word), "{flag}: no {word:?} in {said}");
    }
}
