"""The place of a name in a configuration: for errors, and for the way from part to part."""

import pytest

from wsgistack import ConfigError, Where
from wsgistack.config.place import Place

PLACE = Place(Where("stack.ini", 3, "[app:main]"), lines={"use": 4})


def test_is_that_of_a_key_where_its_line_is_known() -> None:
    assert (
        str(PLACE.at("use").wrong("is bad", "try x", "y")) == "stack.ini:4: [app:main] use: is bad; expected y; try x"
    )
    assert str(PLACE.at("other").wrong("is bad")) == "stack.ini:3: [app:main] other: is bad"


def test_tells_the_circle_without_the_way_to_it() -> None:
    place = PLACE._replace(trail=("a", "b", "c"))
    assert place.step("d") == ("a", "b", "c", "d")
    with pytest.raises(ConfigError, match=r"a circle: b -> c -> b$"):
        place.step("b")


def test_goes_no_further_than_anyone_means_to() -> None:
    place = PLACE
    for number in range(100):
        place = place._replace(trail=place.step(str(number)))
    with pytest.raises(ConfigError, match="more than 100 parts, each in another"):
        place.step("100")
