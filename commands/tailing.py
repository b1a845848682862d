"""What the release that runs somewhere writes at this moment: read from its target, masked, searched."""

from commands.command import Asked, Refused, sentence
from commands.current import running_release
from commands.places import environment_of, service_of
from commands.times import earlier
from runners.contract import ActionFailed, Tailing
from storage.model import artifact
from storage.model.reply import Attachment, Offer, Reply, Verdict

_MOST, _SHOWN, _BIGGEST = 5_000, 30, 1_000_000
"""Lines that are read, lines that are shown, characters of the file that has them all; the end is what matters."""


async def tail(asked: Asked) -> Reply:
    """Answer `logs api in homolog since 10m grep ERROR`. Raises `Refused` when there is nothing to read."""
    service, environment = service_of(asked), environment_of(asked)
    release = await running_release(asked)
    runner = asked.desk.runners.get(environment.target)
    if not isinstance(runner, Tailing):
        raise Refused(
            asked.say(
                "The target `{target}` of {environment} has no logs that I can read.",
                target=environment.target,
                environment=environment.name,
            )
        )
    since = asked.arguments.get("since")
    try:
        written = await runner.tail(service, environment, earlier(since) if since else None, _MOST)
    except ActionFailed as problem:
        # what does not answer is nobody's mistake, and no right that is lacking
        verdict = Verdict.BROKEN if problem.error == "engine_unavailable" else Verdict.REFUSED
        raise Refused(sentence(asked, problem), verdict=verdict) from problem
    lines = found_in(asked, asked.desk.store.redactor.stream().redact(written))
    text = asked.say(
        "`{service}` in {environment}, `{commit}` of run `{run}`:",
        service=service.name,
        environment=environment.name,
        commit=artifact.short(release.commit),
        run=release.run,
    )
    name = f"{service.name}-{environment.name}.log"
    more = len(lines) > _SHOWN
    return Reply(
        verdict=Verdict.DONE,
        text=text if lines else f"{text} {asked.say('nothing.')}",
        excerpt=tuple(lines[-_SHOWN:]),
        attachment=Attachment(name=name, text="\n".join(lines)[-_BIGGEST:]) if more else None,
    )


def found_in(asked: Asked, lines: list[str]) -> list[str]:
    """Keep the lines that hold the words asked for, as plain text: what people type is never a pattern."""
    words = asked.arguments.get("words", "").strip("\"'").casefold()
    return [line for line in lines if words in line.casefold()] if words else lines


def offer_tail(asked: Asked, service: str, environment: str) -> Offer:
    """Offer what runs there writes now."""
    command = asked.say("logs {service} in {environment} now", service=service, environment=environment)
    return Offer(label=asked.say("What It Writes Now"), command=command)
