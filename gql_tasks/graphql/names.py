"""The names that GraphQL has for what is declared in Python."""

from functools import cache

from strawberry.schema.name_converter import NameConverter


class Names(NameConverter):
    """Strawberry's names, each made once: it asks for every field of every input that comes."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(self.apply_naming_config)  # type: ignore[method-assign]


NAMES = Names()
