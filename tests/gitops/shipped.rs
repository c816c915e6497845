//! What is shipped for Argo CD and Flux names what is there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::judges::checkout;

fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(checkout(path)).unwrap();
    text.split("\n---\n")
        .map(|document| serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{path}: {error}")))
        .collect()
}

#[test]
fn the_application_and_the_kustomizations_name_what_is_there() {
    let application = documents("deploy/gitops/argocd/application.yaml").remove(0);
    let path = application["spec"]["source"]["path"].as_str().unwrap();
    assert!(checkout(path).is_dir(), "{path}");

    let flux = documents("deploy/gitops/flux/kustomizations.yaml");
    let of_kind = |kind: &'static str| flux.iter().filter(move |object| object["kind"] == kind);
    let names = |kind| -> BTreeSet<&str> {
        of_kind(kind)
            .map(|object| object["metadata"]["name"].as_str().unwrap())
            .collect()
    };
    let mut parts = BTreeSet::new();
    for kustomization in of_kind("Kustomization") {
        let spec = &kustomization["spec"];
        let part = spec["path"].as_str().unwrap();
        assert!(checkout(part).is_dir(), "{part}");
        parts.insert(part.trim_start_matches("./").to_owned());
        assert!(names("GitRepository").contains(spec["sourceRef"]["name"].as_str().unwrap()));
        for dependency in spec["dependsOn"].as_array().into_iter().flatten() {
            assert!(names("Kustomization").contains(dependency["name"].as_str().unwrap()));
        }
    }
    // Both bring the same.
    let folders: BTreeSet<String> = std::fs::read_dir(checkout(path))
        .unwrap()
        .map(|folder| format!("{path}/{}", folder.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(parts, folders);
}

#[test]
fn the_waves_are_scope_zones_bindings_endpoints_and_approvals() {
    for (folder, wave) in [
        ("scope", "0"),
        ("zones", "1"),
        ("bindings", "2"),
        ("endpoints", "3"),
        ("approvals", "4"),
    ] {
        let folder = format!("deploy/gitops/manifests/{folder}");
        for file in std::fs::read_dir(checkout(&folder)).unwrap() {
            let file = format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap());
            for object in documents(&file) {
                let annotations = &object["metadata"]["annotations"];
                assert_eq!(annotations["argocd.argoproj.io/sync-wave"], wave, "{file}");
            }
        }
    }
}
