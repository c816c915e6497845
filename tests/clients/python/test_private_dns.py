"""Private DNS zones, their links to networks, and record sets of every type."""

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.privatedns import models

from lifecycle import Life, has_tags, live, set_tags

ZONE = "example.internal"


def zone(place):
    operations = place.private_dns.private_zones
    return Life(
        operations,
        (ZONE,),
        models.PrivateZone(location="global"),
        change=set_tags,
        changed=has_tags,
        made=lambda one: one.number_of_record_sets == 1 and one.max_number_of_record_sets == 25000,
    )


def link(place):
    place.make_zone(ZONE)
    place.make_network()

    def change(body):
        body.registration_enabled = True

    return Life(
        place.private_dns.virtual_network_links,
        (ZONE, "net"),
        models.VirtualNetworkLink(
            location="global",
            virtual_network=models.SubResource(id=place.id("virtualNetworks/net")),
            registration_enabled=False,
        ),
        change=change,
        changed=lambda one: one.registration_enabled is True,
        made=lambda one: one.virtual_network_link_state == "Completed"
        and one.virtual_network.id == place.id("virtualNetworks/net"),
    )


CASES = {"privateDnsZones": zone, "privateDnsZones/virtualNetworkLinks": link}

# By type: the property of its records, the first records, and others.
RECORDS = {
    "A": ("a_records", [models.ARecord(ipv4_address="10.0.0.4")], [models.ARecord(ipv4_address="10.0.0.5")]),
    "AAAA": (
        "aaaa_records",
        [models.AaaaRecord(ipv6_address="fd00::4")],
        [models.AaaaRecord(ipv6_address="fd00::5")],
    ),
    "CNAME": ("cname_record", models.CnameRecord(cname="one.example"), models.CnameRecord(cname="two.example")),
    "MX": (
        "mx_records",
        [models.MxRecord(preference=10, exchange="mail.example")],
        [models.MxRecord(preference=20, exchange="mail.example")],
    ),
    "PTR": ("ptr_records", [models.PtrRecord(ptrdname="one.example")], [models.PtrRecord(ptrdname="two.example")]),
    "SRV": (
        "srv_records",
        [models.SrvRecord(priority=1, weight=2, port=389, target="ldap.example")],
        [models.SrvRecord(priority=1, weight=2, port=636, target="ldap.example")],
    ),
    "TXT": ("txt_records", [models.TxtRecord(value=["one", "two"])], [models.TxtRecord(value=["three"])]),
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


@pytest.mark.parametrize("kind", ["zone", "link"])
def test_tags_are_patched(kind, place):
    if kind == "zone":
        place.make_zone(ZONE)
        operations, names = place.private_dns.private_zones, (ZONE,)
        body = models.PrivateZone(tags={"team": "network"})
    else:
        life = link(place)
        operations, names = life.operations, life.names
        operations.begin_create_or_update(place.group, *names, life.body).result()
        body = models.VirtualNetworkLink(tags={"team": "network"})
    operations.begin_update(place.group, *names, body).result()
    assert operations.get(place.group, *names).tags == {"team": "network"}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_set_lives(kind, place):
    place.make_zone(ZONE)
    sets = place.private_dns.record_sets
    where = (place.group, ZONE, kind, "name")
    field, first, second = RECORDS[kind]
    with pytest.raises(ResourceNotFoundError):
        sets.get(*where)
    made = sets.create_or_update(*where, models.RecordSet(ttl=60, **{field: first}))
    assert made.id == place.id(f"privateDnsZones/{ZONE}/{kind}/name")
    assert (made.type, made.fqdn, made.ttl) == (f"Microsoft.Network/privateDnsZones/{kind}", f"name.{ZONE}.", 60)
    assert getattr(made, field) == first
    assert sets.get(*where).as_dict() == made.as_dict()
    assert [one.id for one in sets.list_by_type(place.group, ZONE, kind)] == [made.id]
    assert sorted(one.type.rsplit("/", 1)[1] for one in sets.list(place.group, ZONE)) == sorted([kind, "SOA"])

    changed = sets.create_or_update(*where, models.RecordSet(ttl=120, **{field: second}))
    assert (getattr(changed, field), changed.ttl) == (second, 120)
    assert changed.etag != made.etag
    patched = sets.update(*where, models.RecordSet(metadata={"by": "test"}))
    assert (getattr(patched, field), patched.metadata) == (second, {"by": "test"})

    sets.delete(*where)
    with pytest.raises(ResourceNotFoundError):
        sets.get(*where)
    sets.delete(*where)
    assert [one.type for one in sets.list(place.group, ZONE)] == ["Microsoft.Network/privateDnsZones/SOA"]


def test_the_start_of_authority_is_there_and_changes_in_part(place):
    place.make_zone(ZONE)
    sets = place.private_dns.record_sets
    start = sets.get(place.group, ZONE, "SOA", "@")
    assert start.soa_record.host == "azureprivatedns.net"
    start.soa_record.refresh_time = 7200
    changed = sets.create_or_update(place.group, ZONE, "SOA", "@", start)
    assert changed.soa_record.refresh_time == 7200


def test_lists_come_in_pages(place):
    for name in ("a.internal", "b.internal", "c.internal"):
        place.make_zone(name)
    zones = place.private_dns.private_zones
    pages = [[one.name for one in page] for page in zones.list_by_resource_group(place.group, top=2).by_page()]
    assert pages == [["a.internal", "b.internal"], ["c.internal"]]
    mine = [one.name for one in zones.list(top=1) if f"/resourceGroups/{place.group}/" in one.id]
    assert sorted(mine) == ["a.internal", "b.internal", "c.internal"]

    sets = place.private_dns.record_sets
    for number in range(105):
        body = models.RecordSet(ttl=60, a_records=[models.ARecord(ipv4_address="10.0.0.4")])
        sets.create_or_update(place.group, "a.internal", "A", f"name{number}", body)
    sizes = [len(list(page)) for page in sets.list_by_type(place.group, "a.internal", "A").by_page()]
    assert sizes == [100, 5]
    assert len(list(sets.list(place.group, "a.internal"))) == 106
    suffixed = sets.list(place.group, "a.internal", recordsetnamesuffix="e104")
    assert [one.name for one in suffixed] == ["name104"]


def test_writes_with_the_right_etag_pass(place):
    first = place.make_zone(ZONE)
    zones, sets = place.private_dns.private_zones, place.private_dns.record_sets
    body = models.PrivateZone(location="global", tags={"team": "network"})
    kept = {"match_condition": MatchConditions.IfNotModified}
    second = zones.begin_create_or_update(place.group, ZONE, body, etag=first.etag, **kept).result()
    assert second.etag != first.etag
    record = models.RecordSet(ttl=60, a_records=[models.ARecord(ipv4_address="10.0.0.4")])
    absent = {"match_condition": MatchConditions.IfMissing}
    made = sets.create_or_update(place.group, ZONE, "A", "name", record, etag="*", **absent)
    sets.delete(place.group, ZONE, "A", "name", etag=made.etag, **kept)
    zones.begin_delete(place.group, ZONE, etag=second.etag, **kept).result()
