#!/bin/sh
# Walks the phases of a build inside its container.   usage: driver.sh JOB SOURCE
#
# JOB holds only files that Estiva wrote; the repository's commands are files too and are never part of this text.
#   shell                     sh or bash
#   isolated                  exists for version 0.1: each command starts afresh
#   variables                 export lines of the buildspec's variables
#   timeout                   seconds until everything is killed; empty for never
#   phases/NAME/commands/00001.text, 00001.sh     what is shown, what is run; the same under finally/
#   phases/NAME/on-failure    ABORT | CONTINUE | RETRY | DEFAULT;   retries, pattern, user, runtimes beside it
#   names/NAME.sh             prints what an artifact is called
#   cache/                    version, paths, key.sh, fallback-N.sh; place is where archives are, restore and save exist or not
#   outside/00001/base.sh, files/00001.sh     print what may be paths outside the source to hand on; links exists to keep links
#   collect.sh                writes the variables that are wanted at the end
#   result/                   what is left for Estiva: timeline, exit, command, phase, upload, variables/NAME, names/NAME,
#                             outside/PATH: what is handed on from PATH, which is no part of the source
exec 2>&1
job=$1
source=$2
state=/run/codebuild
result=$job/result
env=$(command -v env)
shell=$(cat "$job/shell")
shell=$(command -v "$shell") || { echo "there is no $(cat "$job/shell") in this image"; exit 127; }

say() { printf '[Container] %s %s\n' "$(date -u '+%Y/%m/%d %H:%M:%S')" "$*"; }

# A line of the timeline, with the seconds since the machine started: a clock that costs no process.
note() {
  read -r up _ </proc/uptime
  printf '%s %s\n' "$up" "$*" >>"$result/timeline"
}

prepare() {
  mkdir -p "$result/variables" "$result/names"
  PATH=$PATH:$job/bin "$shell" -c 'export -p' >"$state/env"
  cat "$job/variables" >>"$state/env"
  printf '%s\n' "$source" >"$state/cwd"
  cp "$state/env" "$state/initial"
}

# Kills all but this process when the time is over; what is under way then ends, and is found to be late.
watch_the_time() {
  limit=$(cat "$job/timeout")
  if [ -n "$limit" ]; then
    (sleep "$limit"; : >"$state/late"; kill -9 -1) </dev/null &
    watch=$!
  fi
}

# Prints what a script of ours prints that holds a text of the buildspec; nothing when it fails.
spoken() { (cd "$source" && "$env" -i "$shell" "$1" </dev/null 2>/dev/null); }

# Each item is a process of its own with nothing but the saved environment.
run() {
  if [ "$user" = root ]; then
    "$env" -i "$shell" "$job/$1" </dev/null
  elif ! id "$user" >/dev/null 2>&1; then
    echo "there is no user $user in this image"
    return 1
  else
    chown -R "$user" "$state"
    (cd "$job" && "$env" -i PATH="$PATH" su -s /bin/sh "$user" -c "$shell $1" </dev/null)
    set -- $?
    chown -R root "$state"
    return "$1"
  fi
}

item() {
  if [ -e "$job/isolated" ]; then cp "$state/initial" "$state/env" && printf '%s\n' "$source" >"$state/cwd"; fi
  say "Running command $(cat "$job/$1.text")"
  run "$1.sh"
  code=$?
  if [ -e "$state/late" ]; then
    message="Build has timed out."
    return 1
  elif [ "$code" -ne 0 ]; then
    shown=$(tr '\n' ' ' <"$job/$1.text")
    say "Command did not exit successfully $shown exit status $code"
    message="Error while executing command: $shown. Reason: exit status $code"
    last=$1
    return 1
  fi
}

