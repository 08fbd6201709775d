"""Nodes in an order in which every value is made before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from topokit.loaders.formats.common.protobuf import Message


def in_order(nodes: Sequence[Message]) -> list[Message]:
    """The nodes, sorted when the file has them in another order than ONNX asks for.

    Raises
    ------
    ValueError
        They need each other in a circle.
    """
    maker = {output: place for place, node in enumerate(nodes) for output in node["outputs"] if output}
    needs = [sorted({maker[name] for name in used(node) if name in maker}) for node in nodes]
    if all(not before or before[-1] < place for place, before in enumerate(needs)):
        return list(nodes)
    users: list[list[int]] = [[] for _ in nodes]
    for place, before in enumerate(needs):
        for earlier in before:
            users[earlier].append(place)
    waiting = [len(before) for before in needs]
    ready = [place for place, count in enumerate(waiting) if not count]
    for place in ready:
        for user in users[place]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if len(ready) < len(nodes):
        raise ValueError("the nodes of a graph need each other in a circle")
    return [nodes[place] for place in ready]


def used(node: Message) -> set[str]:
    """The values that a node takes, those that its bodies take from outside included."""
    names = set(filter(None, node["inputs"]))
    for told in node["attributes"]:
        if told["g"] is not None:
            names |= _captured(told["g"])
    return names


def _captured(body: Message) -> set[str]:
    own = set(chain.from_iterable(node["outputs"] for node in body["nodes"]))
    own |= {tensor["name"] for tensor in (*body["inputs"], *body["initializers"])}
    taken = set(chain.from_iterable(used(node) for node in body["nodes"]))
    return (taken | {value["name"] for value in body["outputs"]}) - own
