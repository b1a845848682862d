#!/bin/sh
# What a team does without Estiva: check out, build, push, start, wait until it is healthy, switch the proxy, stop the old.
# The image says which commit it is made from, as Estiva's does.
# usage: plain.sh REPOSITORY COMMIT IMAGE NETWORK ADMIN_SOCKET LISTEN LABEL
set -eu
repository=$1 commit=$2 image=$3 network=$4 admin=$5 listen=$6 label=$7
name=plain-$(basename "$image")-$commit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git clone --quiet --no-hardlinks "$repository" "$work/source"
git -C "$work/source" checkout --quiet "$commit"
DOCKER_BUILDKIT=0 docker build --quiet --label "commit=$commit" --tag "$image:$commit" "$work/source" >/dev/null 2>&1
docker push --quiet "$image:$commit" >/dev/null
old=$(docker ps --quiet --filter "label=$label" --filter label=plain)
digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$image:$commit")
docker run --detach --name "$name" --network "$network" --label "$label" --label plain "$digest" >/dev/null
address=$(docker inspect --format "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}" "$name"):8000
until curl --silent --fail --output /dev/null "http://$address/healthz"; do sleep 0.05; done

path=http://localhost/config/apps/http/servers/plain
upstreams="[{\"dial\": \"$address\"}]"
if [ "$(curl --silent --unix-socket "$admin" "$path")" = null ]; then
  server="{\"listen\": [\"$listen\"], \"automatic_https\": {\"disable\": true}, \"routes\": [{\"handle\":
    [{\"handler\": \"reverse_proxy\", \"upstreams\": $upstreams}]}]}"
  curl --silent --fail --unix-socket "$admin" --json "$server" "$path"
else
  curl --silent --fail --unix-socket "$admin" --json "$upstreams" --request PATCH "$path/routes/0/handle/0/upstreams"
fi
curl --silent --fail --output /dev/null "http://$listen/healthz"
[ -z "$old" ] || docker stop $old >/dev/null