items() {
  for text in "$job/$1"/*.text; do
    text=${text#"$job/"}
    if [ -e "$job/$text" ]; then item "${text%.text}" || return 1; fi
  done
}

# Takes back what holds a key of the role: whoever reads it after a crash may not know the keys any more.
withhold() {
  for secret in "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"; do
    if [ -n "$secret" ]; then
      for file in "$result"/variables/* "$result"/names/*; do
        if grep -qsF -e "$secret" "$file"; then rm -f "$file"; fi
      done
    fi
  done
}

succeeding() {
  printf "export CODEBUILD_BUILD_SUCCEEDING='%s'\n" "$1" >>"$state/env"
  printf "export CODEBUILD_BUILD_SUCCEEDING='%s'\n" "$1" >>"$state/initial"
}

failed() {
  failure=yes
  if [ -e "$state/late" ]; then return; fi
  ended=FAILED
  succeeding 0
  if [ ! -e "$result/exit" ]; then
    printf '%s' "$code" >"$result/exit"
    cp "$job/$last.text" "$result/command"
    printf '%s' "$name" >"$result/phase"
  fi
}

# The seam of `runtime-versions`: a plain image has what it has.
runtimes() {
  if [ ! -s "$job/$dir/runtimes" ]; then return; fi
  say "Skipping install of runtimes. Runtime version selection is not supported by this build image"
  while IFS='|' read -r wanted asks; do
    if command -v "${asks%% *}" >/dev/null 2>&1; then
      say "Runtime $wanted: this image has $("$env" $asks 2>&1 </dev/null | grep . | head -n 1)"
    else
      say "Runtime $wanted: there is no ${asks%% *} on the PATH of this image"
    fi
  done <"$job/$dir/runtimes"
}

matches() { printf '%s' "$message" | grep -Eq $(cat "$job/$dir/flags" 2>/dev/null) -e "$(cat "$job/$dir/pattern")"; }

commands() {
  tried=0
  until items "$dir/commands"; do
    retries=$(cat "$job/$dir/retries")
    if [ -e "$state/late" ] || [ "$tried" -ge "$retries" ] || ! matches; then return 1; fi
    tried=$((tried + 1))
    say "Retrying phase $name: attempt $tried of $retries"
  done
}

# Sets `next` to whether the phase after this one may run.
phase() {
  name=$1
  dir=phases/$name
  ended=SUCCEEDED
  status_code=
  message=
  user=root
  note start "$name"
  say "Entering phase $name"
  if [ -d "$job/$dir" ]; then
    user=$(cat "$job/$dir/user")
    if [ "$user" != root ]; then chmod -R a+rX "$source"; fi
    runtimes
    commands || failed
    first=$message
    if [ "$ended" = SUCCEEDED ]; then first=; message=; fi
    if [ ! -e "$state/late" ]; then items "$dir/finally" || failed; fi
    message=${first:-$message}
  fi
  if [ -e "$state/late" ]; then
    ended=TIMED_OUT
    status_code=BUILD_TIMED_OUT
    message="Build has timed out."
  elif [ "$ended" = FAILED ]; then
    status_code=COMMAND_EXECUTION_ERROR
  else
    message=
  fi
  say "Phase complete: $name State: $ended"
  say "Phase context status code: $status_code Message: $message"
  note end "$name" "$ended" "${status_code:--}" "$message"
  if [ "$ended" = TIMED_OUT ]; then next=no; fi
  if [ "$ended" = FAILED ]; then
    case $(cat "$job/$dir/on-failure") in
      CONTINUE) ;;
      ABORT) next=no ;;
      *) case $name in INSTALL | PRE_BUILD) next=no ;; esac ;;
    esac
  fi
}

# --- the cache: archives in a directory per list of paths, one per key ---

# A key as the name of a directory.
named() { printf '%s' "$1" | tr -d '\n' | sed 's/%/%25/g; s,/,%2F,g; s/^/key-/'; }

unpack() {
  for packed in "$1"/source.* "$1"/root.*; do
    case $packed in */root.*) into=/ ;; *) into=$source ;; esac
    open_into "$into" "$packed" || say "Cache: $packed cannot be unpacked"
  done
}

open_into() {
  case $2 in
    *.tar) tar -xf "$2" -C "$1" ;;
    *.cpio) (cd "$1" && cpio -idu <"$2" 2>/dev/null) ;;
  esac
}

