"""Every setting of eduhu: from the environment, with a safe local default.

Read top to bottom. `checks.py` says which combinations a deployment refuses,
`.env.example` lists the variables.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
import dj_email_url
from celery.schedules import crontab
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _
from environs import Env, ValidationError, validate

from eduhu.navigation import NAVIGATION, TABS
from eduhu.postgresql import outage

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=False)  # a wrong value is None until `seal()` names all of them in one error
if env_file := os.environ.get("EDUHU_ENV_FILE", str(BASE_DIR / ".env")):
    env.read_env(env_file, recurse=False)

# --- Which installation this is ------------------------------------------------------------

DEVELOPMENT_SECRET = "development-only-and-refused-in-production"

ENVIRONMENT = env.str(
    "EDUHU_ENV",
    "development",
    validate=validate.OneOf(["development", "staging", "production"]),
)
IS_DEVELOPMENT = ENVIRONMENT == "development"
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", DEVELOPMENT_SECRET)
# Loopback is always served: health probes and `dev.py up` ask by address.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", []), "localhost", "127.0.0.1", "[::1]"]
DATA_DIR = Path(env.str("EDUHU_DATA_DIR", str(BASE_DIR / ".data"))).resolve()
DEMO_PASSWORD = env.str("DEMO_PASSWORD", "eduhu-demo")
PROXY_COUNT = env.int("PROXY_COUNT", 0)

# --- What it is made of --------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "eduhu.switches",  # its banner stands in unfold's pages
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "auditlog",
    "waffle",
    "eduhu",
    "eduhu.audit",
    "eduhu.cache",
    "eduhu.mirror",
    "teachers",
    "teachers.memory",
    "teachers.mail",
    "chats",
    "artifacts",
    "artifacts.library",
    "artifacts.exporting",
    "artifacts.recommendations",
    "monitoring",
    "monitoring.health",
    "monitoring.alerts",
    "monitoring.console",
]

MIDDLEWARE = [
    "eduhu.metrics.requests.measured",
    "eduhu.telemetry.request_id_middleware",
    "eduhu.middleware.private_answers",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "eduhu.switches.middleware.maintenance",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "eduhu.urls"
ASGI_APPLICATION = "eduhu.asgi.application"
APPEND_SLASH = True  # for the admin; the API's own paths have none

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Where rows live -----------------------------------------------------------------------

DATABASE_POOL_SIZE = 10
DATABASE_WAIT_SECONDS = env.float("DATABASE_WAIT_SECONDS", 5.0, validate=validate.Range(min=0.1))
DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'eduhu.sqlite3'}"
STATEMENT_TIMEOUT_MS = env.int("DATABASE_STATEMENT_TIMEOUT_MS", 10_000)
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL)}
DATABASE_IS_POSTGRESQL = DATABASE_URL.startswith(("postgres://", "postgresql://"))
if DATABASE_IS_POSTGRESQL:
    DATABASES["default"]["ENGINE"] = "eduhu.postgresql"
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps connections, not the thread
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {
            "min_size": 2,
            "max_size": DATABASE_POOL_SIZE,
            "timeout": 0.7,  # of one wait; a busy pool is waited for longer
            # Not the default of five minutes, whose pauses grow past the end of an outage.
            "reconnect_timeout": 0.5,
            "reconnect_failed": outage.notice,
        },
        # Statements that come again are planned once for each connection.
        "server_side_binding": True,
        "prepare_threshold": 5,
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout=2000"
        " -c idle_in_transaction_session_timeout=15000",
    }
else:
    DATABASES["default"]["ENGINE"] = "eduhu.sqlite"
    # A thread keeps its connection: opening one costs more than a query, and closing the
    # last one writes the whole write-ahead log back.
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a read that turns into a write would fail at once
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # The in-memory test database fails under threads, and the suite uses threads.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Caches, channel layer, task queue -----------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "")


def _cache(name: str, entries: int, redis: str) -> dict[str, Any]:
    if not REDIS_URL:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": name,
            "OPTIONS": {"MAX_ENTRIES": entries},
        }
    return {
        "BACKEND": redis,
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"eduhu:{name}",
        # A hung Redis would otherwise cost five seconds a call.
        "OPTIONS": {"SOCKET_TIMEOUT": 0.5, "SOCKET_CONNECT_TIMEOUT": 0.5},
    }


CACHES = {
    "default": _cache("default", 10_000, "django_redis.cache.RedisCache"),
    # Counters have a cache of their own: other keys must not push a limit out.
    "limits": _cache("limits", 100_000, "eduhu.limit_cache.LimitCache"),
}
RATELIMIT_USE_CACHE = "limits"
CACHE_TIERS = env.str("CACHE_TIERS", "on", validate=validate.OneOf(["on", "off"]))
CACHE_WARMING = env.str("CACHE_WARMING", "on", validate=validate.OneOf(["on", "off"]))

CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # With the client's default socket timeout an idle subscriber dies after seconds.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", REDIS_URL) or "memory://localhost"
EMBEDDED_CELERY = CELERY_BROKER_URL.startswith("memory:")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.02}
    if EMBEDDED_CELERY
    else {"visibility_timeout": 600, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}
    if CELERY_BROKER_URL.startswith("redis")
    else {"confirm_publish": True}
)
if CELERY_BROKER_URL.startswith("amqp"):
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
CELERY_TASK_TIME_LIMIT = 240  # seconds; under half the visibility timeout, so nothing runs twice
CELERY_TASK_SOFT_TIME_LIMIT = 230
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Europe/Berlin"
CELERY_RESULT_EXPIRES = None  # there are none to clean up
# Kept as rows, so that the admin shows each entry and can switch it off.
CELERY_BEAT_SCHEDULER = "eduhu.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "remove-expired": {
        "task": "teachers.tasks.remove_expired",
        "schedule": crontab(hour="3", minute="10"),
    },
    "send-mails": {
        "task": "teachers.mail.tasks.send_mails",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-old-mails": {
        "task": "teachers.mail.tasks.forget_old_mails",
        "schedule": crontab(hour="3", minute="30"),
    },
    "note-weekly-summaries": {
        "task": "artifacts.library.tasks.note_weekly_summaries",
        "schedule": crontab(day_of_week="mon", hour="6", minute="0,30"),
    },
    "make-exports": {
        "task": "artifacts.exporting.tasks.make_exports",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-old-exports": {
        "task": "artifacts.exporting.tasks.forget_old_exports",
        "schedule": crontab(hour="3", minute="40"),
    },
    "compare-a-part-of-the-mirror": {
        "task": "eduhu.mirror.tasks.compare_a_part",
        "schedule": crontab(minute="*/10"),
    },
    "forget-old-habits": {
        "task": "eduhu.cache.tasks.forget_old_habits",
        "schedule": crontab(hour="3", minute="20"),
    },
    "warm-the-caches": {
        "task": "eduhu.cache.tasks.warm_caches",
        "schedule": crontab(minute="*/10"),
        "kwargs": {"hours": 1, "teachers": 200},
    },
    # Between the runs above: a list of chats lives ten minutes.
    "warm-the-caches-before-the-first-period": {
        "task": "eduhu.cache.tasks.warm_caches",
        "schedule": crontab(day_of_week="mon-fri", hour="7", minute="25,35,45,55"),
        "kwargs": {"hours": 2, "teachers": 1000},
    },
    "warm-the-caches-on-sunday-evening": {
        "task": "eduhu.cache.tasks.warm_caches",
        "schedule": crontab(day_of_week="sun", hour="17-20", minute="5-55/10"),
        "kwargs": {"hours": 2, "teachers": 1000},
    },
    # What no wake-up told of.
    "tag-messages": {
        "task": "chats.tasks.tag_messages",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "embed-for-recommendations": {
        "task": "artifacts.recommendations.tasks.embed_waiting",
        "kwargs": {"seconds": 10},
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "heartbeat": {
        "task": "monitoring.health.tasks.heartbeat",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "probe": {
        "task": "monitoring.health.tasks.probe",
        "schedule": env.float("PROBE_SECONDS", 300.0, validate=validate.Range(min=10)),
        "options": {"expires": 60},
    },
    "forget-old-alerts": {
        "task": "monitoring.alerts.tasks.forget_old",
        "schedule": crontab(hour="3", minute="20"),
    },
}

# --- Who may come in -----------------------------------------------------------------------

AUTH_USER_MODEL = "teachers.Teacher"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator",
                 "CommonPasswordValidator", "NumericPasswordValidator")
]  # fmt: skip
LOGIN_URL = "admin:login"

# How long staff may read a chat after they said why.
BREAK_GLASS_MINUTES = env.int("BREAK_GLASS_MINUTES", 15, validate=validate.Range(min=1, max=240))

REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=env.int("TOKEN_DAYS", 30) or 0),
}

CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", [])
CORS_ALLOW_CREDENTIALS = True
CORS_PREFLIGHT_MAX_AGE = 3600
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "last-event-id",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = ("content-disposition", "etag", "retry-after", "x-request-id")

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not IS_DEVELOPMENT:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Limits --------------------------------------------------------------------------------

MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_MESSAGE_CHARACTERS = 100_000
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
RATE = validate.Regexp(r"^(off|[1-9]\d*/([1-9]\d*)?[smhd])$")
CHAT_RATE = env.str("CHAT_RATE", "30/m", validate=RATE)
LOGIN_FAILURE_RATE = env.str("LOGIN_FAILURE_RATE", "10/m", validate=RATE)
LOGIN_FAILURE_RATE_PER_ADDRESS = env.str("LOGIN_FAILURE_RATE_PER_ADDRESS", "100/m", validate=RATE)
EXPORT_RATE = env.str("EXPORT_RATE", "30/m", validate=RATE)
EXPORTS_KEPT = env.int("EXPORTS_KEPT", 10, validate=validate.Range(min=1))
LONG_EXPORT_CHARACTERS = env.int("LONG_EXPORT_CHARACTERS", 100_000)
REALTIME_RATE = env.str("REALTIME_RATE", "10/m", validate=RATE)
MAX_LIVE_REPLIES = env.int("MAX_LIVE_REPLIES", 5)
MAX_WAITING_REQUESTS = env.int("MAX_WAITING_REQUESTS", 40, validate=validate.Range(min=0))

# Switches of django-waffle (`eduhu/switches`): what no row speaks of is on.
WAFFLE_SWITCH_DEFAULT = True
WAFFLE_ENABLE_ADMIN_PAGES = False  # ours has its own

# --- Replies -------------------------------------------------------------------------------

REPLY_TICK_SECONDS = (env.int("REPLY_TICK_MS", 50) or 0) / 1000
REPLY_LEASE_SECONDS = env.float("REPLY_LEASE_SECONDS", 15.0)
REPLY_HEARTBEAT_SECONDS = env.float("REPLY_HEARTBEAT_SECONDS", 5.0)
REPLY_SWEEP_SECONDS = env.float("REPLY_SWEEP_SECONDS", 5.0)
REPLY_CHECKPOINT_SECONDS = env.float("REPLY_CHECKPOINT_SECONDS", 1.0)
REPLY_CONCURRENCY = env.int("REPLY_CONCURRENCY", 500)
REPLY_MAX_CHARACTERS = env.int("REPLY_MAX_CHARACTERS", 200_000)
SLOW_READER_SECONDS = env.float("SLOW_READER_SECONDS", 10.0)
STREAM_HEARTBEAT_SECONDS = env.float("STREAM_HEARTBEAT_SECONDS", 15.0)
PROMPT_MAX_CHARACTERS = env.int("PROMPT_MAX_CHARACTERS", 120_000)
PROMPT_MAX_MESSAGES = env.int("PROMPT_MAX_MESSAGES", 100)

# --- The AI service ------------------------------------------------------------------------


def _prices(texts: list[str]) -> dict[str, tuple[float, float]]:
    """Read `model=prompt/answer`, per million tokens. Raises ValidationError."""
    found = [PRICE.fullmatch(text) for text in texts]
    if None in found:
        raise ValidationError("Each price must look like gpt-4o-mini=0.15/0.60.")
    return {match[1]: (float(match[2]), float(match[3])) for match in found if match}


PRICE = re.compile(r"(.+)=(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
AI_PROVIDERS = validate.OneOf(["openai", "anthropic"])
AI_PROVIDER = env.str("AI_PROVIDER", "openai", validate=AI_PROVIDERS)
_IS_ANTHROPIC = AI_PROVIDER == "anthropic"
AI_BASE_URL = env.str("AI_BASE_URL", "https://api.anthropic.com" if _IS_ANTHROPIC else "")
AI_API_KEY = env.str("AI_API_KEY", "")
_AI_DEFAULT_MODEL = "claude-sonnet-5-5" if _IS_ANTHROPIC else "gpt-4o-mini"
AI_MODEL = env.str("AI_MODEL", _AI_DEFAULT_MODEL if AI_BASE_URL else "template")
AI_MODELS = list(dict.fromkeys([AI_MODEL, *env.list("AI_MODELS", [])]))
AI_CONNECT_TIMEOUT = env.float("AI_CONNECT_TIMEOUT", 10.0)
AI_FIRST_BYTE_TIMEOUT = env.float("AI_FIRST_BYTE_TIMEOUT", 60.0)
AI_IDLE_TIMEOUT = env.float("AI_IDLE_TIMEOUT", 30.0)
AI_TOTAL_TIMEOUT = env.float("AI_TOTAL_TIMEOUT", 120.0)
AI_MAX_TOKENS = env.int("AI_MAX_TOKENS", 8192, validate=validate.Range(min=1))
AI_ATTEMPTS = env.int("AI_ATTEMPTS", 3, validate=validate.Range(min=1))
AI_BREAKER_FAILURES = env.int("AI_BREAKER_FAILURES", 5, validate=validate.Range(min=1))
AI_BREAKER_SECONDS = env.float("AI_BREAKER_SECONDS", 15.0)
AI_PRICES = _prices(env.list("AI_PRICES", [], validate=_prices) or [])
# Only warns: 0 is no limit.
USAGE_MONTHLY_TOKENS = env.int("USAGE_MONTHLY_TOKENS", 0, validate=validate.Range(min=0))
INSIGHTS_WEIGHTS = env.str("INSIGHTS_WEIGHTS", "")  # empty: the shipped ones
AI_FALLBACK_MODEL = env.str("AI_FALLBACK_MODEL", "")
AI_FALLBACK_PROVIDER = env.str("AI_FALLBACK_PROVIDER", AI_PROVIDER, validate=AI_PROVIDERS)
AI_FALLBACK_BASE_URL = env.str("AI_FALLBACK_BASE_URL", "")
AI_FALLBACK_API_KEY = env.str("AI_FALLBACK_API_KEY", "")
TOPIC_TAGGING = env.str("TOPIC_TAGGING", "ai", validate=validate.OneOf(["ai", "local", "off"]))
TOPIC_AI_SECONDS = env.float("TOPIC_AI_SECONDS", 5.0, validate=validate.Range(min=0.1, max=30))
TEMPLATE_WORD_DELAY_SECONDS = (env.int("TEMPLATE_WORD_DELAY_MS", 20) or 0) / 1000

# --- The mirror to InstantDB ---------------------------------------------------------------

INSTANT_APP_ID = env.str("INSTANT_APP_ID", "39f14e13-9afb-4222-be45-3d2c231be3a1")
INSTANT_APP_ADMIN_TOKEN = env.str(
    "INSTANT_APP_ADMIN_TOKEN", ""
).strip()  # empty: nothing is mirrored
INSTANT_API_URI = env.str("INSTANT_API_URI", "https://api.instantdb.com")
INSTANT_WEBSOCKET_URI = env.str("INSTANT_WEBSOCKET_URI", "")  # empty: below INSTANT_API_URI

# --- API -----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # The token first: the first authenticator decides between 401 and 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "teachers.auth.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["eduhu.api.OrjsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["eduhu.api.OrjsonRenderer"],
    "DEFAULT_SCHEMA_CLASS": "eduhu.openapi.EduhuSchema",
    "EXCEPTION_HANDLER": "eduhu.api.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "eduhu",
    "DESCRIPTION": "The backend of an AI assistant for teachers.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ThumbEnum": "chats.serializers.THUMBS",
        "TopicEnum": "chats.topics.TOPIC_CHOICES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "eduhu.routes.add_stream_routes",
    ],
}

# --- Languages, time, static files ---------------------------------------------------------

LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "eduhu" / "locale"]
TIME_ZONE = "Europe/Berlin"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = IS_DEVELOPMENT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if IS_DEVELOPMENT
        else "eduhu.static.HashedStaticFiles"
    },
}


UNFOLD = {
    "LOGIN": {"form": "teachers.forms.SignInForm"},
    "SITE_TITLE": "eduhu",
    "SITE_HEADER": "eduhu",
    "SITE_ICON": lambda request: static("chats/logo.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("chats/logo.svg"),
        },
    ],
    "COLORS": {
        "primary": {
            "50": "#f0f8f6",
            "100": "#dfeeea",
            "200": "#bfded7",
            "300": "#93c9be",
            "400": "#5eafa1",
            "500": "#2a8c7f",
            "600": "#0b6b62",
            "700": "#095a52",
            "800": "#0a4943",
            "900": "#0b3c37",
            "950": "#06231f",
        },
    },
    "DASHBOARD_CALLBACK": "monitoring.admin.dashboard",
    "SIDEBAR": {"navigation": NAVIGATION},
    "TABS": TABS,
}

# --- What operators see --------------------------------------------------------------------

CHECKS = ["database", "migrations", "cache", "channel_layer", "celery"]
SENTRY_DSN = env.str("SENTRY_DSN", "")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")
READINESS = env.list(
    "READINESS",
    CHECKS,
    validate=validate.ContainsOnly(CHECKS),
)
PROBE_URL = env.str("PROBE_URL", "")
METRICS = env.str("METRICS", "on", validate=validate.OneOf(["on", "off"]))
METRICS_TOKEN = env.str("METRICS_TOKEN", "").strip()  # empty: only this machine may read them
# Several processes keep their numbers together in a folder.
METRICS_DIR = env.str("METRICS_DIR", str(DATA_DIR / "metrics") if REDIS_URL else "")
SLOW_QUERY_MS = env.int("SLOW_QUERY_MS", 500, validate=validate.Range(min=1))

ALERT_SECONDS = env.float("ALERT_SECONDS", 10.0, validate=validate.Range(min=0.1, max=30))
ALERT_WINDOW_SECONDS = env.float("ALERT_WINDOW_SECONDS", 300.0, validate=validate.Range(10, 900))
ALERT_ERROR_PERCENT = env.float("ALERT_ERROR_PERCENT", 5.0)
ALERT_MEMORY_MB = env.int("ALERT_MEMORY_MB", 512)
ALERT_CACHE_HIT_PERCENT = env.float("ALERT_CACHE_HIT_PERCENT", 30.0)
ALERT_FIRST_TOKEN_SECONDS = env.float("ALERT_FIRST_TOKEN_SECONDS", 10.0)
ALERT_DISK_FREE_PERCENT = env.float("ALERT_DISK_FREE_PERCENT", 10.0)
ALERT_EMAILS: list[str] = env.list("ALERT_EMAILS", [])
ALERT_WEBHOOK_URLS: list[str] = env.list("ALERT_WEBHOOK_URLS", [])
ALERT_WEBHOOK_SECRET = env.str("ALERT_WEBHOOK_SECRET", "")
ALERT_WEBHOOK_NETWORKS: list[str] = env.list("ALERT_WEBHOOK_NETWORKS", [])
RUNBOOK_URL = env.str("RUNBOOK_URL", "docs/operations.md")

EMAIL_URL = env.str("EMAIL_URL", "")
_email = dj_email_url.parse(EMAIL_URL or "smtp://")
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _email["EMAIL_USE_TLS"], _email["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000")  # where links in e-mails lead
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "eduhu@localhost")

LOG_FORMAT = env.str(
    "LOG_FORMAT", "line" if IS_DEVELOPMENT else "json", validate=validate.OneOf(["line", "json"])
)
# Kept in EDUHU_DATA_DIR for the log in the admin, all processes together.
LOG_FILES_MB = env.int("LOG_FILES_MB", 40, validate=validate.Range(min=0, max=1000))
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "eduhu.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(context)s] %(message)s",
        },
        "json": {"()": "eduhu.logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    # they tell every request at INFO
    "loggers": {
        "daphne": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}

env.seal()
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
