"""Peerings: both sides have to say so."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import models

from lifecycle import Life, live


def peering(place, remote):
    return models.VirtualNetworkPeering(
        remote_virtual_network=models.SubResource(id=place.id(f"virtualNetworks/{remote}")),
        allow_virtual_network_access=True,
        allow_forwarded_traffic=False,
        allow_gateway_transit=False,
        use_remote_gateways=False,
    )


def networks(place):
    place.make_network("hub", "10.0.0.0/16")
    place.make_network("spoke", "10.1.0.0/16")


def write(place, local, remote):
    return place.network.virtual_network_peerings.begin_create_or_update(
        place.group, local, f"to-{remote}", peering(place, remote)
    ).result()


def one_side(place):
    networks(place)

    def change(body):
        body.allow_forwarded_traffic = True

    return Life(
        place.network.virtual_network_peerings,
        ("hub", "to-spoke"),
        peering(place, "spoke"),
        change=change,
        changed=lambda one: one.allow_forwarded_traffic is True,
        made=lambda one: one.peering_state == "Initiated"
        and one.remote_address_space.address_prefixes == ["10.1.0.0/16"],
    )


CASES = {"virtualNetworks/virtualNetworkPeerings": one_side}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_two_sides_are_connected_until_one_goes(place):
    networks(place)
    peerings = place.network.virtual_network_peerings
    assert write(place, "hub", "spoke").peering_state == "Initiated"
    assert write(place, "spoke", "hub").peering_state == "Connected"
    assert peerings.get(place.group, "hub", "to-spoke").peering_state == "Connected"
    (shown,) = place.network.virtual_networks.get(place.group, "hub").virtual_network_peerings
    assert (shown.name, shown.peering_state) == ("to-spoke", "Connected")
    peerings.begin_delete(place.group, "spoke", "to-hub").result()
    assert peerings.get(place.group, "hub", "to-spoke").peering_state == "Disconnected"


def test_networks_that_overlap_are_not_peered(place):
    place.make_network("hub", "10.0.0.0/16")
    place.make_network("spoke", "10.0.0.0/17")
    with pytest.raises(HttpResponseError) as raised:
        write(place, "hub", "spoke")
    assert raised.value.status_code == 400
    assert raised.value.error.code == "VnetAddressSpacesOverlap"


def test_the_other_network_has_to_be_there(place):
    place.make_network("hub", "10.0.0.0/16")
    with pytest.raises(HttpResponseError) as raised:
        write(place, "hub", "nowhere")
    assert raised.value.status_code == 400
