"""Which Host headers are the server's."""

import pytest

from gql_tasks.web.hosts import BadHost, Hosts

LOCAL = Hosts((), listening="127.0.0.1")
NAMED = Hosts(("tasks.example.com", "*.example.org"), listening="Box.local")


@pytest.mark.parametrize(
    "header",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "10.1.2.3:80",
        "[::1]",
        "[::1]:8000",
        "[2001:db8::1]",
        "localhost",
        "LocalHost:8000",
        "localhost.",
        "app.localhost:5173",
        "localhost:",
    ],
)
def test_always_included(header: str) -> None:
    """Addresses, localhost and the names under it are every server's, on any port."""
    assert LOCAL.include(header.encode())
    assert NAMED.include(header.encode())


@pytest.mark.parametrize(
    "header",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "localhost.localdomain",
        "xlocalhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "testserver",
        "example.org",
        "xexample.org",
        "tasks.example.com.evil.example",
        "a_b-c",
    ],
)
def test_not_included(header: str) -> None:
    """Any other name is not, one that begins or ends like one of the server's least of all."""
    assert not LOCAL.include(header.encode())
    assert not NAMED.include(header.encode())


@pytest.mark.parametrize(
    "header", ["tasks.example.com", "TASKS.example.com:443", "a.example.org", "a.b.example.org."]
)
def test_listed(header: str) -> None:
    """A listed name is the server's, and with an asterisk every name under one."""
    assert NAMED.include(header.encode())
    assert not LOCAL.include(header.encode())


def test_host_that_is_listened_on() -> None:
    """The name that the server was told to listen on is its own."""
    assert NAMED.include(b"box.local:8000")


@pytest.mark.parametrize("listening", ["0.0.0.0", "192.168.1.7", "::"])
def test_server_on_a_network(listening: str) -> None:
    """A server that others reach answers to any name, until some are listed."""
    assert Hosts((), listening=listening).include(b"evil.example")
    assert not Hosts(("tasks.example.com",), listening=listening).include(b"evil.example")


@pytest.mark.parametrize("listening", ["127.0.0.1", "127.0.0.2", "::1", "localhost", "box.local"])
def test_server_on_this_machine(listening: str) -> None:
    """A server on this machine, or on a name, which may be this machine's, does not."""
    assert not Hosts((), listening=listening).include(b"evil.example")


def test_any_name() -> None:
    """An asterisk lists every name."""
    assert Hosts(("*",), listening="127.0.0.1").include(b"evil.example")


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ":8000",
        "a b",
        "a,b",
        "a/b",
        "a@b",
        "http://a",
        "a..b",
        ".a",
        "a:b",
        "a:123456",
        "[::1",
        "[::1]x",
        "[1.2.3.4.5]",
        "[localhost]",
        "::1",
        "a\tb",
        "a\x00",
        "%6c",
        "\xe4",
    ],
)
def test_no_host(header: str) -> None:
    """What names no host is told apart from a name that is not the server's."""
    for hosts in (LOCAL, Hosts(("*",), listening="0.0.0.0")):
        with pytest.raises(BadHost):
            hosts.include(header.encode("latin-1"))
