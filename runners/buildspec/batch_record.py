"""What became of a batch: each of its builds, and what they hand on together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runners.buildspec.model import Task
from runners.buildspec.order import NoBuild
from runners.buildspec.record import Made, Record, Status
from runners.buildspec.reports import ReportResult
from runners.exports import together


@dataclass(slots=True, kw_only=True)
class BatchRecord:
    """A batch, as far as it is known by now."""

    id: str
    builds: dict[str, tuple[Task, Record | None]] = field(default_factory=dict)
    """Each build; `None` for one that did not begin."""
    wrong: NoBuild | None = None
    """Why there is no batch."""

    @property
    def status(self) -> Status:
        """How it ended: well when every build did whose failure is not ignored."""
        if self.wrong:
            return Status.FAILED
        counted = [record for task, record in self.builds.values() if not task.ignore_failure]
        ends = [record.status if record else Status.STOPPED for record in counted]
        worst = (Status.FAULT, Status.FAILED, Status.TIMED_OUT, Status.STOPPED, Status.IN_PROGRESS)
        return next((status for status in worst if status in ends), Status.SUCCEEDED)

    @property
    def exported(self) -> Mapping[str, str]:
        """What its builds export, together."""
        return together({name: record.exported for name, record in self._good.items()})

    @property
    def artifacts(self) -> Sequence[Made]:
        """The primary artifacts of its builds, in the order of the file."""
        return [record.artifacts[""] for record in self._good.values() if "" in record.artifacts]

    @property
    def reports(self) -> Sequence[ReportResult]:
        """The reports of all its builds."""
        return [report for _, record in self.builds.values() if record for report in record.reports]

    @property
    def _good(self) -> Mapping[str, Record]:
        """The builds that succeeded: one whose failure is ignored hands nothing on either."""
        return {
            name: record
            for name, (_, record) in self.builds.items()
            if record is not None and record.status is Status.SUCCEEDED
        }

    def failed(self, name: str) -> bool:
        """Tell whether a build is what a batch fails by: also one that did not begin."""
        task, record = self.builds[name]
        return not task.ignore_failure and (record is None or record.status is not Status.SUCCEEDED)

    def document(self) -> dict[str, Any]:
        """Give it much as BatchGetBuildBatches does."""
        wrong = {"statusCode": self.wrong.code, "message": self.wrong.message} if self.wrong else None
        groups = [
            {
                "identifier": task.identifier,
                "dependsOn": list(task.after),
                "ignoreFailure": task.ignore_failure,
                "build": record.document() if record else {"buildStatus": Status.STOPPED.value},
            }
            for task, record in self.builds.values()
        ]
        context = {"contexts": [wrong]} if wrong else {}
        return {"id": self.id, "buildBatchStatus": self.status.value, **context, "buildGroups": groups}
