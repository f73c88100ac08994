"""The ASGI application. Importing it starts nothing; `manage.py serve` starts the loops."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")
django_application = get_asgi_application()

from eduhu.edge import Edge  # noqa: E402 (Django must be set up first)
from eduhu.routes import ROUTES, SOCKET_ROUTES  # noqa: E402
from eduhu.sockets import SocketEdge  # noqa: E402
from teachers.tokens import authenticate_token  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Edge(ROUTES, authenticate_token, django_application),
        "websocket": SocketEdge(SOCKET_ROUTES, authenticate_token),
    }
)
