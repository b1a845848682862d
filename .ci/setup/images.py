"""The three base images, made from Debian packages: nothing is pulled from an image registry."""

from contextlib import suppress

from command import CannotGoOn, output_of, run, run_as_root
from places import CI
from step import Step

TAGS = ("estiva/busybox:base", "estiva/python:base", "estiva/ci:base")


def are_there() -> bool:
    """Tell whether the engine has all base images."""
    return all(output_of("docker", "image", "inspect", "--format", "{{.Id}}", tag) is not None for tag in TAGS)


def make() -> None:
    """Make the base images. Where apt's package lists are missing, fetch them and try once more."""
    try:
        run(CI / "base-images")
    except CannotGoOn:
        with suppress(CannotGoOn):
            run_as_root("apt-get", "update")
        run(CI / "base-images")


STEP = Step(name="base images", why="busybox, python and ci, from Debian packages, about 15 s", done=are_there, do=make)