restore() {
  archives=$(cat "$job/cache/place")/$(cat "$job/cache/version")
  key=default
  if [ -s "$job/cache/key.sh" ]; then key=$(spoken "$job/cache/key.sh"); fi
  printf '%s' "$key" >"$state/key"
  if [ ! -e "$job/cache/restore" ]; then return; fi
  if [ -d "$archives/$(named "$key")" ]; then
    say "Restored cache of key $key"
    unpack "$archives/$(named "$key")"
    return
  fi
  for script in "$job"/cache/fallback-*.sh; do
    if [ ! -e "$script" ]; then continue; fi
    prefix=$(spoken "$script")
    found=$(ls -td "$archives/$(named "$prefix")"* 2>/dev/null | head -n 1)
    if [ -n "$prefix" ] && [ -n "$found" ]; then
      say "Restored cache of a key that begins with $prefix"
      unpack "$found"
      return
    fi
  done
  say "No cache found for key $key"
}

# Lists what is to be kept: $1 is `/` for paths from the root, `.` for those from the source.
listed() {
  tab=$(printf '\t')
  while IFS=$tab read -r start expression; do
    case $start in /*) from=/ ;; *) from=. ;; esac
    if [ "$from" = "$1" ] && { [ -e "$start" ] || [ -h "$start" ]; }; then
      find "$start" \( -type f -o -type l \) -print | sed 's,^\./,,' | grep -E -e "$expression"
    fi
  done <"$job/cache/paths" | sed 's,^/,,' | sort -u
}

pack() {
  listed "$2" >"$state/list"
  if [ -s "$state/list" ]; then archive "$1" "$3"; fi
}

# Packs what is listed; $3 is -h where links are followed. Not every tar of busybox takes a list; it has cpio then.
archive() {
  if tar --help 2>&1 | grep -q -e ' -T'; then
    tar -c $3 -f "$1.tar" -C "$2" -T "$state/list"
  else
    (cd "$2" && cpio -o ${3:+-L} -H newc <"$state/list" >"$1.cpio" 2>/dev/null)
  fi
}

# A keyed archive is written once; one without a key anew each time. Ten stay of each list of paths, and five lists.
save() {
  key=$(cat "$state/key")
  kept=$archives/$(named "$key")
  if [ "$key" != default ] && [ -e "$kept" ]; then say "Cache of key $key is there already"; return; fi
  fresh=$archives/.new-$(cat /proc/sys/kernel/random/uuid)
  if mkdir -p "$fresh" && cd "$source" && pack "$fresh/source" . . && pack "$fresh/root" / /; then
    rm -rf "$kept"
    mv "$fresh" "$kept" && rm -rf "$kept/${fresh##*/}" && say "Saved cache of key $key"  # into one of a build beside it
  else
    say "Cache: nothing of it could be kept"
    rm -rf "$fresh"
  fi
  oldest 10 "$archives"/key-*
  oldest 5 "$(cat "$job/cache/place")"/*
  if [ -s "$job/cache/most" ]; then lightest "$(cat "$job/cache/most")"; fi
  find "$archives" -maxdepth 1 -name '.new-*' -mmin +1440 -exec rm -rf {} +
}

# Removes all but the newest so many.
oldest() {
  stay=$1
  shift
  ls -td "$@" 2>/dev/null | tail -n +$((stay + 1)) | while IFS= read -r old; do rm -rf "$old"; done
}

# Keeps of all lists what fits into so many KiB, the newest first: also the new one may be too large.
lightest() {
  total=0
  ls -td "$(cat "$job/cache/place")"/*/key-* 2>/dev/null | while IFS= read -r old; do
    size=$(du -sk "$old" | cut -f 1)
    if [ $((total + size)) -le "$1" ]; then
      total=$((total + size))
    else
      if [ "$old" = "$kept" ]; then say "Cache: it takes $size KiB, and no more than $1 may stay"; fi
      rm -rf "$old"
    fi
  done
}

