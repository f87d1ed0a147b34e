"""The goals of `wait`: conditions, rollouts, jobs, JSONPaths, functions; unusual objects."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.models import apps_v1, batch_v1
from kubecore import errors, waiting
from tests.kubecore.waiting_objects import NOT_READY, READY, pod


def job(*conditions: Any, **status: Any) -> batch_v1.Job:
    return batch_v1.Job.from_dict({"metadata": {"name": "j"}, "status": {"conditions": list(conditions), **status}})


def true(name: str, reason: str = "R", message: str = "m") -> dict[str, str]:
    return {"type": name, "status": "True", "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("condition=Ready", waiting.condition("Ready")),
        ("condition=Ready=False", waiting.condition("Ready", "False")),
        ("condition=example.com/Ready=Unknown", waiting.condition("example.com/Ready", "Unknown")),
        ("delete", waiting.deleted()),
        ("Delete", waiting.deleted()),
        ("create", waiting.created()),
        ("jsonpath={.status.phase}=Running", waiting.jsonpath("{.status.phase}", "Running")),
        ("jsonpath='{.status.phase}'=Running", waiting.jsonpath("{.status.phase}", "Running")),
        ("jsonpath={.status.phase}='Running'", waiting.jsonpath("{.status.phase}", "Running")),
        ("jsonpath=.status.readyReplicas=3", waiting.jsonpath(".status.readyReplicas", 3)),
        ("jsonpath={.spec.paused}=true", waiting.jsonpath("{.spec.paused}", True)),
        ("jsonpath={.status.podIP}", waiting.jsonpath("{.status.podIP}")),
        (
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
            waiting.jsonpath('{.status.conditions[?(@.type=="Ready")].status}', "True"),
        ),
        (
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
            waiting.jsonpath('{.status.conditions[?(@.type=="Ready")].status}'),
        ),
    ],
)
def test_goals_of_kubectl_wait_are_accepted(text: str, goal: waiting.Goal) -> None:
    assert waiting.goal(text) == goal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "can't be waited for; it is one of 'condition=Ready'"),
        ("Ready", "can't be waited for"),
        ("condition=", "can't be waited for"),
        ("condition", "can't be waited for"),
        ("deleted", "can't be waited for"),
        ("jsonpath=", "is not a JSONPath"),
        ("jsonpath", "can't be waited for"),
        ("jsonpath={.a}=", "a value must follow"),
        ("jsonpath={.a[}=x", "has no end"),
        ("jsonpath={range .items[*]}{.a}{end}=x", "is not a JSONPath"),
    ],
)
def test_an_invalid_goal_text_is_refused(text: str, words: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=words):
        waiting.goal(text)


def test_a_goal_of_another_type_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(errors.InvalidRequestError, match="must be text, a goal or a function, not int"):
        waiting.goal(wrong)


@pytest.mark.parametrize(
    ("goal", "found", "done", "seen"),
    [
        ("condition=Ready", pod(READY), True, "Ready is True"),
        ("condition=ready", pod(READY), True, "Ready is True"),
        ("condition=Ready=true", pod(READY), True, "Ready is True"),
        ("condition=Ready", pod(NOT_READY), False, r"Ready is False \(NotYet\): one of two"),
        ("condition=Ready=False", pod(NOT_READY), True, "Ready is False"),
        ("condition=Ready", pod(), False, "no such condition; existing conditions: none"),
        ("condition=Ready", pod(true("Initialized")), False, "no such condition; existing conditions: Initialized"),
        ("condition=Ready", pod({**READY, "observedGeneration": 1}, generation=2), False, "of generation 1, the object has 2"),
        ("condition=Ready", pod({**READY, "observedGeneration": 2}, generation=2), True, ""),
        ("condition=Ready", pod(READY, generation=2), True, ""),
        ("condition=Complete", job(true("Complete"), active=1), True, ""),
        ("jsonpath={.status.phase}=Running", pod(phase="Running"), True, "'Running'"),
        ("jsonpath={.status.phase}= Running ", pod(phase="Running"), True, "'Running'"),
        ("jsonpath={.status.phase}=Running", pod(), False, "it is 'Pending'"),
        ("jsonpath={.status.podIP}", pod(), False, "it finds nothing"),
        ("jsonpath={.status.phase}", pod(), True, ""),
        ("jsonpath={.spec.containers[*].name}", pod(), True, ""),
        ("jsonpath={.status.conditions[*].type}", pod(READY, true("Initialized")), True, ""),
        ("jsonpath={.status.conditions[?(@.type==1)].status}=True", pod(READY), False, "compared with an integer"),
        ("jsonpath={.spec.containers[3].name}=c", pod(), False, "has 1 items, there is none at 3"),
        ("create", pod(), True, ""),
        ("delete", pod(), False, "was not deleted"),
        ("delete", pod(deletionTimestamp="2026-01-01T00:00:00Z"), False, "it is being deleted$"),
        (
            "delete",
            pod(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b", "c/d"]),
            False,
            "held by the finalizers a/b, c/d",
        ),
        (lambda it: it.status.phase == "Pending", pod(), True, ""),
        (lambda it: it.status.phase == "Running", pod(), False, "the function returned a false value for version 5"),
    ],
)  # fmt: skip
def test_a_goal_decides_whether_an_object_fulfils_it(goal: Any, found: Any, done: bool, seen: str) -> None:
    look = waiting.goal(goal).observe(found)
    assert look.done is done
    assert re.search(seen, look.seen), look.seen
    assert look.failure is None


def test_a_condition_without_generation_uses_that_of_the_status() -> None:
    data = {"metadata": {"generation": 3}, "status": {"observedGeneration": 2, "conditions": [true("Available")]}}
    look = waiting.condition("Available").observe(apps_v1.Deployment.from_dict(data))
    assert (look.done, "of generation 2, the object has 3" in look.seen) == (False, True)


@pytest.mark.parametrize(
    ("goal", "found", "kind", "reason"),
    [
        ("condition=Ready", pod(NOT_READY, phase="Succeeded"), errors.WaitFailedError, "Succeeded"),
        ("condition=ready", pod(phase="Failed"), errors.WaitFailedError, "Failed"),
        ("condition=ContainersReady", pod(phase="Failed"), errors.WaitFailedError, "Failed"),
        ("jsonpath={.status.phase}=Running", pod(phase="Succeeded"), errors.WaitFailedError, "Succeeded"),
        ("condition=Complete", job(true("Failed", "BackoffLimitExceeded")), errors.JobFailedError, "BackoffLimitExceeded"),
        ("condition=Complete", job(true("FailureTarget", "PodFailurePolicy")), errors.JobFailedError, "PodFailurePolicy"),
        ("condition=SuccessCriteriaMet", job(true("Failed")), errors.JobFailedError, "R"),
        ("condition=Failed", job(true("Complete")), errors.WaitFailedError, "Complete"),
        ("condition=Failed", job(true("SuccessCriteriaMet")), errors.WaitFailedError, "SuccessCriteriaMet"),
    ],
)  # fmt: skip
def test_an_unreachable_goal_is_a_failure_with_its_reason(goal: str, found: Any, kind: Any, reason: str) -> None:
    failure = waiting.goal(goal).observe(found).failure
    assert failure is not None
    assert (failure.kind, failure.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("goal", "found"),
    [
        ("condition=Ready=False", pod(READY, phase="Succeeded")),
        ("condition=example.com/Gate", pod(phase="Succeeded")),
        ("jsonpath={.status.reason}=x", pod(phase="Succeeded")),
        ("jsonpath={.metadata.name}=x", pod(phase="Succeeded")),
        ("condition=Complete=False", job(true("Failed"))),
        ("condition=Suspended", job(true("Failed"))),
        ("condition=Ready", pod(NOT_READY, phase="Running")),
    ],
)
def test_a_goal_that_is_still_reachable_is_not_a_failure(goal: str, found: Any) -> None:
    look = waiting.goal(goal).observe(found)
    assert (look.done, look.failure) == (False, None)


def test_several_values_and_whole_objects_can_not_be_compared() -> None:
    with pytest.raises(errors.InvalidRequestError, match="finds an object or a list"):
        waiting.jsonpath("{.status}", "x").observe(pod())
    with pytest.raises(errors.InvalidRequestError, match="finds 2 values"):
        waiting.jsonpath("{.status.conditions[*].type}", "x").observe(pod(READY, true("Initialized")))


def rolling(kind: type[Any], *, generation: int = 2, spec: Any = None, **status: Any) -> Any:
    status = {"observedGeneration": 2, **status}
    data = {"metadata": {"name": "w", "generation": generation}, "spec": spec or {}, "status": status}
    return kind.from_dict(data)


def three(**strategy: Any) -> dict[str, Any]:
    return {"replicas": 3, **({"updateStrategy": {"type": "RollingUpdate", **strategy}} if strategy else {})}


DEPLOYMENT: list[tuple[Any, bool, str]] = [
    (rolling(apps_v1.Deployment, generation=3), False, "has not yet seen the latest change"),
    (rolling(apps_v1.Deployment, spec=three(), updatedReplicas=1), False, "1 of 3 replicas are updated"),
    (rolling(apps_v1.Deployment, spec={"replicas": 3, "paused": True}), False, "the deployment is paused"),
    (rolling(apps_v1.Deployment, spec=three(), updatedReplicas=3, replicas=4), False, "1 old replicas"),
    (
        rolling(apps_v1.Deployment, spec=three(), updatedReplicas=3, replicas=3, availableReplicas=2),
        False,
        "2 of 3 updated replicas are available",
    ),
    (rolling(apps_v1.Deployment, spec=three(), updatedReplicas=3, replicas=3, availableReplicas=3), True, ""),
    (rolling(apps_v1.Deployment, spec={"replicas": 0}), True, ""),
    (rolling(apps_v1.Deployment), True, ""),
]


DAEMON_SET: list[tuple[Any, bool, str]] = [
    (rolling(apps_v1.DaemonSet, generation=3), False, "has not yet seen"),
    (
        rolling(apps_v1.DaemonSet, desiredNumberScheduled=2, updatedNumberScheduled=1),
        False,
        "1 of 2 pods are updated",
    ),
    (
        rolling(apps_v1.DaemonSet, desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=1),
        False,
        "1 of 2 updated pods are available",
    ),
    (
        rolling(apps_v1.DaemonSet, desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2),
        True,
        "",
    ),
    (rolling(apps_v1.DaemonSet), True, ""),
]


STATEFUL_SET: list[tuple[Any, bool, str]] = [
    (rolling(apps_v1.StatefulSet, generation=0, observedGeneration=0), False, "has not yet seen"),
    (rolling(apps_v1.StatefulSet, generation=3), False, "has not yet seen"),
    (rolling(apps_v1.StatefulSet, spec=three(), readyReplicas=2), False, "2 of 3 replicas are ready"),
    (
        rolling(apps_v1.StatefulSet, spec=three(rollingUpdate={"partition": 1}), readyReplicas=3, updatedReplicas=1),
        False,
        "1 of 2 replicas are updated",
    ),
    (
        rolling(apps_v1.StatefulSet, spec=three(rollingUpdate={"partition": 1}), readyReplicas=3, updatedReplicas=2),
        True,
        "",
    ),
    (
        rolling(apps_v1.StatefulSet, spec=three(rollingUpdate={"partition": 9}), readyReplicas=3),
        True,
        "",
    ),
    (
        rolling(apps_v1.StatefulSet, spec=three(rollingUpdate={"partition": 0}), readyReplicas=3, updatedReplicas=2),
        False,
        "2 of 3 replicas are updated",
    ),
    (
        rolling(apps_v1.StatefulSet, spec=three(), readyReplicas=3, currentRevision="a", updateRevision="b"),
        False,
        "the revision b",
    ),
    (
        rolling(apps_v1.StatefulSet, spec=three(), readyReplicas=3, currentRevision="b", updateRevision="b"),
        True,
        "",
    ),
]


@pytest.mark.parametrize(("found", "done", "seen"), [*DEPLOYMENT, *DAEMON_SET, *STATEFUL_SET])
def test_a_rollout_is_done_by_kubectls_rules(found: Any, done: bool, seen: str) -> None:
    look = waiting.Rollout(type(found).__name__).observe(found)
    assert (look.done, look.failure) == (done, None)
    assert seen in look.seen


def test_a_rollout_that_cannot_end_is_a_failure() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out"}
    look = waiting.Rollout("Deployment").observe(rolling(apps_v1.Deployment, spec=three(), conditions=[late]))
    assert look.failure == (errors.RolloutFailedError, "ProgressDeadlineExceeded", "has timed out")
    # The controller has not observed the new template yet, so its condition does not count.
    look = waiting.Rollout("Deployment").observe(rolling(apps_v1.Deployment, generation=3, conditions=[late]))
    assert (look.done, look.failure) == (False, None)
    for kind in (apps_v1.DaemonSet, apps_v1.StatefulSet):
        found = rolling(kind, spec={"updateStrategy": {"type": "OnDelete"}})
        failure = waiting.Rollout(kind.__name__).observe(found).failure
        assert failure is not None
        assert (failure.kind, failure.reason) == (errors.RolloutFailedError, "OnDelete")
    with pytest.raises(errors.InvalidRequestError, match="a Pod rolls nothing out"):
        waiting.Rollout("Pod")


def test_a_job_is_done_or_failed() -> None:
    look = waiting.Completion().observe(job(active=1, succeeded=2))
    assert (look.done, look.failure, look.seen) == (False, None, "1 active, 2 succeeded, 0 failed pods")
    assert not waiting.Completion().observe(job(true("SuccessCriteriaMet"))).done
    assert waiting.Completion().observe(job(true("Complete"), succeeded=3)).done
    assert not waiting.Completion().observe(job({"type": "Complete", "status": "False"})).done
    assert "the job is suspended" in waiting.Completion().observe(job(true("Suspended"))).seen
    failure = waiting.Completion().observe(job(true("Failed", "DeadlineExceeded", "too slow"))).failure
    assert failure == (errors.JobFailedError, "DeadlineExceeded", "too slow")


@given(st.text(max_size=40) | st.text("jsonpathcondit=.{}[]'\"()?@*", max_size=30).map(lambda text: f"jsonpath={text}"))
def test_any_text_is_a_goal_or_refused(text: str) -> None:
    try:
        assert waiting.goal(text).words
    except errors.InvalidRequestError:
        pass


class Odd:
    """An object with any JSON."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def to_dict(self) -> Any:
        return self._data


KEYS = st.sampled_from(
    ["apiVersion", "kind", "metadata", "spec", "status", "generation", "observedGeneration", "conditions", "type", "reason", "phase", "replicas", "updatedReplicas", "updateStrategy", "rollingUpdate", "partition", "finalizers", "deletionTimestamp"]
)  # fmt: skip


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["True", "Ready", "Job", "Pod", "batch/v1", "v1", "Failed", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


ALL: list[waiting.Goal] = [
    *map(waiting.goal, ["condition=Ready", "condition=Complete", "condition=Failed", "jsonpath={.status.phase}", "delete", "create"]),
    *map(waiting.Rollout, ["Deployment", "StatefulSet", "DaemonSet"]),
    waiting.Completion(),
]  # fmt: skip


@given(st.dictionaries(KEYS, ODD, max_size=6))
def test_every_goal_accepts_objects_with_any_fields(data: Any) -> None:
    for goal in ALL:
        assert isinstance(goal.observe(Odd(data)), waiting.Observation)
