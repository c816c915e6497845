"""Network security perimeters: profiles, rules, what is associated, links to other perimeters, and what is logged."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import models

from lifecycle import Life, has_tags, live, set_tags, tags_of
from place import REGION, STORE


def make(place, name="perimeter"):
    return place.network.network_security_perimeters.create_or_update(
        place.group, name, models.NetworkSecurityPerimeter(location=REGION)
    )


def make_profile(place, perimeter="perimeter", name="profile"):
    return place.network.network_security_perimeter_profiles.create_or_update(
        place.group, perimeter, name, models.NspProfile()
    )


def perimeter(place):
    operations = place.network.network_security_perimeters
    return Life(
        operations,
        ("perimeter",),
        models.NetworkSecurityPerimeter(location=REGION),
        change=set_tags,
        changed=has_tags,
        made=lambda one: one.perimeter_guid,
        tagged=lambda tags: operations.patch(place.group, "perimeter", models.UpdateTagsRequest(tags=tags)),
    )


def profile(place):
    make(place)
    return Life(
        place.network.network_security_perimeter_profiles,
        ("perimeter", "profile"),
        models.NspProfile(),
        # A profile has nothing to change.
        change=lambda body: None,
        changed=lambda one: True,
        made=lambda one: one.access_rules_version is not None and one.diagnostic_settings_version is not None,
    )


def access_rule(place):
    make(place)
    make_profile(place)

    def change(body):
        body.properties.address_prefixes.append("203.0.113.0/24")

    return Life(
        place.network.network_security_perimeter_access_rules,
        ("perimeter", "profile", "office"),
        models.NspAccessRule(
            properties=models.NspAccessRuleProperties(direction="Inbound", address_prefixes=["198.51.100.0/24"])
        ),
        change=change,
        changed=lambda rule: rule.properties.address_prefixes == ["198.51.100.0/24", "203.0.113.0/24"],
    )


def association(place):
    make(place)
    of = make_profile(place)

    def change(body):
        body.access_mode = "Enforced"

    return Life(
        place.network.network_security_perimeter_associations,
        ("perimeter", "store"),
        models.NspAssociation(
            private_link_resource=models.SubResource(id=own_store(place)),
            profile=models.SubResource(id=of.id),
            access_mode="Learning",
        ),
        change=change,
        changed=lambda one: one.access_mode == "Enforced",
        made=lambda one: one.has_provisioning_issues == "no" and one.profile.id == of.id,
    )


def own_store(place):
    """A resource is in one perimeter only: each test has its own."""
    name = "store" + "".join(filter(str.isalnum, place.group))
    path = place.id(f"storageAccounts/{name}", "Microsoft.Storage")
    place.principal.send(
        "PUT",
        f"{path}?api-version=2024-01-01",
        {"location": REGION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
    )
    return path


def link(place):
    make(place)
    make_profile(place)
    remote = make(place, "remote")
    make_profile(place, "remote", "other")

    def change(body):
        body.local_inbound_profiles = ["profile"]

    return Life(
        place.network.network_security_perimeter_links,
        ("perimeter", "to-remote"),
        models.NspLink(
            auto_approved_remote_perimeter_resource_id=remote.id,
            local_inbound_profiles=["*"],
            remote_inbound_profiles=["*"],
        ),
        change=change,
        changed=lambda one: one.local_inbound_profiles == ["profile"],
        made=lambda one: one.status == "Approved" and one.remote_perimeter_guid == remote.perimeter_guid,
    )


def logging_configuration(place):
    make(place)

    def change(body):
        body.enabled_log_categories.append("NspPublicInboundPerimeterRulesAllowed")

    return Life(
        place.network.network_security_perimeter_logging_configurations,
        ("perimeter", "instance"),
        models.NspLoggingConfiguration(enabled_log_categories=["NspPublicInboundPerimeterRulesDenied"]),
        change=change,
        changed=lambda one: len(one.enabled_log_categories) == 2,
    )


CASES = {
    "networkSecurityPerimeters": perimeter,
    "networkSecurityPerimeters/profiles": profile,
    "networkSecurityPerimeters/profiles/accessRules": access_rule,
    "networkSecurityPerimeters/resourceAssociations": association,
    "networkSecurityPerimeters/links": link,
    "networkSecurityPerimeters/loggingConfigurations": logging_configuration,
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_a_link_is_seen_from_its_other_end(place):
    life = link(place)
    made = life.operations.create_or_update(place.group, *life.names, life.body)
    references = place.network.network_security_perimeter_link_references
    (reference,) = references.list(place.group, "remote")
    assert reference.remote_perimeter_resource_id == place.id("networkSecurityPerimeters/perimeter")
    assert references.get(place.group, "remote", reference.name).status == "Approved"
    # A reference goes once its link is gone, or by itself.
    life.operations.begin_delete(place.group, *life.names).result()
    assert made.name not in [one.name for one in life.operations.list(place.group, "perimeter")]


def test_a_perimeter_with_associations_goes_by_force_only(place):
    life = association(place)
    life.operations.begin_create_or_update(place.group, *life.names, life.body).result()
    perimeters = place.network.network_security_perimeters
    with pytest.raises(HttpResponseError):
        perimeters.begin_delete(place.group, "perimeter").result()
    perimeters.begin_delete(place.group, "perimeter", force_deletion=True).result()
    assert list(perimeters.list(place.group)) == []


def test_perimeters_come_in_pages(place):
    for name in ("one", "three", "two"):
        make(place, name)
    pages = place.network.network_security_perimeters.list(place.group, top=2).by_page()
    assert [[one.name for one in page] for page in pages] == [["one", "three"], ["two"]]


def test_what_may_be_associated_is_listed(place):
    kinds = list(place.network.network_security_perimeter_associable_resource_types.list(REGION))
    assert any(kind.display_name == "Microsoft.Storage/storageAccounts" for kind in kinds), STORE
