"""The pages' URLs."""

from django.urls import path

from apps.comparisons import views

urlpatterns = [path("", views.index, name="index")]
