//! `cargo xtask monitoring`: what is made from the rule file and the dashboard of deploy/monitoring.
//!
//! The rules stand in one place, as Prometheus reads them. The object for the Prometheus operator and the copies that the
//! chart packs follow from them.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::generated::GeneratedArguments;
use crate::{Failure, programs};

const SOURCES: &str = "deploy/monitoring";
const CHART: &str = "charts/privatelink-controller/files";

/// Writes what follows from the sources, or compares it.
pub(crate) fn run(arguments: GeneratedArguments) -> Result<(), Failure> {
    arguments.settle("monitoring", files()?, Vec::new())
}

/// The files by their place in the workspace.
fn files() -> Result<[(String, String); 3], Failure> {
    let (alerts, dashboard) = (source("alerts.yaml")?, source("dashboard.json")?);
    Ok([
        (
            format!("{SOURCES}/prometheus-rule.yaml"),
            prometheus_rule(&alerts)?,
        ),
        (format!("{CHART}/alerts.yaml"), alerts),
        (format!("{CHART}/dashboard.json"), dashboard),
    ])
}

fn source(name: &str) -> Result<String, Failure> {
    let path: PathBuf = programs::workspace().join(SOURCES).join(name);
    std::fs::read_to_string(&path).map_err(Failure::file("reading", &path))
}

/// The rules as the Prometheus operator takes them.
fn prometheus_rule(alerts: &str) -> Result<String, Failure> {
    let failed = |error: String| Failure::Message(format!("{SOURCES}/alerts.yaml: {error}"));
    let rules: Value = serde_saphyr::from_str(alerts).map_err(|error| failed(error.to_string()))?;
    let groups = rules
        .get("groups")
        .ok_or_else(|| failed("there are no groups".to_owned()))?;
    let object = json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "privatelink-controller",
            "labels": {"app.kubernetes.io/name": "privatelink-controller"},
        },
        "spec": {"groups": groups},
    });
    let yaml = serde_saphyr::to_string(&object).map_err(|error| failed(error.to_string()))?;
    Ok(format!(
        "# Generated from alerts.yaml by `cargo xtask monitoring`; do not edit.\n{}\n",
        yaml.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_are_those_of_their_sources() {
        run(GeneratedArguments { check: true }).unwrap();
    }

    #[test]
    fn the_object_has_the_same_groups_as_the_rule_file() {
        let alerts = source("alerts.yaml").unwrap();
        let rules: Value = serde_saphyr::from_str(&alerts).unwrap();
        let object: Value = serde_saphyr::from_str(&prometheus_rule(&alerts).unwrap()).unwrap();
        assert!(
            rules["groups"]
                .as_array()
                .is_some_and(|groups| !groups.is_empty())
        );
        assert_eq!(object["spec"]["groups"], rules["groups"]);
    }
}
