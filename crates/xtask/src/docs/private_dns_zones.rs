//! docs/private-dns-zones.md: the service catalogue as a page.

use std::fmt::Write as _;

use privatelink_arm::catalogue::{CatalogueRow, KnownCloud, Rule, region_codes, rows};

const HEAD: &str = "\
<!-- Generated from crates/arm/data by `cargo xtask docs`; do not edit. -->

# Private DNS zones

A private endpoint protects nothing while its target's name still resolves to the public address. The name resolves to
the endpoint where a private DNS zone of the right name is linked to the network of the clients and holds a record.
This page lists the zones that the controller takes by default, by the target's type, its group id and the cloud. They
are the ones that Microsoft recommends: [Azure Private Endpoint private DNS zone
values](https://learn.microsoft.com/azure/private-link/private-endpoint-dns), public cloud as of 2026-05-07.

## How to read the tables

- Types and group ids compare without case. `<..>` in a group stands for a name of yours: `sites-<slot>`.
- **all**: every zone of the row is needed. **one of**: the named property of the target chooses the zone.
  **optional**: a zone that serves a use which not everybody has.
- A service that a table does not have is *not listed* for that cloud. It is never assumed to have the names of another.
- A record's name is the public name without the public domain: `orders.blob.core.windows.net` is `orders` in
  `privatelink.blob.core.windows.net`, and `images.westeurope.data.azurecr.io` is `images.westeurope.data` in
  `privatelink.azurecr.io`.
- For a service that is not here, name the zones by hand: `privatelink.` and the domain of the public names.
- A zone group of an endpoint holds at most five zones.

What stands for a placeholder is read from the target:

| Placeholder | Is | From |
|---|---|---|
| `{regionName}` | the region, as in `westeurope` | `location` |
| `{regionCode}` | the region's short code, as in `we`: [see below](#region-codes) | `location` |
| `{dnsPrefix}` | the label that managed instances of one network share | `properties.dnsZone` |
| `{subzone}` | a label of yours, where the cluster was made with such a zone | `properties.apiServerAccessProfile.privateDNSZone` |
| `{partitionId}` | the number before `azurestaticapps.net` | `properties.defaultHostname` |
| `{instanceName}`, `{workspaceName}` | the target's name; in public domains only | |
";

/// The whole page.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for cloud in KnownCloud::ALL {
        section(&mut page, cloud);
    }
    page.push_str(
        "\n## Region codes\n\nThe codes of [Azure Backup's list](https://learn.microsoft.com/azure/backup/scripts/geo-code-list), \
         which some zones carry in place of a region's name.\n\n| Region | Code |\n|---|---|\n",
    );
    for (region, code) in region_codes() {
        let _ = writeln!(page, "| {region} | {code} |");
    }
    page
}

fn section(page: &mut String, cloud: KnownCloud) {
    let of_cloud: Vec<CatalogueRow> = rows().filter(|row| row.cloud() == cloud).collect();
    let _ = writeln!(
        page,
        "\n## {cloud}\n\n{} rows.\n\n| Service | Target type | Groups | Zones | Needed | Public domains |\n|---|---|---|---|---|---|",
        of_cloud.len()
    );
    let mut notes: Vec<&str> = Vec::new();
    for row in of_cloud {
        let mark = row.note().map_or_else(String::new, |note| {
            let number = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
                notes.push(note);
                notes.len() - 1
            });
            format!(" <sup>{}</sup>", number + 1)
        });
        let zones = row.zones().iter().map(|zone| {
            let optional = row.optional().contains(zone);
            format!("`{zone}`{}", if optional { " (optional)" } else { "" })
        });
        let domains = row.forwarders().iter().map(|domain| format!("`{domain}`"));
        let groups = row.groups().map(|group| format!("`{group}`"));
        let _ = writeln!(
            page,
            "| {}{mark} | `{}` | {} | {} | {} | {} |",
            row.service(),
            row.resource_type(),
            cell(groups),
            cell(zones),
            needed(row),
            cell(domains),
        );
    }
    if !notes.is_empty() {
        page.push('\n');
    }
    for (index, note) in notes.iter().enumerate() {
        // A placeholder or a pattern would be taken for markup where it is not code.
        let note = note.replace('<', "&lt;");
        let _ = writeln!(page, "{}. {note}", index + 1);
    }
}

fn needed(row: CatalogueRow) -> String {
    match (row.rule(), row.chosen_by()) {
        (Rule::OneOf, Some(choice)) => {
            let skus: Vec<String> = row.skus().iter().map(|start| format!("`{start}…`")).collect();
            let which = if skus.is_empty() {
                String::new()
            } else {
                format!(" = {}", skus.join(", "))
            };
            format!("one of, by `{}`{which}", choice.fact())
        }
        (Rule::Optional, _) => "all but the optional".to_owned(),
        _ => "all".to_owned(),
    }
}

fn cell(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("<br>")
}
