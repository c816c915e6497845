"""Forwarding rulesets, their rules, and the networks that they are for."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.dnsresolver import models

from lifecycle import Life, has_tags, live, set_tags
from place import REGION
from test_resolvers import make_resolver, outbound_body, patched


def ruleset_body(place):
    endpoint = place.resolver.outbound_endpoints.begin_create_or_update(
        place.group, "resolver", "out", outbound_body(place)
    ).result()
    return models.DnsForwardingRuleset(
        location=REGION, dns_resolver_outbound_endpoints=[models.SubResource(id=endpoint.id)]
    )


def make_ruleset(place):
    make_resolver(place)
    return place.resolver.dns_forwarding_rulesets.begin_create_or_update(
        place.group, "ruleset", ruleset_body(place)
    ).result()


def ruleset(place):
    make_resolver(place)
    operations, names = place.resolver.dns_forwarding_rulesets, ("ruleset",)
    return Life(
        operations,
        names,
        ruleset_body(place),
        change=set_tags,
        changed=has_tags,
        made=lambda one: one.resource_guid and len(one.dns_resolver_outbound_endpoints) == 1,
        tagged=patched(operations, place, names, models.DnsForwardingRulesetPatch),
    )


def forwarding_rule(place):
    make_ruleset(place)

    def change(body):
        body.target_dns_servers.append(models.TargetDnsServer(ip_address="10.9.0.5", port=5353))

    return Life(
        place.resolver.forwarding_rules,
        ("ruleset", "corporate"),
        models.ForwardingRule(
            domain_name="corporate.example.", target_dns_servers=[models.TargetDnsServer(ip_address="10.9.0.4")]
        ),
        change=change,
        changed=lambda rule: [one.port for one in rule.target_dns_servers] == [53, 5353],
        made=lambda rule: rule.forwarding_rule_state == "Enabled",
    )


def link(place):
    make_ruleset(place)

    def change(body):
        body.metadata = {"by": "test"}

    return Life(
        place.resolver.virtual_network_links,
        ("ruleset", "net"),
        models.VirtualNetworkLink(virtual_network=models.SubResource(id=place.id("virtualNetworks/net"))),
        change=change,
        changed=lambda one: one.metadata == {"by": "test"},
    )


CASES = {
    "dnsForwardingRulesets": ruleset,
    "dnsForwardingRulesets/forwardingRules": forwarding_rule,
    "dnsForwardingRulesets/virtualNetworkLinks": link,
}


@pytest.mark.parametrize("resource_type", CASES)
def test_a_resource_lives(resource_type, place):
    live(CASES[resource_type](place), place, resource_type)


def test_a_rule_is_changed_in_part(place):
    life = forwarding_rule(place)
    life.operations.create_or_update(place.group, *life.names, life.body)
    patch = models.ForwardingRulePatch(forwarding_rule_state="Disabled")
    assert life.operations.update(place.group, *life.names, patch).forwarding_rule_state == "Disabled"
    assert life.operations.get(place.group, *life.names).domain_name == "corporate.example."


def test_an_endpoint_that_a_ruleset_uses_stays(place):
    make_ruleset(place)
    with pytest.raises(HttpResponseError):
        place.resolver.outbound_endpoints.begin_delete(place.group, "resolver", "out").result()
    assert place.resolver.outbound_endpoints.get(place.group, "resolver", "out").name == "out"


def test_a_network_lists_the_rulesets_that_it_is_linked_to(place):
    life = link(place)
    life.operations.begin_create_or_update(place.group, *life.names, life.body).result()
    (listed,) = place.resolver.dns_forwarding_rulesets.list_by_virtual_network(place.group, "net")
    assert listed.id == place.id("dnsForwardingRulesets/ruleset")
