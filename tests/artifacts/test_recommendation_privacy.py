"""Whatever is shared, revoked, collected, marked and deleted: nobody is pointed to what they may not read."""

import itertools

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.library.models import Collection, CollectionItem, Share
from artifacts.models import Artifact
from artifacts.recommendations.models import Vector
from artifacts.recommendations.queries import recommendations
from chats.models import Chat, Message
from eduhu import embedding
from tests.artifacts.vectors import vector_of
from tests.factories import make_chat, make_teacher

TEACHERS, ARTIFACTS = range(3), range(6)
WHO, WHAT = st.sampled_from(TEACHERS), st.sampled_from(ARTIFACTS)
STEPS = st.one_of(
    st.tuples(st.just("share"), WHAT, WHO),
    st.tuples(st.just("share all"), WHO, WHO),
    st.tuples(st.just("revoke"), WHAT, WHO),
    st.tuples(st.just("revoke all"), WHO, WHO),
    st.tuples(st.just("collect"), WHAT, WHO),
    st.tuples(st.just("take out"), WHAT, WHO),
    st.tuples(st.just("give away"), WHAT, WHO),
    st.tuples(st.just("delete"), WHAT, WHO),
)


class School:
    """Three teachers with two artifacts each, and a second account of who may read what."""

    def __init__(self):
        self.teachers = [make_teacher() for _ in TEACHERS]
        self.collections = [Collection.objects.create(teacher=t, name="x") for t in self.teachers]
        self.artifacts = [
            Artifact.objects.create(
                teacher=self.teachers[n // 2], title="Licht", content="1.", artifact_type="rubric"
            )
            for n in ARTIFACTS
        ]
        self.chats = [make_chat(teacher) for teacher in self.teachers]
        for chat in self.chats:
            Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
        # All fit every chat as well as can be.
        Vector.objects.update(vector=vector_of("Licht"), model=embedding.model(), due_at=None)
        self.owner = {n: n // 2 for n in ARTIFACTS}
        self.given = {}
        self.shares, self.shares_of_all, self.collected = set(), set(), set()

    def do(self, step, one, who):
        getattr(self, step.replace(" ", "_"))(one, who)

    def share(self, n, who):
        if n in self.owner and self.owner[n] != who and (n, who) not in self.shares:
            self._share(artifact=self.artifacts[n], owner=self.owner[n], who=who)
            self.shares.add((n, who))

    def share_all(self, owner, who):
        if owner != who and (owner, who) not in self.shares_of_all:
            self._share(collection=self.collections[owner], owner=owner, who=who)
            self.shares_of_all.add((owner, who))

    def _share(self, *, owner, who, **thing):
        receiver = self.teachers[who]
        Share.objects.create(
            owner=self.teachers[owner], receiver=receiver, email=receiver.email, **thing
        )

    def revoke(self, n, who):
        if (n, who) in self.shares:
            artifact = self.artifacts[n]
            assert Share.objects.filter(artifact=artifact, receiver=self.teachers[who]).delete()[0]
            self.shares.discard((n, who))

    def revoke_all(self, owner, who):
        rows = Share.objects.filter(collection=self.collections[owner], receiver=self.teachers[who])
        rows.delete()
        self.shares_of_all.discard((owner, who))

    def collect(self, n, _who):
        if n in self.owner and n not in self.collected:
            CollectionItem.objects.create(
                collection=self.collections[self.owner[n]], artifact=self.artifacts[n], position=n
            )
            self.collected.add(n)

    def take_out(self, n, _who):
        if n in self.collected:
            CollectionItem.objects.filter(artifact=self.artifacts[n]).delete()
            self.collected.discard(n)

    def give_away(self, n, who):
        """Staff give an artifact to somebody else: what its owner had shared ends with that."""
        if n in self.owner and self.owner[n] != who:
            Artifact.objects.filter(pk=self.artifacts[n].pk).update(teacher=self.teachers[who])
            # Shares and places stay, and mean nothing; it is followed only as somebody's own.
            self._forget(n)
            self.given[n] = who

    def delete(self, n, _who):
        if n in self.owner:
            Artifact.objects.filter(pk=self.artifacts[n].pk).delete()
            self._forget(n)

    def _forget(self, n):
        self.owner.pop(n)
        self.collected.discard(n)
        self.shares = {(m, w) for m, w in self.shares if m != n}

    def readable(self, who):
        """What a teacher may read, by our own account."""
        own = {n for n, owner in self.owner.items() if owner == who}
        own |= {n for n, owner in self.given.items() if owner == who}
        alone = {n for n, reader in self.shares if reader == who}
        together = {n for n in self.collected if (self.owner[n], who) in self.shares_of_all}
        return {str(self.artifacts[n].pk) for n in own | alone | together}


@pytest.mark.django_db
@pytest.mark.claim(94)
@pytest.mark.claim(22)
@settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(STEPS, max_size=14))
def test_nobody_is_pointed_to_what_they_may_not_read(db, steps):
    with transaction.atomic():
        school = School()
        for step in steps:
            school.do(*step)
        for who, has_chat in itertools.product(TEACHERS, (True, False)):
            chat_id = school.chats[who].pk if has_chat else None
            results = recommendations(school.teachers[who], chat_id=chat_id, limit=20)
            shown = {each["id"] for each in results if each["source"] != "starter"}
            assert shown == school.readable(who)  # all of it: nothing would be no proof
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_material_of_nobody_is_recommended_to_nobody(teacher):
    Artifact.objects.create(title="Licht", content="1.", artifact_type="rubric")
    chat = make_chat(teacher)
    Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    Vector.objects.update(vector=vector_of("Licht"), model=embedding.model(), due_at=None)
    results = recommendations(teacher, chat_id=chat.pk, limit=20)
    assert {each["source"] for each in results} == {"starter"}
    assert Chat.objects.count() == 1
