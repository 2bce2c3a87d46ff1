"""What an answer must never show: Python's text, the store's own, or where anything lies."""

import re

TELLS = re.compile(
    r"""Traceback | File\ " | \.py\b | \bobject\ at\ 0x | <class\ | \bNoneType\b
    | \b[A-Z]\w+(?:Error|Exception)\b | \b(?:None|True|False)\b
    | \.db\b | site-packages | /tmp/
    | sqlalchemy | sqlite | asyncpg | postgres | graphql-core | strawberry | pydantic
    | \b(?:SELECT|INSERT|UPDATE|DELETE|BEGIN)\s""",
    re.VERBOSE,
)
