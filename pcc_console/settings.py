"""Settings. Everything that differs between installations comes from the environment: see docs/operations.md."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from common.supervision import state
from pcc_console import database, logs, navigation
from pcc_console.media_settings import check_media_addresses, media_ports

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# ── Where we are ─────────────────────────────────────────────────────────────────────────────────────────────────────
ENVIRONMENT = env.str("PCC_ENVIRONMENT", "development")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured("PCC_ENVIRONMENT must be `development` or `production`.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.bool("PCC_DEBUG", False)
DATA_DIR = Path(env.str("PCC_DATA_DIR", str(BASE_DIR / "var"))).resolve()

# ── Secrets: from the environment; in development, made once and kept in the data folder ─────────────────────────────
_own_secrets = {} if PRODUCTION else state.load_or_create_secrets(DATA_DIR)
try:
    SECRET_KEY = env.str("PCC_SECRET_KEY", _own_secrets.get("PCC_SECRET_KEY", environ.Env.NOTSET))
    # The first key encrypts, all of them decrypt: put a new key in front to rotate.
    PCC_ENCRYPTION_KEYS = env.list("PCC_ENCRYPTION_KEYS", default=[]) or (
        _own_secrets["PCC_ENCRYPTION_KEYS"].split(",") if _own_secrets else []
    )
except environ.ImproperlyConfigured as error:
    raise ImproperlyConfigured("Set PCC_SECRET_KEY: see docs/operations.md.") from error
if not PCC_ENCRYPTION_KEYS:
    raise ImproperlyConfigured("Set PCC_ENCRYPTION_KEYS to one or more Fernet keys: see docs/operations.md.")

# ── Servers: from the environment, or those that `make run` has started ──────────────────────────────────────────────
_running = state.load_services(DATA_DIR) or {}
DATABASE_URL = env.str("DATABASE_URL", _running.get("DATABASE_URL", ""))
REDIS_URL = env.str("REDIS_URL", _running.get("REDIS_URL", ""))
HAS_SERVERS = bool(DATABASE_URL and REDIS_URL)

if DATABASE_URL:
    DATABASES: dict[str, Any] = {"default": env.db_url_config(DATABASE_URL)}
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": env.int("PCC_DATABASE_POOL", 8), "timeout": 10},
    }
    if database.serves(sys.argv):
        DATABASES["default"]["OPTIONS"] = database.with_limits(DATABASES["default"]["OPTIONS"])
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
else:
    DATABASES = {"default": {"ENGINE": "pcc_console.no_database"}}

CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "pcc",
        "OPTIONS": {"serializer": "common.json_serializer.JsonSerializer"},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CHANNEL_LAYERS: dict[str, Any] = (
    {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}}
    if REDIS_URL
    else {}
)
CELERY_BROKER_URL = REDIS_URL

# Where programs and browsers reach this installation; stands in the addresses that events carry.
PCC_PUBLIC_URL = env.str("PCC_PUBLIC_URL", f"http://localhost:{env.str('PORT', '8000')}").rstrip("/")

# ── Applications ─────────────────────────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "pcc_console.apps.PccConsoleConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "pcc_console.admin_config.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "import_export",
    "auditlog",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "common",
    "projects",
    "calls",
    "telephony",
    "webhooks",
    "sounds",
    "ivr",
    "queues",
    "agents",
    "numbers_app",
    "routing",
    "callflow",
    "api",
    "softphone",
]

MIDDLEWARE = [
    "pcc_console.health.answer_probes",
    "pcc_console.metrics.count_requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "pcc_console.unstorable.RefuseUnstorable",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pcc_console.middleware.ProjectMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pcc_console.history.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "pcc_console.urls"
ASGI_APPLICATION = "pcc_console.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # the templates of widgets, too, are looked for in templates/
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Languages and time ───────────────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = env.str("PCC_LANGUAGE", "en")
LANGUAGES = [("en", _("English")), ("vi", _("Vietnamese"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "vendor"]
FORMAT_MODULE_PATH = "pcc_console.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("PCC_STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"  # reached only through views that check the project
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
GREETING_MAX_BYTES = env.int("PCC_GREETING_MAX_BYTES", 20 * 1024 * 1024)
# Who speaks texts: `espeak` comes along; `piper` with the operator's folder of voices; `http` is a service of his.
PCC_SPEECH_PROVIDER = env.str("PCC_SPEECH_PROVIDER", "espeak")
if PCC_SPEECH_PROVIDER not in ("espeak", "piper", "http"):
    raise ImproperlyConfigured("PCC_SPEECH_PROVIDER must be `espeak`, `piper` or `http`.")
PCC_SPEECH_PIPER_VOICES = env.str("PCC_SPEECH_PIPER_VOICES", str(DATA_DIR / "voices"))
PCC_SPEECH_HTTP_URL = env.str("PCC_SPEECH_HTTP_URL", "")
if PCC_SPEECH_PROVIDER == "http" and not PCC_SPEECH_HTTP_URL:
    raise ImproperlyConfigured("PCC_SPEECH_PROVIDER is `http`: set PCC_SPEECH_HTTP_URL to the service's address.")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# ── Sound to and from browsers ───────────────────────────────────────────────────────────────────────────────────────
# Where browsers find the engine: by default at every address of this host, at any UDP port. Behind a router or in a
# container: a range of ports that is passed on, and the address by which this host is known outside.
PCC_MEDIA_ADDRESSES = env.list("PCC_MEDIA_ADDRESSES", default=[])
PCC_MEDIA_PORTS = env.str("PCC_MEDIA_PORTS", "")  # first-last
PCC_MEDIA_PUBLIC_ADDRESS = env.str("PCC_MEDIA_PUBLIC_ADDRESS", "")
MEDIA_PORTS = media_ports(PCC_MEDIA_PORTS)
check_media_addresses(*PCC_MEDIA_ADDRESSES, PCC_MEDIA_PUBLIC_ADDRESS)

# ── Sign-in ──────────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "pcc_console.sign_in.locked_out"
OTP_TOTP_ISSUER = "PCC Console"

# ── Browser security ─────────────────────────────────────────────────────────────────────────────────────────────────
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The admin theme's Alpine evaluates the expressions in its templates.
        "script-src": [SELF, NONCE, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
ALLOWED_HOSTS = env.list("PCC_ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("PCC_TRUSTED_ORIGINS", default=[])
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("PCC_REDIRECT_TO_HTTPS", True)
    SECURE_REDIRECT_EXEMPT = [r"^v1/"]  # REST clients lose body and headers on a redirect
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("PCC_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True

# ── Operations ───────────────────────────────────────────────────────────────────────────────────────────────────────
LOGGING = logs.configuration(production=PRODUCTION, level=env.str("PCC_LOG_LEVEL", "INFO"))
PCC_METRICS_TOKEN = env.str("PCC_METRICS_TOKEN", "")

# Private networks that customers' URLs may lead to (CIDR). In development your own machine, to try things out.
PCC_ALLOWED_PRIVATE_NETWORKS = env.list(
    "PCC_ALLOWED_PRIVATE_NETWORKS", default=[] if PRODUCTION else ["127.0.0.0/8", "::1/128"]
)
try:
    for _network in PCC_ALLOWED_PRIVATE_NETWORKS:
        ipaddress.ip_network(_network)
except ValueError as error:
    raise ImproperlyConfigured(
        f"PCC_ALLOWED_PRIVATE_NETWORKS: {error}. Write networks such as 10.1.2.0/24, separated by commas."
    ) from error

# ── Softphones ───────────────────────────────────────────────────────────────────────────────────────────────────────
# Pages that may open a socket (https://crm.example). By default any: what protects the door is the token.
PCC_SOFTPHONE_ORIGINS = env.list("PCC_SOFTPHONE_ORIGINS", default=["*"])
PCC_SOFTPHONE_PING_S = env.float("PCC_SOFTPHONE_PING_S", 15.0)  # a dead socket is noticed ten seconds later
# STUN and TURN servers that browsers are told of, as they take them: [{"urls": "turn:…", "username": …}].
PCC_ICE_SERVERS = env.json("PCC_ICE_SERVERS", default=[])
if not isinstance(PCC_ICE_SERVERS, list) or not all(
    isinstance(each, dict) and "urls" in each for each in PCC_ICE_SERVERS
):
    raise ImproperlyConfigured('PCC_ICE_SERVERS must be a JSON list such as [{"urls": "stun:stun.example:3478"}].')
if PCC_SOFTPHONE_PING_S <= 0:
    raise ImproperlyConfigured("PCC_SOFTPHONE_PING_S must be more than 0.")

# ── REST ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PCC Console",
    "DESCRIPTION": "Configure a contact center. How it compares with Stringee's PCC API: docs/compatibility.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/v1/",
    "PREPROCESSING_HOOKS": ["api.schema.canonical_paths"],
    "POSTPROCESSING_HOOKS": ["api.schema.shared_responses"],
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

# ── Console theme ────────────────────────────────────────────────────────────────────────────────────────────────────
UNFOLD: dict[str, Any] = navigation.UNFOLD
