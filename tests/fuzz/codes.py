"""The codes of errors that a request itself can be the reason of, as the README lists them."""

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()
ERRORS = README.partition("\n## Errors\n")[2].partition("\n## ")[0]
OTHERS_FAULT = re.compile(r"database|disk|a bug")
CODES = {
    code
    for case in re.findall(r"^\| (.+? \| .+) \|$", ERRORS, re.MULTILINE)
    if not OTHERS_FAULT.search(case.partition(" | ")[0])
    for code in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", case)
}
