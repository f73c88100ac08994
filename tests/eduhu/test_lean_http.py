"""What is spared changes nothing that Twisted answers."""

import pytest
from daphne.http_protocol import HTTPFactory
from twisted.web import http

from eduhu.lean_http import make_lean


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"application/json", b"application/json"),
        (b"Multipart/Form-Data; boundary=x", b"multipart/form-data"),
        (b"nonsense", b"text/plain"),
    ],
)
def test_a_content_type_is_read_as_before(header, kind):
    make_lean()
    make_lean()
    assert [http._parseContentType(header) for _ in range(2)] == [kind, kind]
    assert http._parseContentType.cache_info().hits


def test_requests_are_not_written_down():
    make_lean()
    factory = HTTPFactory(server=None)
    factory._logFile = object()  # which cannot be written to
    factory.log(None)
