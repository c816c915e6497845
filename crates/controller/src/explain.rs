//! `explain access`: who reaches each private endpoint, from manifests alone.

use std::io::Write as _;

use kube::ResourceExt;
use privatelink_api::{GROUP, NetworkSecurityGroup, PrivateEndpoint};
use privatelink_kinds::access::report::{Report, ports, protocols};
use privatelink_kinds::access::{Estate, check};
use serde_json::{Value, json};

use crate::Failure;
use crate::arguments::{AccessArguments, OutputFormat};
use crate::manifests::{self, Document};

/// Prints who reaches the endpoints among the manifests.
pub(crate) fn access(arguments: &AccessArguments) -> Result<(), Failure> {
    let mut estate = Estate::default();
    for (network, prefixes) in &arguments.address_space {
        estate = estate.with_address_space(network, prefixes.clone());
    }
    let mut endpoints: Vec<PrivateEndpoint> = Vec::new();
    for document in manifests::read(&arguments.files)? {
        estate = add(estate, &mut endpoints, &document)?;
    }
    endpoints.sort_by_key(|endpoint| (endpoint.namespace(), endpoint.name_any()));
    if let Some(wish) = &arguments.endpoint {
        endpoints.retain(|endpoint| is_called(endpoint, wish));
    }
    if endpoints.is_empty() {
        let which = arguments
            .endpoint
            .as_deref()
            .map_or(String::new(), |name| format!(" {name}"));
        return Err(Failure::Manifests(format!(
            "there is no PrivateEndpoint{which} among the manifests"
        )));
    }
    let answers = endpoints
        .iter()
        .map(|endpoint| (estate.access(endpoint), estate.policy_ignored(endpoint)));
    let text = match arguments.output {
        OutputFormat::Table => answers
            .map(|(report, warning)| table(&report, warning.as_deref()))
            .collect::<Vec<_>>()
            .join("\n"),
        OutputFormat::Json => {
            let all: Vec<Value> = answers
                .map(|(report, warning)| as_json(&report, warning.as_deref()))
                .collect();
            format!("{:#}\n", Value::Array(all))
        }
    };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(|error| Failure::Print(error.to_string())),
    }
}

fn is_called(endpoint: &PrivateEndpoint, wish: &str) -> bool {
    match wish.split_once('/') {
        None => endpoint.name_any() == wish,
        Some((namespace, name)) => {
            endpoint.name_any() == name && endpoint.namespace().as_deref().unwrap_or("default") == namespace
        }
    }
}

/// Adds what a document is; kinds that have no say in access are skipped.
fn add(estate: Estate, endpoints: &mut Vec<PrivateEndpoint>, document: &Document) -> Result<Estate, Failure> {
    let text = |field: &str| document.content.get(field).and_then(Value::as_str);
    let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) else {
        return Err(Failure::Manifests(format!(
            "{}: it is no manifest: apiVersion and kind are needed",
            document.place
        )));
    };
    if version.split_once('/').is_none_or(|(group, _)| group != GROUP) {
        return Ok(estate);
    }
    Ok(match kind {
        "PrivateEndpoint" => {
            endpoints.push(document.object()?);
            estate
        }
        "NetworkSecurityGroup" => {
            let object: NetworkSecurityGroup = document.object()?;
            check(&object).map_err(|problem| {
                Failure::Manifests(format!("{}: {}: {problem}", document.place, object.name_any()))
            })?;
            estate.with_group(&object)
        }
        "ApplicationSecurityGroup" => estate.with_application_group(&document.object()?),
        "RouteTable" => estate.with_route_table(&document.object()?),
        "SubnetBinding" => estate.with_subnet(&document.object()?),
        "ApplicationSecurityGroupBinding" => estate.with_membership(&document.object()?),
        "AzureScope" => estate.with_scope(&document.object()?),
        _ => estate,
    })
}

const TITLES: [&str; 5] = ["SOURCE", "PROTOCOL", "PORTS", "ACCESS", "DECIDED BY"];

fn cells(report: &Report) -> impl Iterator<Item = [String; 5]> {
    report.rows.iter().map(|row| {
        [
            row.source.to_string(),
            protocols(&row.protocols),
            ports(&row.ports),
            row.verdict.word().to_owned(),
            row.verdict.to_string(),
        ]
    })
}

fn table(report: &Report, warning: Option<&str>) -> String {
    let rows: Vec<[String; 5]> = [TITLES.map(str::to_owned)]
        .into_iter()
        .chain(cells(report))
        .collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = format!("{}/{}: {}\n", report.namespace, report.endpoint, report.summary());
    if let Some(warning) = warning {
        text.push_str(&format!("warning: {warning}\n"));
    }
    for row in &rows {
        let line: String = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn as_json(report: &Report, warning: Option<&str>) -> Value {
    let rows = cells(report).map(|[source, protocol, ports, access, decided_by]| {
        json!({"source": source, "protocol": protocol, "ports": ports, "access": access, "decidedBy": decided_by})
    });
    json!({
        "namespace": report.namespace,
        "endpoint": report.endpoint,
        "summary": report.summary(),
        "count": report.count(),
        "warning": warning,
        "rows": rows.collect::<Vec<Value>>(),
    })
}
