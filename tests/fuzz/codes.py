"""The codes that an error may have, as the README lists them."""

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()
ERRORS = README.partition("\n## Errors\n")[2].partition("\n## ")[0]
CODES = {
    code
    for line in ERRORS.splitlines()
    if line.startswith("| ") and not line.startswith("| a bug ")
    for code in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", line)
}
