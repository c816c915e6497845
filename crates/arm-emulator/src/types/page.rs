//! The tables as a page for readers: what is checked of each type, and what it answers.

use std::fmt::Write as _;

use super::{FAMILIES, LocationRule, NameRule, Pace, Patching, ResourceType, Within, find};
use crate::operations::styles::{Accepted, Named};
use crate::targets::TARGETS;

const HEAD: &str = "\
# The types of the ARM emulator

What the emulator's tables say of each resource type, as they are in the program. On what evidence, and what is modelled
beyond a table (addresses, approvals, records, back references), is in [the emulator's page](../emulator.md#what-is-modelled-and-on-what-evidence);
each section leads to its part of it.

- **Checked** is what a request is held against: properties that have to be there, closed sets of values, ranges, lengths,
  patterns. In a path `*` stands for every element of a list.
- **Refers to** says what an id in the body has to be the id of, and which right the caller needs there.
- **API versions** are the oldest and the newest that are known, and a preview where it is newer. \"And later\": dates up to
  the day of the emulator's clock are taken too.
- Times are those of Azure's pace (`--time-scale=1`). \"At once\" means that the answer is final.
- **Made by the provider** is shown in every answer, and ignored in a request; in `<>` is the name in the public cloud.
- Every other type is a generic resource, marked with the header `x-emulator-generic: true`; `--strict` refuses it.
";

/// The page of all types, as Markdown.
pub fn types_page() -> String {
    let mut page = HEAD.to_owned();
    let mut before: &[&str] = &[];
    for (sections, rows) in FAMILIES {
        if *sections != before {
            head(&mut page, sections);
        }
        before = sections;
        rows.iter().for_each(|row| section(&mut page, row));
    }
    targets(&mut page);
    page
}

fn head(page: &mut String, sections: &[&str]) {
    let links: Vec<String> = sections
        .iter()
        .map(|title| {
            let anchor = title.to_ascii_lowercase().replace(',', "").replace(' ', "-");
            format!("[{title}](../emulator.md#{anchor})")
        })
        .collect();
    let _ = writeln!(page, "\n## {}", links.join(", "));
}

fn section(page: &mut String, row: &ResourceType) {
    let _ = writeln!(page, "\n### {}\n", row.name);
    let _ = writeln!(page, "- {}{}", methods(row), versions(row));
    if let Some(writes) = writes(row) {
        let _ = writeln!(page, "- {writes}");
    }
    let _ = writeln!(page, "- {}", name(row));
    list(
        page,
        "Has to be there",
        row.required.iter().map(|path| code(path)),
    );
    list(
        page,
        "Has to be in what is there",
        row.required_in
            .iter()
            .map(|(owner, name)| format!("{} in {}", code(name), code(owner))),
    );
    list(
        page,
        "Values",
        row.enums.iter().map(|(path, values)| {
            let values: Vec<String> = values.iter().map(|value| code(value)).collect();
            format!("{}: {}", code(path), values.join(", "))
        }),
    );
    let ranges = row
        .ranges
        .iter()
        .map(|(path, least, most)| format!("{} {least} to {most}", code(path)));
    let lengths = row
        .lengths
        .iter()
        .map(|(path, fewest, most)| format!("{} {fewest} to {most} long", code(path)));
    let patterns = row
        .patterns
        .iter()
        .map(|(path, pattern)| format!("{} like {}", code(path), code(pattern)));
    list(page, "Checked", ranges.chain(lengths).chain(patterns));
    let write_only = row.write_only.iter();
    list(
        page,
        "Taken and never shown",
        write_only.map(|path| code(&format!("properties.{path}"))),
    );
    let defaults = row.defaults.iter();
    list(
        page,
        "Shown where left out",
        defaults.map(|(path, json)| format!("{} {}", code(path), code(json))),
    );
    let makes = row.makes.iter();
    list(
        page,
        "Made by the provider",
        makes.map(|(path, json)| format!("{} {}", code(&format!("properties.{path}")), code(json))),
    );
    list(page, "Refers to", row.references.iter().map(reference));
    let inline = row.inline.iter();
    list(
        page,
        "Children in its body",
        inline.map(|inline| format!("{}, at most {}", code(inline.list), inline.limit)),
    );
    let limits = row.limits.iter();
    list(
        page,
        "At most",
        limits.map(|limit| {
            let within = match limit.within {
                Within::Parent => "parent",
                Within::Subscription => "subscription",
                Within::Region => "region of a subscription",
            };
            format!("{} in a {within}", limit.most)
        }),
    );
    let actions = row.actions.iter();
    list(
        page,
        "Actions",
        actions.map(|action| code(&format!("{} {}", action.method, action.name))),
    );
}

fn list(page: &mut String, title: &str, parts: impl Iterator<Item = String>) {
    let parts: Vec<String> = parts.collect();
    if !parts.is_empty() {
        let _ = writeln!(page, "- {title}: {}", parts.join("; "));
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn versions(row: &ResourceType) -> String {
    let Some(known) = find(row.name).api_versions else {
        return String::new();
    };
    let (oldest, newest) = (known.oldest, known.newest);
    let preview = known
        .preview
        .map_or_else(String::new, |preview| format!(", {preview}"));
    let later = if known.later { ", and later" } else { "" };
    let range = if oldest == newest {
        newest.to_owned()
    } else {
        format!("{oldest} to {newest}")
    };
    format!("; API versions {range}{preview}{later}")
}

fn methods(row: &ResourceType) -> String {
    let named = row.methods.iter().map(|method| match (*method, row.patching) {
        ("PATCH", Patching::Tags) => "PATCH (tags)".to_owned(),
        (method, _) => method.to_owned(),
    });
    named.collect::<Vec<_>>().join(", ")
}

/// Statuses and times of what changes a resource. `None`: it is only read.
fn writes(row: &ResourceType) -> Option<String> {
    let mut parts = Vec::new();
    let has = |method: &str| row.methods.contains(&method);
    if has("PUT") {
        let status = |status: u16, pace: Pace| match row.style.accepted {
            Accepted::Nothing | Accepted::Braces if pace.seconds > 0.0 => 202,
            _ => status,
        };
        let (created, updated) = (takes(row.create), takes(row.update));
        let (first, then) = (status(row.created, row.create), status(row.updated, row.update));
        parts.push(match (first == then, created == updated) {
            (true, true) => format!("PUT {first}, {created}"),
            (false, true) => format!("PUT {first} or {then}, {created}"),
            (_, false) => format!("PUT {first}, {created}, or {then}, {updated}"),
        });
    }
    if has("DELETE") {
        let status = if row.delete.seconds > 0.0 {
            202
        } else {
            row.deleted
        };
        parts.push(format!("DELETE {status}, {}", takes(row.delete)));
    }
    let takes_time = [row.create, row.update, row.delete]
        .iter()
        .any(|pace| pace.seconds > 0.0);
    if takes_time && !parts.is_empty() && row.style.named != Named::Never {
        let header = match row.style.named {
            Named::OnlyWhen => "provisioningState",
            _ if row.style.status.is_empty() => "Location",
            _ => "Azure-AsyncOperation",
        };
        parts.push(format!("told by {}", code(header)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn takes(pace: Pace) -> String {
    if pace.seconds > 0.0 {
        format!("{} s", pace.seconds)
    } else {
        "at once".to_owned()
    }
}

fn name(row: &ResourceType) -> String {
    let (shortest, longest) = row.name_length;
    let characters = match row.name_rule {
        NameRule::Word(also) | NameRule::Characters(also) if !also.is_empty() => {
            format!(": letters, digits and {}", code(also.trim()))
        }
        NameRule::Word(_) | NameRule::Characters(_) => ": letters and digits".to_owned(),
        NameRule::Pattern(pattern) => format!(" like {}", code(pattern)),
        NameRule::Own => ", with rules of its own".to_owned(),
    };
    let location = match row.location {
        LocationRule::Required => "; has a location",
        LocationRule::Global => "; its location is `global`",
        LocationRule::None | LocationRule::Free => "",
    };
    format!("Name of {shortest} to {longest} characters{characters}{location}")
}

fn reference(reference: &super::Reference) -> String {
    let mut text = code(reference.path);
    if !reference.types.is_empty() {
        let types: Vec<String> = reference.types.iter().map(|name| code(name)).collect();
        let _ = write!(text, " to {}", types.join(" or "));
    }
    if reference.same_region {
        text.push_str(", in its region");
    }
    if reference.outlives {
        text.push_str(", which may go later");
    }
    if !reference.action.is_empty() {
        let _ = write!(text, ", with the right {}", code(reference.action));
    }
    text
}

/// What private endpoints can point at.
fn targets(page: &mut String) {
    page.push_str(
        "\n## Targets of private endpoints\n\nEach has `privateEndpointConnections` and `privateLinkResources`; what these answer is in [the emulator's page](../emulator.md#network).\n\n| Type | Groups |\n|---|---|\n",
    );
    for target in TARGETS {
        let groups = target.groups.iter().map(|group| code(group.id));
        let _ = writeln!(
            page,
            "| {} | {} |",
            target.resource_type,
            groups.collect::<Vec<_>>().join(", ")
        );
    }
}
