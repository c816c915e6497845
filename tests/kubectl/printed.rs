//! What kubectl prints of every kind in every situation, held against `golden/kubectl/`.

use privatelink_api::{Reason, crds};
use privatelink_tests::golden::{golden, masked, without_identifiers};

use crate::cluster::{kubectl, make_namespace, put, try_kubectl};
use crate::play::{Shown, play};
use crate::situations::situations;
use crate::subjects::{SCOPE, SUBJECTS, Subject};

/// Plays every situation of a kind, puts the objects into the cluster, and looks at them as a user does.
fn look(subject: &Subject) {
    let situations = situations();
    let of_kind = situations
        .iter()
        .filter(|situation| situation.kinds.contains(&subject.short));
    let shown: Vec<Shown> = of_kind.map(|situation| play(situation, subject)).collect();
    assert!(
        shown.len() >= 4,
        "{} is in {} situations",
        subject.kind,
        shown.len()
    );
    // Events of two kinds may have one name here: the simulated clock stands still.
    let namespace = &format!("situations-{}", subject.short);
    make_namespace(namespace);
    put(&shown, namespace);

    let short = subject.short;
    let file = |what: &str| format!("kubectl/{short}/{what}.txt");
    golden(&file("get"), &masked(&kubectl(&["get", short, "-n", namespace])));
    golden(
        &file("wide"),
        &masked(&kubectl(&["get", short, "-n", namespace, "-o", "wide"])),
    );
    golden(
        &file("describe"),
        &described(&kubectl(&["describe", short, "-n", namespace])),
    );
    // Of several objects at once kubectl describes no events, so they are listed beside them.
    let columns = "-o=custom-columns=OBJECT:.involvedObject.name,TYPE:.type,REASON:.reason,MESSAGE:.message";
    let events_in = if short == SCOPE.short {
        "default"
    } else {
        namespace
    };
    // The API server tells of its own service there, some minutes after its start.
    let of_objects = "--field-selector=involvedObject.kind!=Service";
    let events = kubectl(&["get", "events", "-n", events_in, of_objects, columns]);
    golden(&file("events"), &without_identifiers(&events));
    let mut waited = String::new();
    for condition in ["Ready", "Stalled"] {
        let condition = format!("--for=condition={condition}");
        // Looks once: what is not so now will not be so later, where nobody writes.
        let arguments = ["wait", &condition, "--timeout=0", short, "--all", "-n", namespace];
        let (_, met, not_met) = try_kubectl(&arguments, "");
        waited.push_str(&format!(
            "$ kubectl wait {condition} --timeout=0 {short} --all\n{met}{not_met}\n"
        ));
        assert_eq!(
            met.lines().count() + not_met.lines().count(),
            shown.len(),
            "{met}{not_met}"
        );
    }
    golden(&file("wait"), &waited);
}

/// What `kubectl describe` says that is ours: which object it is, and its status.
fn described(text: &str) -> String {
    let mut ours = String::new();
    let mut part = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            part = line.split(':').next().unwrap_or_default();
        }
        let is_ours = ["", "Name", "Kind", "Status"].contains(&part);
        if is_ours {
            ours.push_str(without_operation(&without_identifiers(line)).trim_end());
            ours.push('\n');
        }
    }
    ours
}

/// The address of an operation without its last part, which is Azure's own and differs from run to run.
fn without_operation(line: &str) -> String {
    match line.rsplit_once('/') {
        Some((address, _)) if line.trim_start().starts_with("URL:") => format!("{address}/<operation>"),
        _ => line.to_owned(),
    }
}

macro_rules! kinds {
    ($($test:ident: $kind:literal,)+) => {
        $(#[test]
        fn $test() {
            look(SUBJECTS.iter().find(|subject| subject.kind == $kind).unwrap());
        })+
        const TESTED: &[&str] = &[$($kind),+];
    };
}

kinds! {
    private_endpoints: "PrivateEndpoint",
    private_dns_zones: "PrivateDnsZone",
    private_dns_zone_links: "PrivateDnsZoneLink",
    private_dns_record_sets: "PrivateDnsRecordSet",
    network_security_groups: "NetworkSecurityGroup",
    application_security_groups: "ApplicationSecurityGroup",
    route_tables: "RouteTable",
    subnet_bindings: "SubnetBinding",
    application_security_group_bindings: "ApplicationSecurityGroupBinding",
}

/// Scopes belong to no namespace, so whoever lists all kinds sees every scope: both are looked at in one test.
#[test]
fn scopes_and_all_kinds_together() {
    crate::together::look();
    look(&SCOPE);
}

#[test]
fn no_kind_is_left_out() {
    let mut kinds: Vec<String> = crds()
        .into_iter()
        .map(|definition| definition.spec.names.kind)
        .collect();
    let mut tested: Vec<&str> = TESTED.iter().copied().chain([SCOPE.kind]).collect();
    kinds.sort();
    tested.sort_unstable();
    assert_eq!(kinds, tested);
}

/// Reasons that Ready never has, or that no play brings about, and why.
const NOT_SHOWN: &[(Reason, &str)] = &[
    (Reason::NotVerified, "of DNSReady, which does not hold Ready back"),
    (Reason::LimitNear, "of a warning"),
    (Reason::NoRecord, "of a warning"),
    (Reason::PolicyDisabled, "of a warning"),
    (Reason::RouteTooWide, "of a warning"),
    (
        Reason::Unsupported,
        "no kind has a field that this version does not do",
    ),
    (Reason::InternalError, "a fault of the controller"),
];

#[test]
fn every_reason_is_shown_somewhere() {
    let situations = situations();
    for reason in Reason::ALL {
        let shown = situations
            .iter()
            .any(|situation| situation.reason == reason.as_str());
        let excused = NOT_SHOWN.iter().any(|(excused, _)| excused == reason);
        assert_ne!(shown, excused, "{reason} is shown, or it is said why it is not");
    }
}
