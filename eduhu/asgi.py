"""The ASGI application. Importing it starts nothing; `manage.py serve` starts the loops."""

import os

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")
django.setup(set_prefix=False)

from eduhu.edge import Edge  # noqa: E402 (Django must be set up first)
from eduhu.one_hop import DjangoInOneHop  # noqa: E402
from eduhu.routes import ROUTES, SOCKET_ROUTES  # noqa: E402
from eduhu.sockets import SocketEdge  # noqa: E402
from teachers.tokens import authenticate_token  # noqa: E402

django_application = DjangoInOneHop()
application = ProtocolTypeRouter(
    {
        "http": Edge(
            ROUTES, authenticate_token, django_application, django_application.threads.is_overrun
        ),
        "websocket": SocketEdge(SOCKET_ROUTES, authenticate_token),
    }
)
