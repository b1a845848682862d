#!/bin/sh
# Walks the phases of a build inside its container.   usage: buildspec_driver.sh JOB SOURCE
#
# JOB holds only files that Estiva wrote; the repository's commands are files too and are never part of this text.
#   shell                     sh or bash
#   isolated                  exists for version 0.1: each command starts afresh
#   variables                 export lines of the buildspec's variables
#   phases/NAME/commands/001.text, 001.sh     what is shown, what is run; the same under finally/
#   phases/NAME/on-failure    ABORT | CONTINUE | RETRY | DEFAULT;   retries, pattern beside it
#   collect.sh                writes the variables that are wanted at the end
#   result/                   what is left for Estiva: exit, command, phase, upload, variables/NAME
exec 2>&1
job=$1
source=$2
state=/run/codebuild
result=$job/result
shell=$(cat "$job/shell")
env=$(command -v env)

say() { printf '[Container] %s %s\n' "$(date -u '+%Y/%m/%d %H:%M:%S')" "$*"; }

prepare() {
  "$shell" -c 'export -p' >"$state/env"
  cat "$job/variables" >>"$state/env"
  printf '%s\n' "$source" >"$state/cwd"
}

# Each item is a process of its own with nothing but the saved environment.
item() {
  if [ -e "$job/isolated" ]; then cp "$state/initial" "$state/env" && printf '%s\n' "$source" >"$state/cwd"; fi
  say "Running command $(cat "$1.text")"
  "$env" -i "$shell" "$1.sh" </dev/null
  code=$?
  if [ "$code" -ne 0 ]; then
    shown=$(tr '\n' ' ' <"$1.text")
    say "Command did not exit successfully $shown exit status $code"
    message="Error while executing command: $shown. Reason: exit status $code"
    last=$1
    return 1
  fi
}

items() {
  for text in "$1"/*.text; do
    if [ -e "$text" ]; then item "${text%.text}" || return 1; fi
  done
}

succeeding() {
  printf "export CODEBUILD_BUILD_SUCCEEDING='%s'\n" "$1" >>"$state/env"
  if [ -e "$job/isolated" ]; then printf "export CODEBUILD_BUILD_SUCCEEDING='%s'\n" "$1" >>"$state/initial"; fi
}

failed() {
  failure=yes
  succeeding 0
  if [ ! -e "$result/exit" ]; then
    printf '%s' "$code" >"$result/exit"
    cp "$last.text" "$result/command"
    printf '%s' "$name" >"$result/phase"
  fi
}

commands() {
  tried=0
  until items "$dir/commands"; do
    if [ "$tried" -ge "$(cat "$dir/retries")" ] || ! printf '%s' "$message" | grep -Eq -e "$(cat "$dir/pattern")"; then
      return 1
    fi
    tried=$((tried + 1))
    say "Retrying phase $name: attempt $tried of $(cat "$dir/retries")"
  done
}

# Sets `next` to whether the phase after this one may run.
phase() {
  name=$1
  dir=$job/phases/$name
  state_of_phase=SUCCEEDED
  message=
  next=yes
  say "Entering phase $name"
  if [ -d "$dir" ]; then
    commands || { failed; state_of_phase=FAILED; }
    first=$message
    items "$dir/finally" || { failed; state_of_phase=FAILED; }
    message=${first:-$message}
  fi
  say "Phase complete: $name State: $state_of_phase"
  if [ "$state_of_phase" = SUCCEEDED ]; then
    say "Phase context status code:  Message: "
    return
  fi
  say "Phase context status code: COMMAND_EXECUTION_ERROR Message: $message"
  case $(cat "$dir/on-failure") in
    CONTINUE) ;;
    ABORT) next=no ;;
    *) case $name in INSTALL | PRE_BUILD) next=no ;; esac ;;
  esac
}

failure=
mkdir -p "$result/variables"
prepare
cp "$state/env" "$state/initial"
succeeding 1
next=yes
for each in INSTALL PRE_BUILD BUILD POST_BUILD; do
  if [ "$next" = yes ]; then phase "$each"; fi
done
"$env" -i "$shell" "$job/collect.sh" </dev/null
if [ "$next" = yes ]; then : >"$result/upload"; fi
# What the build wrote belongs to whoever Estiva runs as, so that it can be read and removed.
owner=$(stat -c %u:%g "$job" 2>/dev/null)
case $owner in '' | 0:*) ;; *) chown -Rh "$owner" "$source" "$result" ;; esac
[ -z "$failure" ]
