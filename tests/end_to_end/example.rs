//! One file of `deploy/examples` in the installation: applied, waited for, and deleted without a trace.

use std::path::Path;

use privatelink_testkit::environment::Environment;
use serde_json::Value;

use crate::installation::*;

/// An example that was applied.
pub struct Example<'a> {
    environment: &'a Environment,
    path: String,
    /// As kubectl names them: `privateendpoint.privatelink.dev/orders-blob`.
    objects: Vec<String>,
}

impl<'a> Example<'a> {
    pub fn apply(environment: &'a Environment, file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
        let path = path.join(file).display().to_string();
        let objects = run(environment, &["apply", "-f", &path, "-o", "name"]);
        Self {
            environment,
            path,
            objects: objects.lines().map(str::to_owned).collect(),
        }
    }

    fn objects(&self, kind: &str) -> Vec<&str> {
        let of_kind = |name: &&str| name.split('.').next() == Some(kind);
        self.objects.iter().map(String::as_str).filter(of_kind).collect()
    }

    /// Waits until every object is Ready, and gives their endpoints.
    pub fn until_ready(&self) -> Vec<Value> {
        let endpoints = self.objects("privateendpoint");
        let others = self.objects.iter().map(String::as_str);
        self.wait(others.filter(|name| !endpoints.contains(name)));
        // Zones and links are looked at again after a minute; whoever asks has the answer now.
        self.look_again(&endpoints);
        self.wait(endpoints.iter().copied());
        let endpoint = |name: &&str| object(self.environment, name.rsplit('/').next().unwrap());
        endpoints.iter().map(endpoint).collect()
    }

    fn wait<'b>(&self, names: impl Iterator<Item = &'b str>) {
        let mut arguments = vec!["wait", "--for=condition=Ready", "--timeout=60s"];
        let options = arguments.len();
        arguments.extend(names);
        if arguments.len() == options {
            return;
        }
        let output = kubectl(self.environment, &arguments, "");
        if !output.success {
            let state = kubectl(self.environment, &["get", "-f", &self.path, "-o", "wide"], "").stdout;
            panic!("{} is not Ready: {}\n{state}", self.path, output.stderr);
        }
    }

    fn look_again(&self, names: &[&str]) {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let wish = format!("privatelink.dev/reconcile-requested-at={}", now.as_nanos());
        let mut arguments = vec!["annotate", "--overwrite"];
        arguments.extend(names);
        arguments.push(&wish);
        let output = kubectl(self.environment, &arguments, "");
        assert!(
            output.success || output.stderr.contains("not found"),
            "{}",
            output.stderr
        );
    }

    /// Deletes the objects in the order of the file; nothing of theirs stays in Azure.
    pub async fn delete(self) {
        let made = self.in_azure();
        run(self.environment, &["delete", "--wait=false", "-f", &self.path]);
        let zones = self.objects("privatednszone");
        for name in self.objects.iter().map(String::as_str) {
            if !zones.contains(&name) {
                run(self.environment, &["wait", "--for=delete", name, "--timeout=60s"]);
            }
        }
        if !zones.is_empty() {
            // A zone looks only now and then whether it still holds something.
            self.look_again(&zones);
            let mut arguments = vec!["wait", "--for=delete", "--timeout=60s"];
            arguments.extend(&zones);
            run(self.environment, &arguments);
        }
        for id in made {
            let left = match id.contains("/privateDnsZones/") {
                true => resource(self.environment, &id).await,
                false => network_resource(self.environment, &id).await,
            };
            assert!(left.is_none(), "{id} is left in Azure");
        }
    }

    /// What the objects have made: themselves, interfaces of endpoints, and their records.
    fn in_azure(&self) -> Vec<String> {
        let shown = run(self.environment, &["get", "-f", &self.path, "-o", "json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let objects = match shown["items"].as_array() {
            Some(objects) => objects.clone(),
            None => vec![shown],
        };
        let mut ids = Vec::new();
        for object in &objects {
            let status = &object["status"];
            match text(object, "kind") {
                // The subnet is its owner's and stays, and a binding of endpoints is nothing in Azure.
                "SubnetBinding" | "ApplicationSecurityGroupBinding" => {}
                _ => ids.push(status["resourceId"].as_str().expect("an id").to_owned()),
            }
            ids.extend(status["networkInterfaceId"].as_str().map(str::to_owned));
            for record in status["dnsRecords"].as_array().into_iter().flatten() {
                let (zone, fqdn) = (text(record, "zone"), text(record, "fqdn"));
                let (_, zone_name) = zone.rsplit_once('/').unwrap();
                let name = fqdn.trim_end_matches('.').strip_suffix(&format!(".{zone_name}"));
                ids.push(format!("{zone}/A/{}", name.unwrap()));
            }
        }
        ids
    }
}

/// A field as text; empty where it is none.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A resource of networks in Azure; none where there is none.
pub async fn network_resource(environment: &Environment, id: &str) -> Option<Value> {
    let emulator = environment.emulator().expect("the emulator runs");
    let path = format!("{id}?api-version=2024-05-01");
    emulator.get(&path, Some(environment.token())).await.ok()
}
