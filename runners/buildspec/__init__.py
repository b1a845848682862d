"""A CodeBuild buildspec, run in a container on this machine as CodeBuild would run it.

`parser` reads the file into the nouns of `model`; `build` does one build of it: `environment` and `references` say what
its commands find, `script` writes what `driver.sh` walks inside the container, `record` reads what the driver noted;
`artifacts`, `reports` and `cache` are the rest of the file. `batch` does several builds of one file. Two ways lead in:
`runner` is the kind `buildspec` of a pipeline, `local` is `estiva buildspec run`. docs/buildspec.md is its page.
"""
