"""Networks, what guards them, and interfaces."""

import pytest
from azure.mgmt.network import models

from lifecycle import Life, has_tags, live, set_tags, tags_of
from place import REGION


def network(place):
    operations = place.network.virtual_networks

    def change(body):
        body.address_space.address_prefixes.append("10.1.0.0/16")

    return Life(
        operations,
        ("net",),
        models.VirtualNetwork(
            location=REGION,
            address_space=models.AddressSpace(address_prefixes=["10.0.0.0/16"]),
            dhcp_options=models.DhcpOptions(dns_servers=["10.0.0.4"]),
            subnets=[models.Subnet(name="first", address_prefix="10.0.0.0/24")],
        ),
        change=change,
        changed=lambda net: net.address_space.address_prefixes == ["10.0.0.0/16", "10.1.0.0/16"],
        made=lambda net: net.resource_guid
        and [subnet.id for subnet in net.subnets] == [f"{net.id}/subnets/first"]
        and net.dhcp_options.dns_servers == ["10.0.0.4"],
        tagged=tags_of(operations, place, "net", models.TagsObject),
    )


def subnet(place):
    place.make_network()
    place.make_security_group()

    def change(body):
        body.network_security_group = models.NetworkSecurityGroup(id=place.id("networkSecurityGroups/group"))
        body.service_endpoints = [models.ServiceEndpointPropertiesFormat(service="Microsoft.Storage")]

    return Life(
        place.network.subnets,
        ("net", "first"),
        models.Subnet(address_prefix="10.0.0.0/24"),
        change=change,
        changed=lambda part: part.network_security_group.id == place.id("networkSecurityGroups/group")
        and part.service_endpoints[0].provisioning_state == "Succeeded",
        made=lambda part: part.private_endpoint_network_policies == "Disabled"
        and part.private_link_service_network_policies == "Enabled",
    )


def rule(priority=100, **more):
    values = {
        "protocol": "Tcp",
        "direction": "Inbound",
        "access": "Allow",
        "source_address_prefix": "10.0.0.0/8",
        "source_port_range": "*",
        "destination_address_prefix": "*",
        "destination_port_range": "443",
    }
    return models.SecurityRule(priority=priority, **(values | more))


def security_group(place):
    operations = place.network.network_security_groups
    return Life(
        operations,
        ("group",),
        models.NetworkSecurityGroup(location=REGION, security_rules=[rule(name="web")]),
        change=lambda body: body.security_rules.append(rule(200, name="other")),
        changed=lambda group: [one.name for one in group.security_rules] == ["web", "other"],
        made=lambda group: len(group.default_security_rules) == 6 and group.security_rules[0].priority == 100,
        tagged=tags_of(operations, place, "group", models.TagsObject),
    )


def security_rule(place):
    place.make_security_group()

    def change(body):
        body.priority = 200
        body.destination_port_range = None
        body.destination_port_ranges = ["443", "8000-8080"]

    return Life(
        place.network.security_rules,
        ("group", "web"),
        rule(),
        change=change,
        changed=lambda one: one.priority == 200 and one.destination_port_ranges == ["443", "8000-8080"],
        made=lambda one: one.source_address_prefixes == [] and one.protocol == "Tcp",
    )


def application_security_group(place):
    operations = place.network.application_security_groups
    return Life(
        operations,
        ("web",),
        models.ApplicationSecurityGroup(location=REGION),
        change=set_tags,
        changed=has_tags,
        made=lambda group: group.resource_guid,
        tagged=tags_of(operations, place, "web", models.TagsObject),
    )


def route(hop="VnetLocal", **more):
    return models.Route(address_prefix="10.2.0.0/16", next_hop_type=hop, **more)


def route_table(place):
    operations = place.network.route_tables

    def change(body):
        body.disable_bgp_route_propagation = True

    return Life(
        operations,
        ("table",),
        models.RouteTable(location=REGION, routes=[route(name="out")]),
        change=change,
        changed=lambda table: table.disable_bgp_route_propagation is True,
        made=lambda table: table.routes[0].has_bgp_override is False,
        tagged=tags_of(operations, place, "table", models.TagsObject),
    )


def route_of_table(place):
    operations = place.network.route_tables
    operations.begin_create_or_update(place.group, "table", models.RouteTable(location=REGION)).result()

    def change(body):
        body.next_hop_type = "VirtualAppliance"
        body.next_hop_ip_address = "10.0.0.4"

    return Life(
        place.network.routes,
        ("table", "out"),
        route(),
        change=change,
        changed=lambda one: one.next_hop_ip_address == "10.0.0.4",
    )


def network_interface(place):
    place.make_network(subnets=[("machines", "10.0.0.0/24")])
    place.make_security_group()
    operations = place.network.network_interfaces

    def change(body):
        body.network_security_group = models.NetworkSecurityGroup(id=place.id("networkSecurityGroups/group"))

    return Life(
        operations,
        ("nic",),
        models.NetworkInterface(
            location=REGION,
            ip_configurations=[
                models.NetworkInterfaceIPConfiguration(
                    name="first",
                    private_ip_allocation_method="Dynamic",
                    subnet=models.Subnet(id=place.id("virtualNetworks/net/subnets/machines")),
                )
            ],
        ),
        change=change,
        changed=lambda nic: nic.network_security_group.id == place.id("networkSecurityGroups/group"),
        made=lambda nic: nic.ip_configurations[0].name == "first",
        tagged=tags_of(operations, place, "nic", models.TagsObject),
    )


CASES = {
    "virtualNetworks": network,
    "virtualNetworks/subnets": subnet,
    "networkSecurityGroups": security_group,
    "networkSecurityGroups/securityRules": security_rule,
    "applicationSecurityGroups": application_security_group,
    "routeTables": route_table,
    "routeTables/routes": route_of_table,
    "networkInterfaces": network_interface,
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_default_rules_are_read_one_by_one_and_as_a_list(place):
    place.make_security_group()
    operations = place.network.default_security_rules
    rules = {one.name: one for one in operations.list(place.group, "group")}
    assert sorted(rules) == [
        "AllowAzureLoadBalancerInBound",
        "AllowInternetOutBound",
        "AllowVnetInBound",
        "AllowVnetOutBound",
        "DenyAllInBound",
        "DenyAllOutBound",
    ]
    one = operations.get(place.group, "group", "DenyAllInBound")
    assert (one.priority, one.access, one.direction) == (65500, "Deny", "Inbound")
    assert one.id == rules["DenyAllInBound"].id


def test_a_group_of_rules_is_replaced_by_what_a_put_says(place):
    place.make_security_group(rules=[rule(name="web"), rule(200, name="other")])
    place.make_security_group(rules=[rule(200, name="other")])
    assert [one.name for one in place.network.security_rules.list(place.group, "group")] == ["other"]


def test_addresses_that_are_free_are_told(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    answer = place.network.virtual_networks.check_ip_address_availability(place.group, "net", ip_address="10.0.0.4")
    assert answer.available is True
