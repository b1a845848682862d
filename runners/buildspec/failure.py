"""Why a build failed, as the failure of an action: by what failed first, since what comes after it is debris."""

from runners.buildspec.batch import BatchBuild
from runners.buildspec.build import Build
from runners.buildspec.record import PhaseRecord, Record, Status
from runners.buildspec.references import PARAMETERS, SECRETS
from runners.contract import ActionFailed, Work
from runners.interrupt import timed_out
from storage.model.worded import worded

ERRORS = {
    "build_failed": "a command of the buildspec failed",
    "bad_buildspec": "the buildspec is missing or wrong",
    "no_secret": "a parameter or secret that the buildspec names cannot be read",
    "upload_failed": "the artifacts that the buildspec names are not there",
}


def failure_of(build: Build, work: Work) -> ActionFailed | None:
    """Say why a build failed; nothing when it did not."""
    record = build.record
    failed = record.failed
    if build.refused:
        return build.refused
    if build.out_of_memory:
        return ActionFailed(
            worded("the build was killed: out of memory"),
            exit_code=record.exit_code,
            hint=worded("raise the action's option memory"),
            error="out_of_memory",
        )
    if failed is None:
        return None
    if record.status is Status.TIMED_OUT:
        return timed_out(work.timeout or 0)
    return _beside_the_commands(failed, build.wrong_file, build.image) or _of_a_command(record, failed.type, work)


def failure_of_batch(batch: BatchBuild, work: Work) -> ActionFailed | None:
    """Say why a batch failed, by the build that failed first and by itself; nothing when it did not."""
    wrong = batch.record.wrong
    if wrong:
        return _of_the_file(wrong.code, wrong.message, wrong.place)
    failed = batch.failed()
    cause = failure_of(failed[0][1], work) if failed else None
    if cause is not None:
        name, *others = [each for each, _ in failed]
        more = worded(" (and {names})", names=", ".join(others)) if others else ""
        cause.reason = worded(
            "{batch}: {name}{more}: {reason}", batch=batch.name, name=name, more=more, reason=cause.reason
        )
    return cause


def _beside_the_commands(failed: PhaseRecord, file: str, image: str) -> ActionFailed | None:
    """Say what failed before the commands or after them; codes and messages are CodeBuild's own."""
    code, message = failed.context.code, failed.context.message
    reason = f"{code}: {message}"
    if failed.type == "PROVISIONING":
        return _without_image(message, image)
    if failed.type == "DOWNLOAD_SOURCE" and code == "YAML_FILE_ERROR":
        return _of_the_file(code, message, file)
    if failed.type == "DOWNLOAD_SOURCE" and code in (PARAMETERS, SECRETS):
        return ActionFailed(reason, hint=worded("see env in the buildspec"), error="no_secret")
    if failed.type == "UPLOAD_ARTIFACTS":
        reason = f"{failed.type}: {message}"
        return ActionFailed(reason, hint=worded("see artifacts in the buildspec"), error="upload_failed")
    return None


def _of_the_file(code: str, message: str, file: str) -> ActionFailed:
    where = f"{file}: " if file else ""
    hint = worded("mend the buildspec; its log names each problem")
    if message.startswith("stat "):
        hint = worded("add the file to the repository, or name it in the action's option buildspec")
    return ActionFailed(f"{where}{code}: {message}", hint=hint, error="bad_buildspec")


def _without_image(message: str, image: str) -> ActionFailed:
    """Say why there is no image to build in; what an engine or a registry says of it stays as they say it."""
    denied = worded("the catalog does not let this build run in {image}", image=image)
    if message == denied:
        return ActionFailed(denied, hint=worded("name it in the action's option images"), error="image_missing")
    absent = worded("there is no image {image} on this machine", image=image)
    hint = worded("build it first, or name another in the catalog")
    return ActionFailed(message if message != absent else absent, hint=hint, error="image_missing")


def _of_a_command(record: Record, phase: str, work: Work) -> ActionFailed:
    code = record.exit_code
    said = worded("the build container ended with exit code {code}", code=code)
    if record.command:
        shown = record.command[:200]
        said = worded("{phase}: `{command}` ended with exit code {code}", phase=phase, command=shown, code=code)
    alone = work.options.get("network", "none") == "none"
    hint = worded("this build has no network; the action's option network gives it one") if alone else ""
    return ActionFailed(said, exit_code=code, hint=hint, error="build_failed")
