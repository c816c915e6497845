"""Private endpoints, their zone groups, private link services and the connections between them."""

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.network import models

from lifecycle import Life, has_tags, live, set_tags
from place import REGION, STORE, SUBSCRIPTION

BLOB_ZONE = "privatelink.blob.core.windows.net"


def private_endpoint(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    return Life(
        place.network.private_endpoints,
        ("endpoint",),
        models.PrivateEndpoint(
            location=REGION,
            subnet=models.Subnet(id=place.id("virtualNetworks/net/subnets/endpoints")),
            private_link_service_connections=[
                models.PrivateLinkServiceConnection(
                    name="store", private_link_service_id=STORE, group_ids=["blob"]
                )
            ],
        ),
        change=set_tags,
        changed=has_tags,
        made=lambda endpoint: endpoint.private_link_service_connections[0].private_link_service_connection_state.status
        == "Approved"
        and endpoint.custom_dns_configs[0].fqdn == "clientstore.blob.core.windows.net"
        and endpoint.custom_dns_configs[0].ip_addresses == ["10.0.0.4"]
        and len(endpoint.network_interfaces) == 1,
    )


def zone_group(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    place.make_endpoint()
    for zone in (BLOB_ZONE, "example.internal"):
        place.make_zone(zone)

    def config(zone, name):
        return models.PrivateDnsZoneConfig(name=name, private_dns_zone_id=place.id(f"privateDnsZones/{zone}"))

    operations = place.network.private_dns_zone_groups
    return Life(
        operations,
        ("endpoint", "default"),
        models.PrivateDnsZoneGroup(private_dns_zone_configs=[config(BLOB_ZONE, "blob")]),
        change=lambda body: body.private_dns_zone_configs.append(config("example.internal", "other")),
        changed=lambda group: [one.name for one in group.private_dns_zone_configs] == ["blob", "other"],
        made=lambda group: group.private_dns_zone_configs[0].record_sets[0].ip_addresses == ["10.0.0.4"],
        # The client takes these two in another order than everywhere else.
        lists=(lambda: operations.list(private_endpoint_name="endpoint", resource_group_name=place.group),),
    )


def link_service(place):
    place.make_service_network()
    place.make_balancer()

    def change(body):
        body.visibility = models.PrivateLinkServicePropertiesVisibility(subscriptions=["*"])
        body.enable_proxy_protocol = True

    return Life(
        place.network.private_link_services,
        ("service",),
        place.link_service(),
        change=change,
        changed=lambda service: service.visibility.subscriptions == ["*"] and service.enable_proxy_protocol is True,
        made=lambda service: service.alias.endswith(f".{REGION}.azure.privatelinkservice")
        and service.private_endpoint_connections == [],
    )


CASES = {
    "privateEndpoints": private_endpoint,
    "privateEndpoints/privateDnsZoneGroups": zone_group,
    "privateLinkServices": link_service,
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_the_interface_of_an_endpoint_has_its_address(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    endpoint = place.make_endpoint()
    name = endpoint.network_interfaces[0].id.rsplit("/", 1)[1]
    interface = place.network.network_interfaces.get(place.group, name)
    (configuration,) = interface.ip_configurations
    assert configuration.private_ip_address == "10.0.0.4"
    assert configuration.private_link_connection_properties.fqdns == ["clientstore.blob.core.windows.net"]
    assert interface.private_endpoint.id == endpoint.id
    subnet = place.network.subnets.get(place.group, "net", "endpoints")
    assert [one.id.lower() for one in subnet.private_endpoints] == [endpoint.id.lower()]


def test_a_zone_group_writes_the_record_and_takes_it_away(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    place.make_endpoint()
    place.make_zone(BLOB_ZONE)
    group = models.PrivateDnsZoneGroup(
        private_dns_zone_configs=[
            models.PrivateDnsZoneConfig(name="blob", private_dns_zone_id=place.id(f"privateDnsZones/{BLOB_ZONE}"))
        ]
    )
    groups = place.network.private_dns_zone_groups
    groups.begin_create_or_update(place.group, "endpoint", "default", group).result()
    record = place.private_dns.record_sets.get(place.group, BLOB_ZONE, "A", "clientstore")
    assert [one.ipv4_address for one in record.a_records] == ["10.0.0.4"]
    assert record.ttl == 10
    groups.begin_delete(place.group, "endpoint", "default").result()
    with pytest.raises(ResourceNotFoundError):
        place.private_dns.record_sets.get(place.group, BLOB_ZONE, "A", "clientstore")


@pytest.fixture
def awaited(place):
    """A service, and an endpoint that waits for its approval."""
    place.make_service_network()
    place.make_balancer()
    service = place.make_link_service()
    endpoint = place.make_endpoint(target=service.id, groups=(), manual=True)
    assert state_of(endpoint) == "Pending"
    return place


def state_of(endpoint):
    return endpoint.manual_private_link_service_connections[0].private_link_service_connection_state.status


def decide(place, status):
    """The owner of a service decides about its only connection."""
    services = place.network.private_link_services
    (connection,) = services.list_private_endpoint_connections(place.group, "service")
    connection.private_link_service_connection_state = models.PrivateLinkServiceConnectionState(
        status=status, description="decided"
    )
    decided = services.update_private_endpoint_connection(place.group, "service", connection.name, connection)
    assert decided.private_link_service_connection_state.status == status
    shown = services.get_private_endpoint_connection(place.group, "service", connection.name)
    assert shown.private_link_service_connection_state.description == "decided"
    assert shown.private_endpoint.id == place.id("privateEndpoints/endpoint")
    return connection.name


@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_an_endpoint_hears_what_the_service_decides(status, awaited):
    decide(awaited, status)
    assert state_of(awaited.network.private_endpoints.get(awaited.group, "endpoint")) == status


def test_an_endpoint_whose_connection_the_service_deletes_is_disconnected(awaited):
    name = decide(awaited, "Approved")
    services = awaited.network.private_link_services
    services.begin_delete_private_endpoint_connection(awaited.group, "service", name).result()
    assert list(services.list_private_endpoint_connections(awaited.group, "service")) == []
    assert state_of(awaited.network.private_endpoints.get(awaited.group, "endpoint")) == "Disconnected"


def test_a_service_with_automatic_approval_is_joined_at_once(place):
    place.make_service_network()
    place.make_balancer()
    service = place.make_link_service(
        visibility=models.PrivateLinkServicePropertiesVisibility(subscriptions=[SUBSCRIPTION]),
        auto_approval=models.PrivateLinkServicePropertiesAutoApproval(subscriptions=[SUBSCRIPTION]),
    )
    endpoint = place.make_endpoint(target=service.id, groups=())
    (connection,) = endpoint.private_link_service_connections
    assert connection.private_link_service_connection_state.status == "Approved"


def test_what_may_be_joined_in_a_region_is_listed(place):
    types = [one.resource_name for one in place.network.available_private_endpoint_types.list(REGION)]
    assert "Microsoft.Storage/storageAccounts" in types
    place.make_service_network()
    place.make_balancer()
    everybody, ours = ["*"], [SUBSCRIPTION]
    service = place.make_link_service(
        visibility=models.PrivateLinkServicePropertiesVisibility(subscriptions=everybody),
        auto_approval=models.PrivateLinkServicePropertiesAutoApproval(subscriptions=ours),
    )
    services = place.network.private_link_services
    joined_at_once = [one.private_link_service for one in services.list_auto_approved_private_link_services(REGION)]
    assert service.id in joined_at_once
    visibility = services.begin_check_private_link_service_visibility(
        REGION, models.CheckPrivateLinkServiceVisibilityRequest(private_link_service_alias=service.alias)
    ).result()
    assert visibility.visible is True
