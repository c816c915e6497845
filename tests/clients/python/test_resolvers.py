"""DNS resolvers, and the endpoints through which they are asked and ask."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.dnsresolver import models

from lifecycle import Life, has_tags, live, set_tags
from place import REGION


def make_network(place):
    place.make_network(subnets=[("inbound", "10.0.0.0/28"), ("outbound", "10.0.0.16/28"), ("more", "10.0.0.32/28")])


def resolver_body(place):
    return models.DnsResolver(
        location=REGION, virtual_network=models.SubResource(id=place.id("virtualNetworks/net"))
    )


def make_resolver(place):
    make_network(place)
    return place.resolver.dns_resolvers.begin_create_or_update(
        place.group, "resolver", resolver_body(place)
    ).result()


def outbound_body(place, subnet="outbound"):
    return models.OutboundEndpoint(
        location=REGION, subnet=models.SubResource(id=place.id(f"virtualNetworks/net/subnets/{subnet}"))
    )


def inbound_body(place):
    return models.InboundEndpoint(
        location=REGION,
        ip_configurations=[
            models.IpConfiguration(
                private_ip_allocation_method="Dynamic",
                subnet=models.SubResource(id=place.id("virtualNetworks/net/subnets/inbound")),
            )
        ],
    )


def patched(operations, place, names, model):
    return lambda tags: operations.begin_update(place.group, *names, model(tags=tags))


def resolver(place):
    make_network(place)
    operations, names = place.resolver.dns_resolvers, ("resolver",)
    return Life(
        operations,
        names,
        resolver_body(place),
        change=set_tags,
        changed=has_tags,
        made=lambda one: one.dns_resolver_state == "Connected" and one.resource_guid,
        tagged=patched(operations, place, names, models.DnsResolverPatch),
    )


def inbound(place):
    make_resolver(place)
    operations, names = place.resolver.inbound_endpoints, ("resolver", "in")
    return Life(
        operations,
        names,
        inbound_body(place),
        change=set_tags,
        changed=has_tags,
        made=lambda one: one.ip_configurations[0].private_ip_address == "10.0.0.4",
        tagged=patched(operations, place, names, models.InboundEndpointPatch),
    )


def outbound(place):
    make_resolver(place)
    operations, names = place.resolver.outbound_endpoints, ("resolver", "out")
    return Life(
        operations,
        names,
        outbound_body(place),
        change=set_tags,
        changed=has_tags,
        made=lambda one: one.subnet.id == place.id("virtualNetworks/net/subnets/outbound") and one.resource_guid,
        tagged=patched(operations, place, names, models.OutboundEndpointPatch),
    )


CASES = {
    "dnsResolvers": resolver,
    "dnsResolvers/inboundEndpoints": inbound,
    "dnsResolvers/outboundEndpoints": outbound,
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_a_network_lists_its_resolvers(place):
    made = make_resolver(place)
    listed = place.resolver.dns_resolvers.list_by_virtual_network(place.group, "net")
    assert [one.id for one in listed] == [made.id]


def test_a_resolver_with_endpoints_stays(place):
    make_resolver(place)
    place.resolver.outbound_endpoints.begin_create_or_update(
        place.group, "resolver", "out", outbound_body(place)
    ).result()
    with pytest.raises(HttpResponseError):
        place.resolver.dns_resolvers.begin_delete(place.group, "resolver").result()
    assert place.resolver.dns_resolvers.get(place.group, "resolver").provisioning_state == "Succeeded"


def test_a_resolver_that_others_changed_is_not_overwritten(place):
    make_resolver(place)
    with pytest.raises(HttpResponseError) as raised:
        place.resolver.dns_resolvers.begin_create_or_update(
            place.group, "resolver", resolver_body(place), if_match="stale"
        ).result()
    assert raised.value.status_code in (200, 412)
    assert raised.value.error.code == "PreconditionFailed"
