//! Delegations of subnets.

#![allow(clippy::indexing_slicing, reason = "tests")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

#[test]
fn a_subnet_is_delegated_to_a_service_that_there_is() {
    let bench = Bench::with_network();
    let subnet = || network("virtualNetworks/vnet/subnets/a");
    let delegated = |delegation: Value| json!({"properties": {"addressPrefix": "10.0.0.0/24", "delegations": [delegation]}});
    for (delegation, service) in [
        (
            json!({"name": "d", "properties": {"serviceName": "Microsoft.Sql/servers"}}),
            "Microsoft.Sql/servers",
        ),
        (
            json!({"name": "d", "properties": {"serviceName": "Microsoft.Web"}}),
            "Microsoft.Web",
        ),
        (json!({"name": "d", "properties": {}}), ""),
        // Where it does not belong.
        (
            json!({"name": "d", "serviceName": "Microsoft.Web/serverFarms"}),
            "",
        ),
    ] {
        let start = format!(
            "The service name {service} specified on delegation {}/delegations/d is not valid. Valid value(s) are: ",
            subnet()
        );
        let mut of_network = bench.get(&network("virtualNetworks/vnet"));
        of_network["properties"]["subnets"][0]["properties"]["delegations"] = json!([delegation]);
        for (path, body) in [
            (subnet(), delegated(delegation.clone())),
            (network("virtualNetworks/vnet"), of_network),
        ] {
            let (status, answer, _) = bench.send("PUT", &path, body);
            assert_eq!(status, 400, "{delegation}");
            assert_eq!(answer["error"]["code"], "InvalidServiceNameOnDelegation");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(&start), "{message}");
            assert!(message.contains(",Microsoft.Network/dnsResolvers,"), "{message}");
        }
    }
    for service in ["Microsoft.NetApp/volumes", "NGINX.NGINXPLUS/nginxDeployments"] {
        bench.ok(
            "PUT",
            &subnet(),
            delegated(json!({"name": "d", "properties": {"serviceName": service}})),
        );
        bench.pass();
    }
}
