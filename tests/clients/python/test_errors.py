"""What the clients raise, and that it says what Azure says."""

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.mgmt.network import NetworkManagementClient, models
from azure.mgmt.privatedns import models as dns

from place import ENDPOINT, SUBSCRIPTION, TENANT, Place, Principal
from test_network import rule

ZONE = "example.internal"


def code(raised):
    return raised.value.error.code


def test_what_is_missing_is_not_found(place):
    with pytest.raises(ResourceNotFoundError) as raised:
        place.network.virtual_networks.get(place.group, "nowhere")
    assert raised.value.status_code == 404
    assert code(raised) == "ResourceNotFound"
    assert raised.value.error.message == (
        f"The Resource 'Microsoft.Network/virtualNetworks/nowhere' under resource group '{place.group}' was not found."
        " For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )


def test_a_missing_group_is_not_found(place):
    with pytest.raises(ResourceNotFoundError) as raised:
        place.network.virtual_networks.get("nowhere", "net")
    assert code(raised) == "ResourceGroupNotFound"


def test_children_of_what_is_missing_are_not_found(place):
    with pytest.raises(ResourceNotFoundError) as raised:
        place.network.subnets.begin_create_or_update(
            place.group, "nowhere", "first", models.Subnet(address_prefix="10.0.0.0/24")
        )
    assert code(raised) == "ParentResourceNotFound"


def test_a_wrong_secret_signs_nobody_in():
    stranger = Principal("22222222-0000-0000-0000-0000000000c1", "a wrong secret")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        list(stranger.network.virtual_networks.list_all())


def test_an_unknown_client_signs_nobody_in():
    stranger = Principal("22222222-0000-0000-0000-0000000000c9", "a secret")
    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        list(stranger.network.virtual_networks.list_all())


def test_whoever_may_only_read_writes_nothing(place, reader):
    assert list(reader.network.virtual_networks.list(place.group)) == []
    with pytest.raises(HttpResponseError) as raised:
        Place(reader, place.group).make_network()
    assert raised.value.status_code == 403
    assert code(raised) == "AuthorizationFailed"
    assert "'Microsoft.Network/virtualNetworks/write'" in raised.value.message


def test_a_subnet_in_use_stays(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    place.make_endpoint()
    with pytest.raises(HttpResponseError) as raised:
        place.network.subnets.begin_delete(place.group, "net", "endpoints").result()
    assert raised.value.status_code == 400
    assert code(raised) == "InUseSubnetCannotBeDeleted"


def test_bodies_that_contradict_themselves_are_refused(place):
    with pytest.raises(HttpResponseError) as raised:
        place.make_security_group(rules=[rule(name="one"), rule(name="two")])
    assert (raised.value.status_code, code(raised)) == (400, "SecurityRuleConflict")
    with pytest.raises(HttpResponseError) as raised:
        place.make_network(subnets=[("one", "10.0.0.0/24"), ("two", "10.0.0.0/25")])
    assert (raised.value.status_code, code(raised)) == (400, "NetcfgSubnetRangesOverlap")
    with pytest.raises(HttpResponseError) as raised:
        place.make_network(subnets=[("one", "10.9.0.0/24")])
    assert (raised.value.status_code, code(raised)) == (400, "NetcfgSubnetRangeOutsideVnet")


def test_references_to_nothing_are_refused(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    with pytest.raises(HttpResponseError) as raised:
        place.make_endpoint(subnet="nowhere")
    assert (raised.value.status_code, code(raised)) == (400, "InvalidResourceReference")


def test_an_operation_that_fails_is_raised_by_its_poller(place):
    place.make_network(subnets=[("endpoints", "10.0.0.0/24")])
    place.make_endpoint()
    group = models.PrivateDnsZoneGroup(
        private_dns_zone_configs=[
            models.PrivateDnsZoneConfig(name="blob", private_dns_zone_id=place.id("privateDnsZones/nowhere.internal"))
        ]
    )
    poller = place.network.private_dns_zone_groups.begin_create_or_update(place.group, "endpoint", "default", group)
    with pytest.raises(HttpResponseError) as raised:
        poller.result()
    assert code(raised) == "InvalidPrivateDnsZoneIds"
    assert poller.status() == "Failed"


def test_a_zone_with_links_stays(place):
    place.make_zone(ZONE)
    place.make_network()
    place.private_dns.virtual_network_links.begin_create_or_update(
        place.group,
        ZONE,
        "net",
        dns.VirtualNetworkLink(
            location="global",
            virtual_network=dns.SubResource(id=place.id("virtualNetworks/net")),
            registration_enabled=False,
        ),
    ).result()
    with pytest.raises(ResourceExistsError) as raised:
        place.private_dns.private_zones.begin_delete(place.group, ZONE)
    assert (raised.value.status_code, code(raised)) == (409, "CannotDeleteResource")


def test_a_record_set_is_made_only_once_when_asked_so(place):
    place.make_zone(ZONE)
    sets = place.private_dns.record_sets
    where = (place.group, ZONE, "A", "name")
    body = dns.RecordSet(ttl=60, a_records=[dns.ARecord(ipv4_address="10.0.0.4")])
    sets.create_or_update(*where, body)
    with pytest.raises(ResourceExistsError) as raised:
        sets.create_or_update(*where, body, etag="*", match_condition=MatchConditions.IfMissing)
    assert raised.value.status_code == 412
    assert code(raised) == "PreconditionFailed"
    assert raised.value.error.message == "The Record set name exists already and hence cannot be created again."


def test_a_record_set_that_others_changed_is_not_overwritten(place):
    place.make_zone(ZONE)
    sets = place.private_dns.record_sets
    where = (place.group, ZONE, "A", "name")
    body = dns.RecordSet(ttl=60, a_records=[dns.ARecord(ipv4_address="10.0.0.4")])
    stale = sets.create_or_update(*where, body).etag
    body.ttl = 120
    sets.create_or_update(*where, body)
    body.ttl = 180
    with pytest.raises(ResourceModifiedError) as raised:
        sets.create_or_update(*where, body, etag=stale, match_condition=MatchConditions.IfNotModified)
    assert raised.value.status_code == 412
    assert raised.value.error.message == "The Record set name has been modified (etag mismatch)."
    with pytest.raises(ResourceModifiedError):
        sets.delete(*where, etag=stale, match_condition=MatchConditions.IfNotModified)
    assert sets.get(*where).ttl == 120


def test_a_zone_that_others_changed_is_not_overwritten(place):
    stale = place.make_zone(ZONE).etag
    zones = place.private_dns.private_zones
    body = dns.PrivateZone(location="global", tags={"team": "network"})
    zones.begin_create_or_update(place.group, ZONE, body).result()
    with pytest.raises(HttpResponseError) as raised:
        zones.begin_create_or_update(
            place.group, ZONE, body, etag=stale, match_condition=MatchConditions.IfNotModified
        ).result()
    assert code(raised) == "PreconditionFailed"
    assert raised.value.error.message == f"The Zone {ZONE} has been modified (etag mismatch)."


@pytest.mark.parametrize("verb", ["get", "list"])
def test_an_unknown_version_is_refused(verb, owner):
    networks, version = owner.network.virtual_networks, {"api_version": "2001-01-01"}
    with pytest.raises(HttpResponseError) as raised:
        if verb == "get":
            networks.get("targets", "net", **version)
        else:
            list(networks.list_all(**version))
    assert raised.value.status_code == 404
    assert code(raised) in ("InvalidResourceType", "NoRegisteredProviderFound")


def test_an_unknown_subscription_is_not_found(owner):
    client = NetworkManagementClient(
        owner.credential,
        "00000000-0000-0000-0000-0000000000c9",
        base_url=ENDPOINT,
        credential_scopes=[f"{ENDPOINT}/.default"],
    )
    with pytest.raises(ResourceNotFoundError) as raised:
        list(client.virtual_networks.list_all())
    assert code(raised) == "SubscriptionNotFound"


def test_a_client_that_is_throttled_comes_again(place):
    path = f"*/resourceGroups/{place.group}/*/virtualNetworks/net"
    answer = {"status": 429, "code": "TooManyRequests", "message": "Slow down.", "retryAfter": 1}
    fault = {"match": {"method": "PUT", "path": path}, "occurrence": 1, "then": {"answer": answer}}
    before = place.principal.send("GET", "/_emulator/journal?since=0")["last"]
    assert place.principal.send("POST", "/_emulator/faults", fault)
    assert place.make_network().provisioning_state == "Succeeded"
    journal = place.principal.send("GET", f"/_emulator/journal?since={before}")["entries"]
    mine = [one for one in journal if one["resourceId"] == place.id("virtualNetworks/net")]
    assert [one["status"] for one in mine if one["method"] == "PUT"] == [429, 201]


def test_who_signed_in_sees_tenant_and_subscription(owner):
    subscriptions = owner.send("GET", "/subscriptions?api-version=2022-12-01")["value"]
    assert [one["subscriptionId"] for one in subscriptions] == [SUBSCRIPTION]
    assert owner.send("GET", "/tenants?api-version=2022-12-01")["value"][0]["tenantId"] == TENANT
