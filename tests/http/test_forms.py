"""Tests of several readings of one thing err on the side of the guard, and finding the readings ends."""

from wsgistack.http.forms import MAX_FORMS, Forms, find_forms


def test_any_and_all_ask_each_form() -> None:
    forms = Forms(("/a", "/b"), is_complete=True)
    assert forms.any(lambda form: form == "/b")
    assert not forms.any(lambda form: form == "/c")
    assert forms.all(lambda form: form.startswith("/"))
    assert not forms.all(lambda form: form == "/b")


def test_incomplete_forms_might_pass_and_never_certainly_pass() -> None:
    forms = Forms(("/a",), is_complete=False)
    assert forms.any(lambda form: False)
    assert not forms.all(lambda form: True)


def test_joins_the_forms_of_two_readings() -> None:
    one, other = Forms(("/a", "/b"), is_complete=True), Forms(("/b", "/c"), is_complete=True)
    assert one | other == (("/a", "/b", "/c"), True)
    assert not (one | other._replace(is_complete=False)).is_complete
    assert not (one._replace(is_complete=False) | other).is_complete


def test_finds_what_the_steps_make_in_any_order() -> None:
    steps = (lambda text: text.removeprefix("a"), lambda text: text.removesuffix("b"))
    forms = find_forms("axb", steps, lambda text: True)
    assert set(forms.values) == {"axb", "xb", "ax", "x"}
    assert forms.values[0] == "axb"
    assert forms.is_complete


def test_stops_at_the_maximum_of_forms() -> None:
    steps = (lambda text: text[1:],)
    most = find_forms("x" * (MAX_FORMS - 1), steps, lambda text: True)
    assert len(most.values) == MAX_FORMS
    assert most.is_complete
    more = find_forms("x" * MAX_FORMS, steps, lambda text: True)
    assert len(more.values) == MAX_FORMS + 1
    assert not more.is_complete


def test_stops_at_an_unreadable_form() -> None:
    forms = find_forms("abc", (lambda text: text[1:],), lambda text: text != "c")
    assert forms == (("abc", "bc", "c"), False)
