"""A resource group in the emulator, the clients that reach it, and what tests build upon."""

import os

from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.dnsresolver import DnsResolverManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network import models
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.privatedns.models import PrivateZone

ENDPOINT = os.environ.get("ARM_ENDPOINT", "https://localhost:8443")
TENANT = "11111111-0000-0000-0000-0000000000c1"
SUBSCRIPTION = "00000000-0000-0000-0000-0000000000c1"
REGION = "westeurope"
STORE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/targets/providers/Microsoft.Storage/storageAccounts/clientstore"


class Principal:
    """Somebody with a secret, and the clients that this person signs in with."""

    def __init__(self, client_id, secret):
        self.credential = ClientSecretCredential(
            TENANT,
            client_id,
            secret,
            authority=ENDPOINT,
            # Otherwise MSAL asks the public login host about the authority.
            disable_instance_discovery=True,
        )
        # Operations of perimeters and resolvers do not say when to come again, and 30 seconds is what a client waits then.
        self.network = self.client(NetworkManagementClient, polling_interval=1)
        self.private_dns = self.client(PrivateDnsManagementClient)
        self.resolver = self.client(DnsResolverManagementClient, polling_interval=1)

    def client(self, kind, **options):
        return kind(
            self.credential,
            SUBSCRIPTION,
            base_url=ENDPOINT,
            credential_scopes=[f"{ENDPOINT}/.default"],
            **options,
        )

    def send(self, method, path, body=None):
        """A request that no client of these packages knows; through the pipeline of one all the same."""
        response = self.network._client.send_request(HttpRequest(method, f"{ENDPOINT}{path}", json=body))
        response.raise_for_status()
        return response.json() if response.text() else None


class Place:
    """A resource group, from its making to its deletion."""

    def __init__(self, principal, group):
        self.principal = principal
        self.group = group
        self.network = principal.network
        self.private_dns = principal.private_dns
        self.resolver = principal.resolver

    def __enter__(self):
        self.principal.send("PUT", self.group_path(), {"location": REGION})
        return self

    def __exit__(self, *_):
        self.principal.send("DELETE", self.group_path())

    def group_path(self):
        return f"/subscriptions/{SUBSCRIPTION}/resourcegroups/{self.group}?api-version=2021-04-01"

    def id(self, path, provider="Microsoft.Network"):
        """The id of what stands at a path of types and names, `virtualNetworks/net/subnets/endpoints`."""
        return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{self.group}/providers/{provider}/{path}"

    def make_network(self, name="net", prefix="10.0.0.0/16", subnets=()):
        """A network with subnets, each `(name, prefix)` or `(name, prefix, more)`."""
        parts = [
            models.Subnet(name=subnet, address_prefix=range_, **dict(*more)) for subnet, range_, *more in subnets
        ]
        return self.network.virtual_networks.begin_create_or_update(
            self.group,
            name,
            models.VirtualNetwork(
                location=REGION, address_space=models.AddressSpace(address_prefixes=[prefix]), subnets=parts
            ),
        ).result()

    def make_security_group(self, name="group", rules=()):
        return self.network.network_security_groups.begin_create_or_update(
            self.group, name, models.NetworkSecurityGroup(location=REGION, security_rules=list(rules))
        ).result()

    def make_endpoint(self, name="endpoint", target=STORE, groups=("blob",), manual=False, subnet="endpoints"):
        """A private endpoint in a network that `make_network` made."""
        connection = models.PrivateLinkServiceConnection(
            name="connection", private_link_service_id=target, group_ids=list(groups) or None
        )
        lists = {"manual_private_link_service_connections" if manual else "private_link_service_connections": [connection]}
        return self.network.private_endpoints.begin_create_or_update(
            self.group,
            name,
            models.PrivateEndpoint(
                location=REGION, subnet=models.Subnet(id=self.id(f"virtualNetworks/net/subnets/{subnet}")), **lists
            ),
        ).result()

    def make_zone(self, name):
        return self.private_dns.private_zones.begin_create_or_update(
            self.group, name, PrivateZone(location="global")
        ).result()

    def make_balancer(self, name="balancer", subnet="services"):
        """A load balancer as a private link service needs one."""
        return self.network.load_balancers.begin_create_or_update(
            self.group,
            name,
            models.LoadBalancer(
                location=REGION,
                sku=models.LoadBalancerSku(name="Standard"),
                frontend_ip_configurations=[
                    models.FrontendIPConfiguration(
                        name="front",
                        private_ip_allocation_method="Dynamic",
                        subnet=models.Subnet(id=self.id(f"virtualNetworks/net/subnets/{subnet}")),
                    )
                ],
                backend_address_pools=[models.BackendAddressPool(name="pool")],
            ),
        ).result()

    def link_service(self, **more):
        """The body of a private link service before the balancer that `make_balancer` made."""
        return models.PrivateLinkService(
            location=REGION,
            load_balancer_frontend_ip_configurations=[
                models.FrontendIPConfiguration(id=self.id("loadBalancers/balancer/frontendIPConfigurations/front"))
            ],
            ip_configurations=[
                models.PrivateLinkServiceIpConfiguration(
                    name="first",
                    primary=True,
                    private_ip_allocation_method="Dynamic",
                    subnet=models.Subnet(id=self.id("virtualNetworks/net/subnets/services")),
                )
            ],
            **more,
        )

    def make_service_network(self):
        """The network of a private link service: one subnet for it, one for endpoints."""
        return self.make_network(
            subnets=[
                ("services", "10.0.0.0/24", {"private_link_service_network_policies": "Disabled"}),
                ("endpoints", "10.0.1.0/24"),
            ]
        )

    def make_link_service(self, name="service", **more):
        return self.network.private_link_services.begin_create_or_update(
            self.group, name, self.link_service(**more)
        ).result()
