"""The rules of the layer auth: who may do what, by path and method."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypedDict

from wsgistack.environ import METHOD_OVERRIDES
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, suggest
from wsgistack.http.headers import is_field_name
from wsgistack.http.paths import check_prefix, compile_under
from wsgistack.middleware.auth.credentials import prepare_name
from wsgistack.middleware.auth.scheme import Identity, Refusal
from wsgistack.middleware.auth.tokens import is_scope
from wsgistack.types import Environ

__all__ = ["Rule", "RuleOptions", "compile_rules"]

Check = Callable[[Identity, Environ], bool]


class RuleOptions(TypedDict, total=False):
    """One rule. It is for the requests that match ``under`` and ``methods``; what else it names must be true.

    :param under: the beginnings of paths; by default, all paths.
    :param methods: the methods; by default, all. GET includes HEAD.
    :param users: who is allowed.
    :param groups: whose members are allowed, too.
    :param scopes: what credentials with scopes need: all of these.
    :param check: is called with the identity and the environ, and must return True.
    """

    under: Sequence[str]
    methods: Collection[str]
    users: Collection[str]
    groups: Collection[str]
    scopes: Collection[str]
    check: Check


class Rule(NamedTuple):
    """A rule that was checked."""

    is_under: Callable[[Environ], bool] | None
    methods: frozenset[str]
    users: frozenset[str]
    groups: frozenset[str]
    scopes: frozenset[str]
    check: Check | None

    def matches(self, environ: Environ) -> bool:
        """Whether this rule is for a request, in any form that an application could see."""
        if self.is_under is not None and not self.is_under(environ):
            return False
        return not self.methods or any(method in self.methods for method in _list_methods(environ))

    def judge(self, identity: Identity, environ: Environ) -> Refusal | None:
        """Refuse what the rule does not allow."""
        is_named = identity.user in self.users or not self.groups.isdisjoint(identity.groups)
        if (self.users or self.groups) and not is_named:
            return Refusal("not one of the users or groups that the rule allows", 403)
        if self.scopes and identity.scopes is not None and not self.scopes <= identity.scopes:
            scope, missing = (" ".join(sorted(each)) for each in (self.scopes, self.scopes - identity.scopes))
            return Refusal(f"lacks the scope {missing}", 403, error="insufficient_scope", scope=scope)
        if self.check is not None and self.check(identity, environ) is not True:
            return Refusal("refused by the check of the rule", 403)
        return None


def compile_rules(rules: Iterable[RuleOptions], *, key: str) -> tuple[Rule, ...]:
    """Check rules.

    :param key: the option that they come from.
    :raises ConfigError: a rule allows nothing, or a part of it is not valid.
    """
    if isinstance(rules, str | Mapping):
        problem = "is one rule" if isinstance(rules, Mapping) else "is text"
        raise ConfigError(Mistake(problem, key, rules, "a list of rules", "write [{…}]"))
    mistakes = Mistakes()
    made = []
    for number, options in enumerate(rules, 1):
        with mistakes.collect(key, Where(line=number)):  # the item, whose line the loader knows
            made.append(_compile_rule(options, number))
    mistakes.raise_if_any()
    return tuple(made)


def _compile_rule(options: RuleOptions, number: int) -> Rule:
    place = f"rule {number}"
    if not isinstance(options, Mapping):
        raise ConfigError(Mistake(f"{place} is not a mapping", value=options, expected="a mapping of names to values"))
    names = RuleOptions.__annotations__
    mistakes = Mistakes()
    for name in options:
        if name not in names:
            mistakes.append(Mistake(f"{place} has the unknown name {name!r}", hint=suggest(name, names)))
    lists: dict[str, list[str]] = {}
    for name in ("under", "methods", "users", "groups", "scopes"):
        given = options.get(name, ())
        is_list = isinstance(given, Collection) and not isinstance(given, str)
        if not is_list or not all(isinstance(each, str) and each for each in given):  # type: ignore[attr-defined]
            mistakes.append(Mistake(f"{name} of {place} is not a list of names", value=given, expected="a list"))
            given = ()
        elif name in options and not given:
            mistakes.append(Mistake(f"{name} of {place} is empty", expected="at least one, or leave it out"))
        lists[name] = [*given]  # type: ignore[misc]
    prefixes = []
    for prefix in lists["under"]:
        try:
            prefixes.append(check_prefix(prefix, root_hint="leave under out for all paths"))
        except ConfigError as error:
            problem = f"under of {place} has the invalid value {prefix!r}"
            mistakes += [each._replace(problem=problem) for each in error.mistakes]
    for method in lists["methods"]:
        problem = f"invalid method {method!r} in {place}"
        if method == "*" or not is_field_name(method):  # no request would match, so that the rule would allow all
            hint = "leave out methods, which means all of them" if method == "*" else ""
            mistakes.append(Mistake(problem, expected="one method in each item, such as GET", hint=hint))
        elif method != method.upper():
            mistakes.append(Mistake(problem, hint=f"write {method.upper()}"))
    for scope in lists["scopes"]:
        if not is_scope(scope):
            expected = "one scope in each item, in ASCII without quotes and backslashes"
            mistakes.append(Mistake(f"invalid scope {scope!r} in {place}", expected=expected))
    check = options.get("check")
    if check is not None and not callable(check):
        mistakes.append(Mistake(f"check of {place} is not a callable", value=check, expected="module:callable"))
    if not mistakes and check is None and not any(lists[name] for name in ("users", "groups", "scopes")):
        mistakes.append(Mistake(f"{place} does not say who is allowed", expected="users, groups, scopes or check"))
    mistakes.raise_if_any()
    methods = frozenset(lists["methods"])
    return Rule(
        compile_under(prefixes, every=False) if prefixes else None,
        methods | ({"HEAD"} if "GET" in methods else set()),
        frozenset((*lists["users"], *map(prepare_name, lists["users"]))),
        frozenset(lists["groups"]),
        frozenset(lists["scopes"]),
        check,
    )


def _list_methods(environ: Environ) -> Iterable[str]:
    """The methods that an application could see."""
    yield environ.get("REQUEST_METHOD", "").upper()
    for key in METHOD_OVERRIDES:
        if key in environ:
            yield environ[key].upper()
