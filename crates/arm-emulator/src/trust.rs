//! What has to be done so that programs trust the emulator's authority, and the switches of Azure's clients.

use std::path::Path;

use serde_json::{Value, json};

/// How each system and each kind of program comes to trust an authority. Nothing is done: the lines are for people.
pub fn instructions(authority: &Path) -> String {
    let ca = authority.display();
    format!(
        "The emulator's certificates are signed by {ca}. Trust it where you need it, and nowhere else:

one program, without any right
  curl                    curl --cacert {ca}
  Python, Azure CLI       REQUESTS_CA_BUNDLE={ca}
  Go, .NET, OpenSSL       SSL_CERT_FILE={ca}
  Node.js                 NODE_EXTRA_CA_CERTS={ca}
  Java                    keytool -importcert -noprompt -alias arm-emulator -file {ca} -keystore trust.p12 -storepass changeit
                          java -Djavax.net.ssl.trustStore=trust.p12

the whole system
  Debian, Ubuntu          sudo cp {ca} /usr/local/share/ca-certificates/arm-emulator.crt && sudo update-ca-certificates
  Fedora, RHEL            sudo cp {ca} /etc/pki/ca-trust/source/anchors/arm-emulator.pem && sudo update-ca-trust
  Alpine                  cp {ca} /usr/local/share/ca-certificates/arm-emulator.crt && update-ca-certificates
  Arch                    sudo trust anchor --store {ca}
  macOS                   sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {ca}
  Windows                 certutil -addstore -f Root {ca}
  Firefox                 Settings, Privacy & Security, View Certificates, Authorities, Import

Take it away again when you are done: whoever has ca-key.pem beside it can sign for any host.
"
    )
}

/// The switches of Azure's clients for this address, by client: what `endpoint.json` tells scripts.
pub fn clients(endpoint: &str, authority: &Path) -> Value {
    let ca = authority.display().to_string();
    json!({
        "python": {
            "environment": {"REQUESTS_CA_BUNDLE": ca},
            "credential": {"authority": endpoint, "disable_instance_discovery": true},
            "client": {"base_url": endpoint, "credential_scopes": [format!("{endpoint}/.default")]},
        },
        "go": {
            "environment": {"SSL_CERT_FILE": ca},
            "credential": {"DisableInstanceDiscovery": true},
            "cloud": {"ActiveDirectoryAuthorityHost": endpoint, "Endpoint": endpoint, "Audience": endpoint},
        },
        "azureCli": {
            "environment": {"REQUESTS_CA_BUNDLE": ca, "AZURE_CORE_INSTANCE_DISCOVERY": "false"},
            "register": format!("az cloud register --name arm-emulator --endpoint-resource-manager {endpoint}"),
        },
        "terraform": {
            "environment": {"SSL_CERT_FILE": ca, "ARM_METADATA_HOSTNAME": endpoint.trim_start_matches("https://")},
        },
    })
}
