"""
Fixtures: every test that takes `gw` runs against lighttpd and against Apache, or against what its
module names in SERVERS.
"""
import os

import pytest

from gateway import Gateway

os.environ["no_proxy"] = "*"  # all is on this machine

SERVERS = ("lighttpd", "apache")


def pytest_generate_tests(metafunc):
    """Unless the module has a fixture of that name itself."""
    for name, scope in (("gw", "session"), ("own_gw", "function")):
        own = hasattr(metafunc.module, name)
        if name in metafunc.fixturenames and not own:
            servers = getattr(metafunc.module, "SERVERS", SERVERS)
            metafunc.parametrize(name, servers, indirect=True, scope=scope)


@pytest.fixture(scope="session")
def gw(request):
    """A gateway that all tests share: they must leave it as it was."""
    with Gateway(request.param) as gateway:
        gateway.start()
        yield gateway


@pytest.fixture
def own_gw(request):
    """A gateway for one test that breaks it.  Not started yet."""
    with Gateway(request.param) as gateway:
        yield gateway


@pytest.fixture
def upstream_saw(gw):
    """Call it to get the requests that reached the FHIR server during this test."""
    before = len(gw.upstream_requests())
    return lambda: gw.upstream_requests()[before:]
