"""The learned model: as good as it says, on teachers it has not seen, and learned anew by hand."""

import datetime as dt
import json
import random

import pytest
from django.core.management import CommandError, call_command

from artifacts.insights import logistic, material, training
from artifacts.insights.model import SHIPPED, learned
from artifacts.insights.simulation import simulate
from artifacts.models import Artifact, ArtifactExport
from tests.client import ApiClient
from tests.factories import make_teacher

LEAST_AUC = 0.70  # what docs/numbers.md promises


@pytest.fixture(scope="module")
def trained():
    return training.train_simulated()


def others(trained):
    """The quality on teachers of another simulation, none of whom was ever seen."""
    ending = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    found = list(material.examples(simulate(seed=8, teachers=80), ending))
    unseen = [example for _teacher, example in found]
    return unseen, training.judge(trained.model, trained.base_rate, unseen, 80)


@pytest.mark.claim(105)
def test_it_is_better_than_the_base_rate_on_teachers_it_has_not_seen(trained):
    unseen, quality = others(trained)
    for found in (trained.quality, quality):
        assert found.auc >= LEAST_AUC
        assert found.log_loss < 0.95 * found.base_log_loss
        assert found.examples >= 1000
    labels = [label for _row, label in unseen]
    for place, name in enumerate(material.FEATURES):  # no rule about one feature is as good
        alone = logistic.auc([row[place] for row, _label in unseen], labels)
        assert max(alone, 1 - alone) < quality.auc - 0.05, name


@pytest.mark.claim(105)
def test_what_is_shipped_is_what_the_command_learns(trained, tmp_path, capsys):
    call_command("train_insights", output=tmp_path / "weights.json")
    assert "AUC 0.736" in capsys.readouterr().out
    again, shipped = (json.loads(path.read_text()) for path in (tmp_path / "weights.json", SHIPPED))
    assert again["held_out"] == pytest.approx(shipped["held_out"])
    for one, other in zip(again["features"], shipped["features"], strict=True):
        assert one.pop("name") == other.pop("name")
        assert one == pytest.approx(other)
    assert learned().model.features == material.FEATURES


def test_no_teacher_is_learned_from_and_judged_by():
    found = [(each.teacher_id, each.id) for each in simulate(seed=1, teachers=30)]
    one, other, teachers = training.split(found)
    owner = {artifact: teacher for teacher, artifact in found}
    assert not {owner[each] for each in one} & {owner[each] for each in other}
    assert len({owner[each] for each in other}) == teachers > 0


def test_from_noise_nothing_is_learned():
    dice = random.Random(3)
    rows = [[dice.gauss(0, 1), dice.gauss(0, 1)] for _ in range(400)]
    labels = [dice.random() < 0.5 for _ in rows]
    model = logistic.fit(("one", "other"), rows[:200], labels[:200])
    assert 0.4 < logistic.auc([model.probability(row) for row in rows[200:]], labels[200:]) < 0.6


def test_the_fit_finds_known_weights_and_the_measures_known_values():
    dice = random.Random(4)
    rows = [[dice.gauss(0, 1), dice.gauss(5, 2)] for _ in range(4000)]
    labels = [dice.random() < logistic.sigmoid(1 + 2 * a - 0.5 * (b - 5)) for a, b in rows]
    model = logistic.fit(("a", "b"), rows, labels)
    found = [weight / scale for weight, scale in zip(model.weights, model.scales, strict=True)]
    assert found == pytest.approx([2, -0.5], abs=0.15)
    assert logistic.auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert logistic.auc([0.5, 0.5], [False, True]) == 0.5
    assert logistic.log_loss([0.5, 0.5], [True, False]) == pytest.approx(0.6931, abs=1e-4)


@pytest.fixture
def school(db):
    """A school whose rows are those of another simulation."""
    made = simulate(seed=9, teachers=40)
    teachers = {each.teacher_id: None for each in made}
    for teacher_id in teachers:
        teachers[teacher_id] = make_teacher(id=teacher_id)
    Artifact.objects.bulk_create(
        Artifact(
            id=each.id, teacher=teachers[each.teacher_id], title="x", content="x" * each.length,
            artifact_type=each.artifact_type, created_at=each.created_at,
        )
        for each in made
    )  # fmt: skip
    ArtifactExport.objects.bulk_create(
        ArtifactExport(
            teacher=teachers[each.teacher_id], artifact_id=each.id, format="md", is_again=False,
            edition="teacher", exported_at=each.exported_at,
        )
        for each in made if each.exported_at
    )  # fmt: skip
    return teachers


@pytest.mark.claim(105)
def test_a_school_learns_from_its_own_rows(school, settings, tmp_path, capsys):
    path = tmp_path / "own.json"
    with pytest.raises(CommandError, match="place of their own"):
        call_command("train_insights", own_data=True)
    call_command("train_insights", own_data=True, output=path)
    assert capsys.readouterr().out.startswith("own: ")
    stored = json.loads(path.read_text())
    assert stored["held_out"]["auc"] > 0.6  # without edits and thumbs
    settings.INSIGHTS_WEIGHTS = str(path)
    assert (learned().trained_on, learned().examples) == ("own", stored["examples"])
    assert not {str(each) for each in school} & set(path.read_text().split('"'))
    Artifact.objects.exclude(pk__in=Artifact.objects.values("pk")[:50]).delete()
    with pytest.raises(CommandError, match="too few"):
        call_command("train_insights", own_data=True, output=path)
    assert json.loads(path.read_text()) == stored


def test_the_features_of_rows_are_those_that_were_known_a_day_later(teacher, db):
    api = ApiClient(teacher)
    body = {"title": "Licht", "content": "1.", "artifact_type": "rubric"}
    pk = api.send("POST", "/api/artifacts", body).json()["id"]
    for content in ("2.", "3.", "4."):
        api.send("PATCH", f"/api/artifacts/{pk}", {"content": content}, HTTP_IF_MATCH="*")
    [found] = material.newest(Artifact.objects.for_teacher(teacher))
    assert (found.edits, found.length, found.exported_at) == (3, 2, None)
    # Made two days earlier, all of these edits come too late.
    Artifact.objects.update(created_at=found.created_at - dt.timedelta(days=2))
    [found] = material.newest(Artifact.objects.for_teacher(teacher))
    assert found.edits == 0
    api.get(f"/api/artifacts/{pk}/export?format=md")
    [found] = material.newest(Artifact.objects.for_teacher(teacher))
    assert (found.is_early, found.is_used) == (False, True)
    values = dict(zip(material.FEATURES, found.features(habit=0.25), strict=True))
    assert (values["is_rubric"], values["is_worksheet"], values["habit"]) == (1.0, 0.0, 0.25)
