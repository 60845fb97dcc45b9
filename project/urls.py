"""The showcase's URLs: pages, admin, and every scenario's variants."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.comparisons.urls")),
    path("", include("apps.scenarios.urls")),
]
if settings.DEBUG:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
