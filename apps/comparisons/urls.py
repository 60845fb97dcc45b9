"""The pages' URLs. Everything else of the form /<scenario>/<variant>/ is a variant itself."""

from django.urls import path

from apps.comparisons.views import live, overview, runs, scenario, signin, tryit

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("scenarios/", scenario.scenario_list, name="scenarios"),
    path("scenarios/<slug:name>/", scenario.scenario, name="scenario"),
    path("scenarios/<slug:name>/code/<slug:left>/<slug:right>/", scenario.code, name="code"),
    path("scenarios/<slug:name>/try/<slug:variant>/", tryit.try_variant, name="try"),
    path("live/", live.live, name="live"),
    path("live/start/", live.start, name="live-start"),
    path("live/<int:pk>/", live.race, name="race"),
    path("live/<int:pk>/events/", live.events, name="race-events"),
    path("live/<int:pk>/stop/", live.stop, name="race-stop"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/compare/", runs.compare_chosen, name="compare-chosen"),
    path("runs/<int:earlier>/compare/<int:later>/", runs.compare, name="compare"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/run.<slug:kind>", runs.export, name="export"),
    path("sign-in/", signin.sign_in, name="sign-in"),
    path("sign-out/", signin.sign_out, name="sign-out"),
]
