"""Fixtures: every test that takes `gw` runs against lighttpd and against Apache."""
import os

import pytest

from gateway import Gateway

os.environ["no_proxy"] = "*"  # all is on this machine

SERVERS = ("lighttpd", "apache")


@pytest.fixture(scope="session", params=SERVERS)
def gw(request):
    """A gateway that all tests share: they must leave it as it was."""
    with Gateway(request.param) as gateway:
        gateway.start()
        yield gateway


@pytest.fixture(params=SERVERS)
def own_gw(request):
    """A gateway for one test that breaks it.  Not started yet."""
    with Gateway(request.param) as gateway:
        yield gateway


@pytest.fixture
def upstream_saw(gw):
    """Call it to get the requests that reached the FHIR server during this test."""
    before = len(gw.upstream_requests())
    return lambda: gw.upstream_requests()[before:]
