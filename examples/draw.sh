#!/usr/bin/env bash
# Draws a picture, says how far it is, saves it, and prints an address for it that works without the key:
#
#   ARMATURE_API_KEY=arm_... examples/draw.sh 'a red cube on a green floor' cube.png
#
# bash, curl 7.76 or later, grep and sed. A server without keys, on this machine, needs no key.
set -euo pipefail
server="${ARMATURE_SERVER:-http://127.0.0.1:7860}"
prompt="${1:-a red cube}" file="${2:-out.png}"

# curl, with the key where there is one.
request() {
  curl -sS ${ARMATURE_API_KEY:+-H "Authorization: Bearer $ARMATURE_API_KEY"} "$@"
}

# The JSON that the server answers; what it refuses ends the program with its own words.
ask() {
  local answer
  if answer="$(request --fail-with-body "$@" 2>/dev/null)"; then echo "$answer"; else echo "$answer" | field detail >&2; return 1; fi
}

# A text of the JSON on stdin, by the name of its field: the first.
field() {
  grep -oE "\"$1\":\"(\\\\.|[^\"\\\\])*\"" | head -n 1 | sed -e "s/^\"$1\":\"//" -e 's/"$//' -e 's/\\\(.\)/\1/g'
}

job="$(ask -F "prompt=$prompt" "$server/v1/generations")"
# The events of the job; the last has the whole job as its data.
while read -r data; do
  case "$data" in
    '{"step":'*) echo "progress $data" ;;
    *) job="$data" ;;
  esac
done < <(request --fail -N "$server$(echo "$job" | field events_url)" | sed -un 's/^data: //p')
output="$(echo "$job" | sed -n 's/.*"outputs":\[//p' | field url)" || { echo "$job" | field detail >&2; exit 1; }
request --fail -o "$file" "$server$output"
signed="$(ask -H 'Content-Type: application/json' -d "{\"paths\": [\"$output\"], \"expires_s\": 600}" "$server/v1/signed-urls")"
echo "$server$(echo "$signed" | grep -o '/v1/generations/[^"]*' | head -n 1)"
