"""Load balancers as far as private link services need them, and public addresses."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import models

from lifecycle import Life, live, tags_of
from place import REGION


def load_balancer(place):
    place.make_network(subnets=[("services", "10.0.0.0/24")])
    operations = place.network.load_balancers

    def part(path):
        return models.SubResource(id=place.id(f"loadBalancers/balancer/{path}"))

    def change(body):
        body.load_balancing_rules[0].idle_timeout_in_minutes = 10

    return Life(
        operations,
        ("balancer",),
        models.LoadBalancer(
            location=REGION,
            sku=models.LoadBalancerSku(name="Standard"),
            frontend_ip_configurations=[
                models.FrontendIPConfiguration(
                    name="front",
                    private_ip_allocation_method="Dynamic",
                    subnet=models.Subnet(id=place.id("virtualNetworks/net/subnets/services")),
                )
            ],
            backend_address_pools=[models.BackendAddressPool(name="pool")],
            probes=[
                models.Probe(name="probe", protocol="Tcp", port=443, interval_in_seconds=5, number_of_probes=2)
            ],
            load_balancing_rules=[
                models.LoadBalancingRule(
                    name="web",
                    protocol="Tcp",
                    frontend_port=443,
                    backend_port=443,
                    frontend_ip_configuration=part("frontendIPConfigurations/front"),
                    backend_address_pool=part("backendAddressPools/pool"),
                    probe=part("probes/probe"),
                )
            ],
        ),
        change=change,
        changed=lambda balancer: balancer.load_balancing_rules[0].idle_timeout_in_minutes == 10,
        made=lambda balancer: balancer.frontend_ip_configurations[0].private_ip_address == "10.0.0.4"
        and balancer.frontend_ip_configurations[0].load_balancing_rules[0].id.endswith("/loadBalancingRules/web")
        and balancer.backend_address_pools[0].load_balancing_rules[0].id.endswith("/loadBalancingRules/web")
        and balancer.probes[0].id == place.id("loadBalancers/balancer/probes/probe"),
        tagged=tags_of(operations, place, "balancer", models.TagsObject),
    )


def with_balancer(place):
    place.make_network(subnets=[("services", "10.0.0.0/24")])
    place.make_balancer()


def backend_pool(place):
    with_balancer(place)

    def change(body):
        body.drain_period_in_seconds = 60

    return Life(
        place.network.load_balancer_backend_address_pools,
        ("balancer", "other"),
        models.BackendAddressPool(),
        change=change,
        changed=lambda pool: pool.drain_period_in_seconds == 60,
    )


def nat_rule(place):
    with_balancer(place)

    def change(body):
        body.frontend_port = 2022

    return Life(
        place.network.inbound_nat_rules,
        ("balancer", "shell"),
        models.InboundNatRule(
            protocol="Tcp",
            frontend_port=22,
            backend_port=22,
            frontend_ip_configuration=models.SubResource(
                id=place.id("loadBalancers/balancer/frontendIPConfigurations/front")
            ),
        ),
        change=change,
        changed=lambda rule: rule.frontend_port == 2022,
        made=lambda rule: rule.idle_timeout_in_minutes == 4,
    )


def public_address(place):
    operations = place.network.public_ip_addresses

    def change(body):
        body.idle_timeout_in_minutes = 10

    return Life(
        operations,
        ("address",),
        models.PublicIPAddress(
            location=REGION,
            sku=models.PublicIPAddressSku(name="Standard"),
            public_ip_allocation_method="Static",
        ),
        change=change,
        changed=lambda address: address.idle_timeout_in_minutes == 10,
        made=lambda address: address.ip_address.count(".") == 3 and address.public_ip_address_version == "IPv4",
        tagged=tags_of(operations, place, "address", models.TagsObject),
    )


CASES = {
    "loadBalancers": load_balancer,
    "loadBalancers/backendAddressPools": backend_pool,
    "loadBalancers/inboundNatRules": nat_rule,
    "publicIPAddresses": public_address,
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_parts_of_a_balancer_are_read_alone(place):
    life = load_balancer(place)
    life.operations.begin_create_or_update(place.group, "balancer", life.body).result()
    for operations, name in (
        (place.network.load_balancer_frontend_ip_configurations, "front"),
        (place.network.load_balancer_backend_address_pools, "pool"),
        (place.network.load_balancer_probes, "probe"),
        (place.network.load_balancer_load_balancing_rules, "web"),
    ):
        assert operations.get(place.group, "balancer", name).name == name
        assert [one.name for one in operations.list(place.group, "balancer")] == [name]


def test_an_address_that_a_balancer_has_stays(place):
    life = public_address(place)
    life.operations.begin_create_or_update(place.group, "address", life.body).result()
    place.network.load_balancers.begin_create_or_update(
        place.group,
        "balancer",
        models.LoadBalancer(
            location=REGION,
            sku=models.LoadBalancerSku(name="Standard"),
            frontend_ip_configurations=[
                models.FrontendIPConfiguration(
                    name="front", public_ip_address=models.PublicIPAddress(id=place.id("publicIPAddresses/address"))
                )
            ],
        ),
    ).result()
    used_by = life.operations.get(place.group, "address").ip_configuration.id
    assert used_by == place.id("loadBalancers/balancer/frontendIPConfigurations/front")
    with pytest.raises(HttpResponseError) as raised:
        life.operations.begin_delete(place.group, "address").result()
    assert raised.value.error.code == "PublicIPAddressCannotBeDeleted"


def test_a_balancer_that_a_service_uses_stays(place):
    place.make_service_network()
    place.make_balancer()
    place.make_link_service()
    with pytest.raises(HttpResponseError) as raised:
        place.network.load_balancers.begin_delete(place.group, "balancer").result()
    assert raised.value.status_code == 400
