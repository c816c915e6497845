"""The interfaces of machines take addresses of their subnets."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import models

from place import REGION


def write(place, name, subnet="machines", address=None):
    configuration = models.NetworkInterfaceIPConfiguration(
        name="first",
        private_ip_allocation_method="Static" if address else "Dynamic",
        private_ip_address=address,
        subnet=models.Subnet(id=place.id(f"virtualNetworks/net/subnets/{subnet}")),
    )
    return place.network.network_interfaces.begin_create_or_update(
        place.group, name, models.NetworkInterface(location=REGION, ip_configurations=[configuration])
    ).result()


@pytest.fixture
def machines(place):
    place.make_network(subnets=[("machines", "10.0.0.0/24")])
    return place


def test_addresses_are_allocated_in_turn(machines):
    for name, address in (("one", "10.0.0.4"), ("two", "10.0.0.5")):
        (configuration,) = write(machines, name).ip_configurations
        assert (configuration.private_ip_address, configuration.primary) == (address, True)
        assert configuration.private_ip_address_version == "IPv4"
    subnet = machines.network.subnets.get(machines.group, "net", "machines")
    assert len(subnet.ip_configurations) == 2


def test_an_address_is_given_once(machines):
    write(machines, "one", address="10.0.0.9")
    with pytest.raises(HttpResponseError) as raised:
        write(machines, "two", address="10.0.0.9")
    assert raised.value.error.code == "PrivateIPAddressIsAllocated"


def test_an_interface_needs_its_subnet(machines):
    with pytest.raises(HttpResponseError) as raised:
        write(machines, "one", subnet="nowhere")
    assert (raised.value.status_code, raised.value.error.code) == (400, "InvalidResourceReference")


def test_an_address_is_free_again_when_its_interface_is_gone(machines):
    write(machines, "one")
    machines.network.network_interfaces.begin_delete(machines.group, "one").result()
    (configuration,) = write(machines, "two").ip_configurations
    assert configuration.private_ip_address == "10.0.0.4"
