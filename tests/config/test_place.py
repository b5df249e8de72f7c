"""The place of a name in a configuration."""

import pytest

from wsgistack import ConfigError, Where
from wsgistack.config.place import Place

PLACE = Place(Where("stack.ini", 3, "[app:main]"), lines={"use": 4})


def test_a_mistake_has_the_line_of_its_key_or_else_of_the_section() -> None:
    mistake = PLACE.at("use").mistake("is bad", expected="y", hint="try x")
    assert str(mistake) == "stack.ini:4: [app:main] use: is bad; expected y; try x"
    assert str(PLACE.at("other").mistake("is bad")) == "stack.ini:3: [app:main] other: is bad"


def test_reports_a_circle_without_the_parts_that_lead_to_it() -> None:
    place = PLACE._replace(trail=("a", "b", "c"))
    assert place.step("d") == ("a", "b", "c", "d")
    with pytest.raises(ConfigError, match=r"circular reference: b -> c -> b$"):
        place.step("b")


def test_refuses_too_many_nested_parts() -> None:
    place = PLACE
    for number in range(100):
        place = place._replace(trail=place.step(str(number)))
    with pytest.raises(ConfigError, match="too many nested parts; expected at most 100"):
        place.step("100")
