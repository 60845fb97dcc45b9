"""The showcase's URLs: pages, admin, and every scenario's variants."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

handler404 = "apps.comparisons.views.errors.not_found"
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("apps.comparisons.urls")),
    path("", include("apps.scenarios.urls")),
]
if settings.DEBUG:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
