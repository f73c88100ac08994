"""Settings for a server that dies when a request says so: after its commit, before its answer."""

import os
import signal

from eduhu.settings import *  # noqa: F403
from eduhu.settings import MIDDLEWARE

MIDDLEWARE = ["tests.dying.die_when_asked", *MIDDLEWARE]


def die_when_asked(get_response):
    """Let everything happen but the answer."""

    def middleware(request):
        response = get_response(request)
        if "X-Die" in request.headers:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    return middleware
