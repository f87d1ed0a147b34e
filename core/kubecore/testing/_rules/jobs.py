"""The rules of Jobs and of CronJobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.pods import pod_template
from kubecore.testing._rules.schedules import schedule, time_zone
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._rules.workloads import unmatched
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_NUMBERS: Final = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_INDEXED: Final = "requires indexed completion mode"
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_POLICIES: Final = ("Allow", "Forbid", "Replace")
_RESTART: Final = ("OnFailure", "Never")
_FIXED: Final = ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
_SCHEDULING: Final = ("affinity", "nodeSelector", "tolerations", "schedulingGates")


def _job_spec(field: str, spec: Document) -> Iterator[Cause]:
    """Yield the faults of the spec of a job, or of a template of jobs."""
    for name in _NUMBERS:
        yield from checks.at_least(f"{field}.{name}", spec.get(name), 0)
    yield from _completion(field, spec)
    if spec.get("managedBy") is not None:
        yield from _manager(f"{field}.managedBy", spec["managedBy"])
    yield from _replacement(f"{field}.podReplacementPolicy", spec)
    if is_map(spec.get("podFailurePolicy")):
        yield from _failures(f"{field}.podFailurePolicy", spec)
    if is_map(spec.get("successPolicy")):
        yield from _success(f"{field}.successPolicy", spec)
    template = map_at(spec, "template")
    yield from pod_template(f"{field}.template", template)
    yield from _restart(f"{field}.template.spec.restartPolicy", spec)


def _completion(field: str, spec: Document) -> Iterator[Cause]:
    mode = spec.get("completionMode", "NonIndexed")
    if mode not in ("NonIndexed", "Indexed"):
        yield checks.unsupported(f"{field}.completionMode", mode, ("NonIndexed", "Indexed"))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield checks.required(f"{field}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if mode == "NonIndexed":
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                yield checks.invalid(f"{field}.{name}", spec[name], _INDEXED)
        if is_map(spec.get("successPolicy")):
            shown = {"Rules": spec["successPolicy"].get("rules")}
            yield checks.invalid(f"{field}.successPolicy", shown, _INDEXED)
    if mode == "Indexed":
        completions, most = spec.get("completions"), spec.get("maxFailedIndexes")
        if completions is None:
            yield checks.required(f"{field}.completions", "when completion mode is Indexed")
        elif most is not None and most > completions:
            yield checks.invalid(f"{field}.maxFailedIndexes", most, "must be less than or equal to completions")


def _manager(field: str, value: str) -> Iterator[Cause]:
    faults = list(checks.domain_path(field, value))
    yield from faults
    if not faults and len(value) > 63:
        yield checks.too_long(field, 63)


def _replacement(field: str, spec: Document) -> Iterator[Cause]:
    known = ("Failed",) if spec.get("podFailurePolicy") is not None else ("Failed", "TerminatingOrFailed")
    yield from checks.optional(field, spec.get("podReplacementPolicy"), known)


def _failures(field: str, spec: Document) -> Iterator[Cause]:
    pod = map_at(map_at(spec, "template"), "spec")
    if pod.get("restartPolicy") != "Never":
        place = field.removesuffix(".podFailurePolicy") + ".template.spec.restartPolicy"
        text = 'only "Never" is supported when podFailurePolicy is specified'
        yield checks.invalid(place, pod.get("restartPolicy", ""), text)
    names = [each.get("name") for part in ("containers", "initContainers") for each in items_at(pod, part)]
    for index, rule in enumerate(items_at(spec["podFailurePolicy"], "rules")):
        yield from _failure(f"{field}.rules[{index}]", rule, spec, names)


def _failure(field: str, rule: Document, spec: Document, names: list[Any]) -> Iterator[Cause]:
    action = rule.get("action", "")
    if not action:
        yield checks.required(f"{field}.action", 'valid values: ["Count" "FailIndex" "FailJob" "Ignore"]')
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        yield checks.invalid(f"{field}.action", action, "requires the backoffLimitPerIndex to be set")
    elif action not in _ACTIONS:
        yield checks.unsupported(f"{field}.action", action, _ACTIONS)
    codes, conditions = rule.get("onExitCodes"), items_at(rule, "onPodConditions")
    for index, condition in enumerate(conditions):
        yield from _condition(f"{field}.onPodConditions[{index}]", condition)
    if is_map(codes):
        yield from _codes(f"{field}.onExitCodes", codes, names)
    if is_map(codes) and conditions:
        text = "specifying both OnExitCodes and OnPodConditions is not supported"
        yield Cause("FieldValueInvalid", f"Invalid value: {text}", field)
    elif not is_map(codes) and not conditions:
        text = "specifying one of OnExitCodes and OnPodConditions is required"
        yield Cause("FieldValueInvalid", f"Invalid value: {text}", field)


def _condition(field: str, condition: Document) -> Iterator[Cause]:
    yield from checks.key(f"{field}.type", condition.get("type", ""))
    status = condition.get("status", "")
    if not status:
        yield checks.required(f"{field}.status", 'valid values: ["False" "True" "Unknown"]')
    elif status not in ("False", "True", "Unknown"):
        yield checks.unsupported(f"{field}.status", status, ("False", "True", "Unknown"))


def _codes(field: str, codes: Document, names: list[Any]) -> Iterator[Cause]:
    operator, values = codes.get("operator", ""), codes.get("values")
    if not operator:
        yield checks.required(f"{field}.operator", 'valid values: ["In" "NotIn"]')
    elif operator not in ("In", "NotIn"):
        yield checks.unsupported(f"{field}.operator", operator, ("In", "NotIn"))
    if codes.get("containerName") is not None and codes["containerName"] not in names:
        text = "must be one of the container or initContainer names in the pod template"
        yield checks.invalid(f"{field}.containerName", codes["containerName"], text)
    if not values:
        yield checks.invalid(f"{field}.values", values, "at least one value is required")
        return
    seen: list[int] = []
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            yield checks.invalid(f"{field}.values[{index}]", value, "must not be 0 for the In operator")
        if value in seen:
            yield checks.duplicate(f"{field}.values[{index}]", value)
        elif seen and value < seen[-1]:
            yield checks.invalid(f"{field}.values", values, "must be ordered")
        seen.append(value)


def _success(field: str, spec: Document) -> Iterator[Cause]:
    if spec.get("completionMode") != "Indexed":
        return
    rules = items_at(spec["successPolicy"], "rules")
    if not rules:
        text = "at least one rules must be specified when the successPolicy is specified"
        yield checks.required(f"{field}.rules", text)
    for index, rule in enumerate(rules):
        if rule.get("succeededCount") is None and rule.get("succeededIndexes") is None:
            text = "at least one of succeededCount or succeededIndexes must be specified"
            yield checks.required(f"{field}.rules[{index}]", text)


def _restart(field: str, spec: Document) -> Iterator[Cause]:
    policy = map_at(map_at(spec, "template"), "spec").get("restartPolicy", "")
    if policy in ("", "Always"):
        yield checks.required(field, 'valid values: "OnFailure", "Never"')
    elif policy not in _RESTART:
        yield checks.unsupported(field, policy, _RESTART)


def _job(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    yield from _job_spec("spec", spec)
    labels = map_at(map_at(map_at(spec, "template"), "metadata"), "labels")
    if spec.get("manualSelector") is not True:
        yield from _generated(new, spec, labels)
    yield from _selected(spec)


def _selected(spec: Document) -> Iterator[Cause]:
    selector = spec.get("selector")
    faults = list(checks.label_selector("spec.selector", selector or {}))
    if selector is None:
        yield checks.required("spec.selector")
    yield from faults or unmatched(selector, map_at(spec, "template"))


def _generated(new: Document, spec: Document, labels: Document) -> Iterator[Cause]:
    """Yield the faults of labels of pods that only the server sets."""
    uid, name = new["metadata"].get("uid", ""), new["metadata"].get("name", "")
    field = "spec.template.metadata.labels"
    for prefix in ("batch.kubernetes.io/", ""):
        for key, value in ((f"{prefix}controller-uid", uid), (f"{prefix}job-name", name)):
            if key not in labels:
                yield checks.required(field, f"must be '{value}'")
            elif labels[key] != value:
                yield checks.invalid(field, labels, f"must be '{value}'")
    wanted = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    if spec.get("selector") != wanted:
        yield checks.invalid("spec.selector", spec.get("selector"), "`selector` not auto-generated")


def _changed_job(old: Document, new: Document) -> Iterator[Cause]:
    before, after = map_at(old, "spec"), map_at(new, "spec")
    yield from _job_spec("spec", after)
    yield from _selected(after)
    yield from _changed_completions(before, after)
    is_suspended = bool(before.get("suspend"))
    if _plain(before, is_suspended=is_suspended) != _plain(after, is_suspended=is_suspended):
        yield checks.changed("spec.template", map_at(after, "template"))
    for name in _FIXED:
        if before.get(name) != after.get(name):
            yield checks.changed(f"spec.{name}", after.get(name))


def _changed_completions(before: Document, after: Document) -> Iterator[Cause]:
    old, new = before.get("completions"), after.get("completions")
    if old == new:
        return
    if after.get("completionMode") != "Indexed" or new is None:
        if new is not None or after.get("completionMode") != "Indexed":
            yield checks.changed("spec.completions", new)
    elif new != after.get("parallelism"):
        yield checks.invalid("spec.completions", new, "can only be modified in tandem with spec.parallelism")


def _plain(spec: Document, *, is_suspended: bool) -> Document:
    """Return the template of a job, whose scheduling can change while the job is suspended."""
    template = map_at(spec, "template")
    if not is_suspended:
        return template
    pod = {name: value for name, value in map_at(template, "spec").items() if name not in _SCHEDULING}
    return {"spec": pod}


def _cron_job(new: Document) -> Iterator[Cause]:
    yield from _cron_spec(map_at(new, "spec"))
    if len(new["metadata"].get("name", "")) > 52:
        yield checks.invalid("metadata.name", new["metadata"]["name"], "must be no more than 52 characters")


def _changed_cron_job(old: Document, new: Document) -> Iterator[Cause]:
    yield from _cron_spec(map_at(new, "spec"))


def _cron_spec(spec: Document) -> Iterator[Cause]:
    yield from schedule("spec.schedule", spec)
    yield from checks.at_least("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"), 0)
    yield from checks.chosen("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), _POLICIES, is_required=True)
    yield from time_zone("spec.timeZone", spec.get("timeZone"))
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        yield from checks.at_least(f"spec.{name}", spec.get(name), 0)
    of_jobs, field = map_at(map_at(spec, "jobTemplate"), "spec"), "spec.jobTemplate.spec"
    yield from _job_spec(field, of_jobs)
    if of_jobs.get("selector") is not None:
        yield checks.invalid(f"{field}.selector", of_jobs["selector"], "`selector` will be auto-generated")
    if of_jobs.get("manualSelector"):
        yield checks.unsupported(f"{field}.manualSelector", True, ("nil", "false"))


RULES: Final[Mapping[str, Rules]] = {
    "CronJob": Rules(_cron_job, _changed_cron_job),
    "Job": Rules(_job, _changed_job),
}
