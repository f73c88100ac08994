"""Static files outside development: hashed names, compressed, immutable."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Also rewrites imports between JavaScript modules, so that no browser mixes two deploys."""

    support_js_module_import_aggregation = True
