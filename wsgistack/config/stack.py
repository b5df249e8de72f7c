"""An application, and the layers around it, as a configuration describes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wsgistack.config.parts import Application
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Stack", "in_order", "stand_in"]


@dataclass(frozen=True)
class Stack:
    """Layers, and the application that they are around, as read from a configuration.

    :param application: None for filters alone, or after a mistake.
    :param mistakes: those found so far. All other parts can still be built and checked.
    """

    application: Application | None = None
    pipeline: Pipeline = field(default_factory=Pipeline)
    mistakes: tuple[Mistake, ...] = ()

    @classmethod
    def broken(cls, *mistakes: Mistake) -> "Stack":
        """Nothing but mistakes."""
        return cls(mistakes=mistakes)

    def around(self, inner: "Stack") -> "Stack":
        """These layers around another stack."""
        return Stack(inner.application, Pipeline([*self.pipeline, *inner.pipeline]), (*self.mistakes, *inner.mistakes))

    def with_mistakes(self, mistakes: Iterable[Mistake]) -> "Stack":
        """The same stack with more mistakes."""
        return Stack(self.application, self.pipeline, (*self.mistakes, *mistakes))

    def fitted(self) -> "Stack":
        """The same stack. Missing options of its layers are added to its mistakes."""
        specs: list[Spec] = []
        mistakes = Mistakes()
        for spec in self.pipeline:
            with mistakes.collect():
                specs.append(spec.check())
        return Stack(self.application, Pipeline(specs), (*self.mistakes, *mistakes))

    def build(self) -> App:
        """Load the application and wrap it.

        :raises ConfigError: it holds every mistake of the configuration, in the order of the file.
        """
        mistakes = Mistakes(self.mistakes)
        app: App = stand_in
        with mistakes.collect():
            if self.application:
                app = self.application.load()
        with mistakes.collect():
            app = self.pipeline.wrap(app)
        if mistakes:
            raise ConfigError(*in_order(mistakes)) from mistakes.cause
        return app


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Mistakes by file and line, each once."""
    return sorted({str(each): each for each in mistakes}.values(), key=lambda each: each.where[:2])


def stand_in(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Replace an application that could not be loaded, so that the layers can be checked."""
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []
