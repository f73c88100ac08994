"""Settings for a process in which every request costs twice as much as it did."""

import time

from eduhu.settings import *  # noqa: F403
from eduhu.settings import MIDDLEWARE

MIDDLEWARE = ["tests.slowed.twice_the_work", *MIDDLEWARE]


def twice_the_work(get_response):
    """Compute for as long again as the request did, with hardly a call."""

    def middleware(request):
        began = time.thread_time()
        response = get_response(request)
        end = 2 * time.thread_time() - began
        while time.thread_time() < end:
            sum(range(1000))
        return response

    return middleware