# --- what is handed on from outside the source ---

# Lists the files that an absolute pattern means, links to files too, and with $2 all links. Where what it begins with is
# no directory of the container's own files, or is none at all (`/` alone), there are none.
matching() {
  start=${1%%[*?]*}
  start=${start%/*}/
  case $(cd "$start" 2>/dev/null && pwd -P)/ in / | /proc/* | /sys/* | /dev/* | "$state"/* | "$job"/*) return 0 ;; esac
  expression=$(printf '%s\n' "$1" | sed \
    -e 's/[.^$+(){}|[\]/\\&/g' -e 's,\*\*/,<ANY/>,g' -e 's,\*\*,<ANY>,g' -e 's,\*,[^/]*,g' -e 's,?,[^/],g' \
    -e 's,<ANY/>,(.*/)?,g' -e 's,<ANY>,.*,g')
  find "$start" -xdev \( -type f -o -type l \) -print | grep -E -e "^$expression\$" | while IFS= read -r file; do
    if [ -f "$file" ] || [ -e "$2" ]; then printf '%s\n' "${file#/}"; fi
  done
}

# Prints a path as it is meant from the root; nothing for one that the source holds, or that goes up again.
absolute() {
  path=$(spoken "$1")
  case $path in /*) ;; *) path=${2:+$2/${path#./}} ;; esac
  case $path/ in "$source"/* | */../* | /) ;; *) printf '%s' "$path" ;; esac
}

# Takes what a definition of artifacts means to where Estiva finds it. What it takes is bounded: 512 bytes so many times.
take_from_outside() {
  base=$(absolute "$1/base.sh")
  base=${base%/}
  if [ -n "$base" ] && [ -d "$base" ]; then mkdir -p "$result/outside$base"; fi
  for script in "$1"/files/*.sh; do
    pattern=$(absolute "$script" "$base")
    if [ -n "$pattern" ]; then matching "$pattern" "$1/links"; fi
  done | sort -u >"$state/list"
  if [ ! -s "$state/list" ]; then return; fi
  follow=-h
  if [ -e "$1/links" ]; then follow=; fi
  (ulimit -f 2097152 && archive "$result/packed" / $follow)
  case $? in
    0) for packed in "$result"/packed.*; do open_into "$result/outside" "$packed"; done ;;
    153) say "Artifacts: of what lies outside the source no more than 1 GiB can be handed on" ;;  # SIGXFSZ
    *) say "Artifacts: what lies outside the source cannot be packed" ;;
  esac
  rm -f "$result"/packed.*
}

# --- the build ---

failure=
watch=
next=yes
prepare
note clock "$(date +%s)"
watch_the_time
succeeding 1
if [ -e "$job/cache/place" ]; then restore; fi
for each in INSTALL PRE_BUILD BUILD POST_BUILD; do
  if [ "$next" = yes ]; then phase "$each"; fi
done
if [ -n "$watch" ]; then kill "$watch" 2>/dev/null; fi
if [ ! -e "$state/late" ]; then
  "$env" -i "$shell" "$job/collect.sh" </dev/null
  for script in "$job"/names/*.sh; do
    if [ -e "$script" ]; then text=${script##*/}; spoken "$script" >"$result/names/${text%.sh}"; fi
  done
  withhold
  if [ -e "$job/cache/save" ] && [ -e "$job/cache/place" ] && [ -z "$failure" ]; then save; fi
  if [ "$next" = yes ]; then
    mkdir -p "$result/outside"
    for definition in "$job"/outside/*; do
      if [ -d "$definition" ]; then take_from_outside "$definition"; fi
    done
    chmod -R u+rwX "$result/outside"
    : >"$result/upload"
  fi
fi
# What the build wrote belongs to whoever Estiva runs as, so that it can be read and removed.
owner=$(stat -c %u:%g "$job" 2>/dev/null)
case $owner in '' | 0:*) ;; *) chown -Rh "$owner" "$source" "$result" ;; esac
[ -z "$failure" ] && [ ! -e "$state/late" ]
