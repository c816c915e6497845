//! What the Helm charts render to, and the files of the repository that come from it.
//!
//! Owns the list of those files. Who writes them and who compares them is elsewhere.

use std::path::{Path, PathBuf};

use crate::kubernetes::Helm;

/// The chart of the controller, from the checkout's root.
pub const CONTROLLER: &str = "charts/privatelink-controller";
/// The chart of a scope, zones and endpoints.
pub const EXAMPLES: &str = "charts/privatelink-examples";
/// The sets of values that are rendered, each into a file of its name in [`GOLDEN`].
pub const VALUES: &str = "tests/installation/values";
/// What they render to, without the definitions.
pub const GOLDEN: &str = "tests/installation/golden";
const KUSTOMIZE: &str = "deploy/kustomize";
/// The flags that render what the chart runs before an uninstall, and nothing else.
pub const RELEASE: [&str; 2] = [
    "--show-only=templates/release/rights.yaml",
    "--show-only=templates/release/job.yaml",
];

/// The checkout's root.
pub fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().unwrap_or(folder)
}

/// A file by its path in the workspace, and what it has to say.
pub type RenderedFile = (String, String);

/// Every file that is rendered from the chart.
///
/// # Errors
/// What Helm said.
pub fn rendered_files(helm: &Helm) -> Result<Vec<RenderedFile>, String> {
    let mut files = Vec::new();
    for name in value_sets()? {
        let values = format!("{VALUES}/{name}.yaml");
        files.push((
            format!("{GOLDEN}/{name}.yaml"),
            render(helm, &values, &["--set", "crds.install=false"])?,
        ));
    }
    let values = format!("{KUSTOMIZE}/values.yaml");
    let rendered = render(helm, &values, &["--set", "crds.install=false", "--no-hooks"])?;
    files.push((
        format!("{KUSTOMIZE}/base/manifests.yaml"),
        without_helm(&rendered),
    ));
    files.push((
        format!("{KUSTOMIZE}/release/manifests.yaml"),
        without_helm(&render(helm, &values, &RELEASE)?),
    ));
    Ok(files)
}

/// The names of the sets of values, in order.
///
/// # Errors
/// Their folder cannot be read.
pub fn value_sets() -> Result<Vec<String>, String> {
    let folder = workspace().join(VALUES);
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The controller's chart with a file of values (a path in the workspace).
///
/// # Errors
/// What Helm said.
pub fn render(helm: &Helm, values: &str, extra: &[&str]) -> Result<String, String> {
    let root = workspace();
    let chart = root.join(CONTROLLER).display().to_string();
    let values = root.join(values).display().to_string();
    let mut arguments = vec!["template", "privatelink-controller", &chart];
    arguments.extend(["--namespace=privatelink-system", "--values", &values]);
    arguments.extend(extra);
    let output = helm.run(&arguments).map_err(|error| error.to_string())?;
    if output.success {
        Ok(output.stdout)
    } else {
        Err(format!("helm {}: {}", arguments.join(" "), output.stderr.trim()))
    }
}

/// Without what says that Helm manages it. Hooks have no annotations but those of a hook.
fn without_helm(manifests: &str) -> String {
    let of_helm = |line: &str| {
        let line = line.trim_start();
        line.starts_with("helm.sh/")
            || line.starts_with("app.kubernetes.io/managed-by:")
            || line.starts_with("# Source:")
    };
    let mut lines = Vec::new();
    let mut all = manifests.lines().peekable();
    while let Some(line) = all.next() {
        let of_a_hook = |next: &&str| next.trim_start().starts_with("helm.sh/hook");
        let annotates_a_hook = line.trim() == "annotations:" && all.peek().is_some_and(of_a_hook);
        if !of_helm(line) && !annotates_a_hook {
            lines.push(line);
        }
    }
    format!(
        "# Rendered from charts/privatelink-controller by `cargo xtask charts`; do not edit.\n{}\n",
        lines.join("\n")
    )
}
