"""The README's example of a live list, in a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.conftest import free_port, serve
from tests.sql import Address

BUNDLE = Path(__file__).parent / "bundles/live_tasks.mjs"
EXAMPLE_HOST = "127.0.0.1:8000"
HTML = '<!doctype html><link rel="icon" href="data:"><script type="module" src="live.mjs"></script>'


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


@contextmanager
def frontend(directory: Path, port: int) -> Iterator[str]:
    """Serve the example as a frontend's own server does, made for the program at a port."""
    script = BUNDLE.read_text()
    assert EXAMPLE_HOST in script
    (directory / "index.html").write_text(HTML)
    (directory / "live.mjs").write_text(script.replace(EXAMPLE_HOST, f"127.0.0.1:{port}"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=directory)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(address: Address) -> Iterator[Page]:
    """Open a page whose timers can be wound on; after the store, which an event loop opens."""
    with chromium() as browser:
        page = browser.new_page()
        page.clock.install()
        yield page


def try_again(page: Page) -> None:
    """Wind the clock on until the example connects anew."""
    with page.expect_websocket():
        page.clock.fast_forward(3_000)


def test_example_stays_live(address: Address, page: Page, tmp_path: Path) -> None:
    """The list shows what is written, also what was while the server was away."""
    port = free_port()
    body = page.locator("body")
    with frontend(tmp_path, port) as url:
        listed = ("--origins", url)
        with serve("--database", address, *listed, port=port) as server:
            tasks = f"{server.url}/tasks/"
            httpx2.post(tasks, json={"title": "Tea"}).raise_for_status()
            page.goto(url)
            expect(body).to_have_text("Tea")
            httpx2.post(tasks, json={"title": "Milk"}).raise_for_status()
            expect(body).to_have_text("Tea, Milk")
            httpx2.put(f"{tasks}1", json={"completed": True}).raise_for_status()
            expect(body).to_have_text("Milk")
            httpx2.put(f"{tasks}1", json={"completed": False}).raise_for_status()
            expect(body).to_have_text("Milk, Tea")
        try_again(page)  # in vain
        address.execute(
            "UPDATE tasks SET title = 'Oat milk' WHERE id = 2",
            "DELETE FROM tasks WHERE id = 1",
            "INSERT INTO tasks (title) VALUES ('Sugar')",
        )
        with serve("--database", address, *listed, port=port):
            try_again(page)
            expect(body).to_have_text("Oat milk, Sugar")
            httpx2.delete(f"{tasks}2").raise_for_status()
            expect(body).to_have_text("Sugar")
