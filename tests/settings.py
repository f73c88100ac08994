"""The settings of the suite: the product's own, plus a watch for N+1 queries."""

from eduhu.settings import *  # noqa: F403
from eduhu.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
# Each request is watched for queries once per row.
MIDDLEWARE = ["zeal.middleware.zeal_middleware", *MIDDLEWARE]
ZEAL_RAISE = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CHAT_RATE = "off"
TOPIC_TAGGING = "off"
WHITENOISE_AUTOREFRESH = True  # else each client of a test lists all static files first
MAX_WAITING_REQUESTS = 10_000
INSTANT_APP_ADMIN_TOKEN = ""
TEMPLATE_WORD_DELAY_SECONDS = 0.0
REPLY_TICK_SECONDS = 0.01
REPLY_LEASE_SECONDS = 1.5
REPLY_HEARTBEAT_SECONDS = 0.3
REPLY_SWEEP_SECONDS = 0.3
REPLY_CHECKPOINT_SECONDS = 0.1
