"""When a job is done. Source: `k8s.io/api/batch/v1 JobConditionType`."""

from __future__ import annotations

from dataclasses import dataclass

from kubecore.calls.resource import Body
from kubecore.waiting import observation, terminal_states
from kubecore.waiting.goals import Goal
from kubecore.waiting.observation import Observation

__all__ = ["Completion"]


@dataclass(frozen=True, slots=True)
class Completion(Goal):
    """A job has completed. The wait fails if the job has failed, or is about to fail."""

    @property
    def words(self) -> str:
        """Description of the goal, for people."""
        return "completion"

    def observe(self, item: Body) -> Observation:
        """Observe the job: its conditions show its result, its counters its progress."""
        data = observation.document(item)
        counts = {name: observation.number(data, "status", name) for name in ("active", "succeeded", "failed")}
        seen = ", ".join(f"{count} {name}" for name, count in counts.items()) + " pods"
        if (failure := terminal_states.job_failure(data)) is not None:
            return Observation(done=False, seen=seen, failure=failure)
        complete = observation.condition(data, "Complete")
        if complete is not None and observation.text(complete, "status") == "True":
            return Observation(done=True, seen=seen)
        suspended = observation.condition(data, "Suspended")
        if suspended is not None and observation.text(suspended, "status") == "True":
            seen += "; the job is suspended"
        return Observation(done=False, seen=seen)
