//! `DIR/env`: where everything is, as lines that a shell reads.

use std::fmt::Write as _;
use std::path::Path;

use super::EnvironmentError;
use super::{Emulator, seeded};

/// What the file says.
pub(super) struct Variables<'a> {
    pub(super) kubeconfig: &'a Path,
    pub(super) kubectl: &'a Path,
    pub(super) emulator: &'a Emulator,
    pub(super) token: &'a str,
    pub(super) controller_pid: i32,
    pub(super) metrics_url: &'a str,
}

/// Writes the file whole, so that a reader never sees half of it.
pub(super) fn write(path: &Path, variables: &Variables<'_>) -> Result<(), EnvironmentError> {
    let mut lines = vec![
        ("KUBECONFIG", variables.kubeconfig.display().to_string()),
        ("KUBECTL", variables.kubectl.display().to_string()),
        ("ARM_ENDPOINT", variables.emulator.endpoint().to_owned()),
        ("ARM_CA", variables.emulator.ca().display().to_string()),
        ("ARM_TOKEN", variables.token.to_owned()),
        ("SUBSCRIPTION_ID", seeded::SUBSCRIPTION_ID.to_owned()),
        ("RESOURCE_GROUP", seeded::RESOURCE_GROUP.to_owned()),
        ("LOCATION", seeded::LOCATION.to_owned()),
        ("VNET_ID", seeded::network_id()),
        ("SUBNET_ID", seeded::subnet_id()),
        ("STORAGE_ID", seeded::storage_id()),
        ("KEYVAULT_ID", seeded::key_vault_id()),
        ("REGISTRY_ID", seeded::registry_id()),
        ("CONTROLLER_PID", variables.controller_pid.to_string()),
        ("METRICS_URL", variables.metrics_url.to_owned()),
    ];
    // One address for all, unless --emulator-args place one elsewhere.
    let resolvers =
        seeded::resolvers().map(|(variable, network)| (variable, variables.emulator.resolver(&network)));
    for (variable, address) in resolvers {
        let Some(address) = address else { continue };
        if variable == "DNS_PORT" {
            lines.push(("DNS_SERVER", address.ip().to_string()));
        }
        lines.push((variable, address.port().to_string()));
    }
    let half = path.with_extension("half");
    std::fs::write(&half, text(&lines)).map_err(EnvironmentError::file("writing", &half))?;
    std::fs::rename(&half, path).map_err(EnvironmentError::file("writing", path))
}

fn text(lines: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in lines {
        // Written to a String, which never fails.
        let _ = writeln!(text, "{name}={}", quoted(value));
    }
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    let _ = writeln!(text, "export {}", names.join(" "));
    text
}

/// The value as one word of a shell; most need no quotes, which keeps the file readable for others too.
fn quoted(value: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/.:_-=@+,".contains(character);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let values = [
            "/plain/path",
            "https://127.0.0.1:1/x",
            "with space",
            "it's; rm $HOME",
            "",
        ];
        let lines: Vec<(&str, String)> = values
            .iter()
            .map(|value| ("VALUE", (*value).to_owned()))
            .collect();
        for (line, value) in lines.iter().zip(values) {
            let script = format!("{}printf %s \"$VALUE\"", text(std::slice::from_ref(line)));
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        }
    }
}
