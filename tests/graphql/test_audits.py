"""The audits of npm's `graphql-http`: GraphQL over HTTP as its working group reads it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Server

AUDITS = Path(__file__).parent / "audits"
LOCK = AUDITS / "package-lock.json"
INSTALLED = AUDITS / "node_modules/.package-lock.json"  # npm writes it when all else is there


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js, and what package-lock.json names installed beside the script."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("Node.js and npm run the audits, and are not installed")
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        subprocess.run([npm, "ci", "--no-progress"], cwd=AUDITS, check=True, timeout=120)
    return node


def test_every_audit_passes(node: str, served: Server) -> None:
    """All 61 audits find the program as the GraphQL over HTTP specification wants it."""
    ran = subprocess.run(
        [node, str(AUDITS / "audit.mjs"), f"{served.url}/graphql"],
        check=True,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    audits = json.loads(ran.stdout)
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == 61
