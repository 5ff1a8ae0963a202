"""Ready policies: sets by name, from the data file beside this."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from crossjudge.errors import InputError

_TOPIC = "{topic}"


def policy_set_names() -> tuple[str, ...]:
    """The sets there are."""
    return tuple(_sets())


def policy_set(*names: str, topic: str | None = None) -> dict[str, str]:
    """The policies of these sets together, name -> text. `topic`: what "off-topic" keeps to, such as "cooking".

    Raises `InputError` for a set that is not there, or one that needs a topic and got none.
    """
    policies: dict[str, str] = {}
    for name in names:
        if name not in _sets():
            raise InputError(
                f"Choosing policies: there is no set {name!r}; expected one of {', '.join(_sets())}. Name one of "
                "these, or write policies of your own."
            )
        policies.update(_sets()[name])
    if not policies:
        raise InputError(f"Choosing policies: no set was named; expected some of {', '.join(_sets())}. Name one.")
    needs_topic = any(_TOPIC in policy for policy in policies.values())
    if needs_topic and not (topic and topic.strip()):
        raise InputError(
            "Choosing policies: 'off-topic' got no topic; expected a few words. State topic='cooking', or --topic "
            "cooking."
        )
    return {name: policy.replace(_TOPIC, topic or "") for name, policy in policies.items()}


@cache
def _sets() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("crossjudge").joinpath("apps", "guarding", "policies.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
