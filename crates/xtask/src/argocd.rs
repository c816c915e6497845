//! `cargo xtask argocd`: Argo CD's settings for the group, made from one health script.

use std::fmt::Write as _;

use crate::generated::GeneratedArguments;
use crate::{Failure, programs};

/// Where the script and what is made from it stand.
const FOLDER: &str = "deploy/argocd";
const SCRIPT: &str = "health.lua";

/// The files by their names.
fn files(script: &str) -> [(&'static str, String); 2] {
    [
        ("argocd-cm.yaml", for_the_group(script)),
        ("argocd-cm-by-kind.yaml", for_each_kind(script)),
    ]
}

fn head(what: &str) -> String {
    format!(
        "# {what}\n# Made from {SCRIPT} by `cargo xtask argocd`. To add it to what is there:\n\
         #   kubectl patch configmap argocd-cm -n argocd --patch-file FILE\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n  namespace: argocd\n  labels:\n    app.kubernetes.io/part-of: argocd\ndata:\n"
    )
}

/// One key for all kinds: a wildcard may stand inside this key's text only, for no key of a ConfigMap may hold one.
fn for_the_group(script: &str) -> String {
    let mut text = head(
        "Argo CD's health of all kinds at once. Where argocd-cm has resource.customizations already, take\n# argocd-cm-by-kind.yaml: this would replace what stands there.",
    );
    text.push_str("  resource.customizations: |\n    privatelink.dev/*:\n      health.lua: |\n");
    text.push_str(&indented(script, 8));
    text
}

/// One key a kind, beside the customizations of others.
fn for_each_kind(script: &str) -> String {
    let mut text = head("Argo CD's health of each kind, beside the customizations of others.");
    for definition in privatelink_api::crds() {
        let (group, kind) = (&definition.spec.group, &definition.spec.names.kind);
        let _ = writeln!(text, "  resource.customizations.health.{group}_{kind}: |");
        text.push_str(&indented(script, 4));
    }
    text
}

fn indented(script: &str, spaces: usize) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        _ => format!("{:spaces$}{line}\n", ""),
    };
    script.lines().map(line).collect()
}

/// Writes the files, or compares them.
pub(crate) fn run(arguments: GeneratedArguments) -> Result<(), Failure> {
    let folder = programs::workspace().join(FOLDER);
    let source = folder.join(SCRIPT);
    let script = std::fs::read_to_string(&source).map_err(Failure::file("reading", &source))?;
    let files = files(&script).map(|(name, text)| (format!("{FOLDER}/{name}"), text));
    arguments.settle("argocd", files, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_are_those_of_the_script() {
        run(GeneratedArguments { check: true }).unwrap();
    }
}
