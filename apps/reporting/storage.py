"""Static files with hashed names, those in import statements of JavaScript modules too, and compressed copies."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Django knows how to rewrite imports, but asks to be told."""

    support_js_module_import_aggregation = True
