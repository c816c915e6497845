"""What every resource lives through: made, read, listed, changed, tagged and deleted by its client, through the client's pollers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError


@dataclass(frozen=True)
class Life:
    """A resource that is not there yet, though everything is that it needs."""

    operations: Any
    """The client's operations of this type."""
    names: tuple[str, ...]
    """The names of its parents and its own."""
    body: Any
    change: Callable[[Any], None]
    """Changes what a GET answered into what is to be written next."""
    changed: Callable[[Any], bool]
    """Whether an answer shows this change."""
    made: Callable[[Any], bool] = lambda resource: True
    """Whether an answer shows what Azure adds to the body."""
    tagged: Callable[[dict], Any] | None = None
    """Sets tags by the type's own PATCH."""
    lists: tuple[Callable[[], Any], ...] = ()
    """The lists that it is in; found among the operations when there are none."""


def finished(outcome):
    """What an operation came to: waited for by the client's own poller where it has one."""
    return outcome.result() if hasattr(outcome, "result") else outcome


def verb(operations, name):
    return getattr(operations, f"begin_{name}", None) or getattr(operations, name)


def lists(life, group):
    """How the client lists a type: within the parent, or within the group and the subscription."""
    if life.lists:
        return life.lists
    operations, parents = life.operations, life.names[:-1]
    if hasattr(operations, "list_by_resource_group"):
        return (lambda: operations.list_by_resource_group(group), operations.list)
    whole = getattr(operations, "list_all", None) or getattr(operations, "list_by_subscription", None)
    within = lambda: operations.list(group, *parents)  # noqa: E731
    return (within, whole) if whole else (within,)


def plain(resource):
    return resource.as_dict()


def state(resource):
    """The provisioning state, wherever the package keeps it."""
    held = getattr(resource, "properties", None)
    return getattr(held, "provisioning_state", None) or getattr(resource, "provisioning_state", None)


def listed(life, place, path):
    """How often the resource is in each of its lists."""
    own = place.id(path).lower()
    return [sum(one.id.lower() == own for one in each()) for each in lists(life, place.group)]


def live(life, place, resource_type):
    """Leads a resource from its making to its deletion, and looks at it from every side on the way."""
    operations, where = life.operations, (place.group, *life.names)
    with pytest.raises(ResourceNotFoundError):
        operations.get(*where)

    made = finished(verb(operations, "create_or_update")(*where, life.body))
    path = "/".join(f"{kind}/{name}" for kind, name in zip(resource_type.split("/"), life.names, strict=True))
    assert made.id == place.id(path)
    assert made.name == life.names[-1]
    # Some models of the clients have no type.
    assert getattr(made, "type", None) in (f"Microsoft.Network/{resource_type}", None)
    # The links of perimeters stay Accepted.
    assert state(made) in ("Succeeded", "Accepted", None), plain(made)
    read = operations.get(*where)
    assert life.made(read), plain(read)
    # What the poller ends with is a GET, or a PUT's answer that is complete.
    assert read.id == made.id and state(read) == state(made)
    assert set(listed(life, place, path)) == {1}

    life.change(read)
    finished(verb(operations, "create_or_update")(*where, read))
    again = operations.get(*where)
    assert life.changed(again), plain(again)
    assert life.made(again), plain(again)
    if getattr(made, "etag", None):
        assert again.etag != made.etag

    if life.tagged:
        finished(life.tagged({"team": "network"}))
        tagged = operations.get(*where)
        assert tagged.tags == {"team": "network"}
        assert life.changed(tagged), plain(tagged)

    finished(verb(operations, "delete")(*where))
    with pytest.raises(ResourceNotFoundError):
        operations.get(*where)
    assert set(listed(life, place, path)) == {0}
    # Deleting what is not there is no error.
    finished(verb(operations, "delete")(*where))


def tags_of(operations, place, name, model, verb_name="update_tags"):
    """A type's own way to set tags."""
    return lambda tags: verb(operations, verb_name)(place.group, name, model(tags=tags))


def set_tags(resource):
    """The smallest change."""
    resource.tags = {"changed": "yes"}


def has_tags(resource):
    return resource.tags is not None and resource.tags != {}
