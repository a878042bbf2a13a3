#!/usr/bin/env bash
# Builds the image `cpu` where there is no container engine and no image registry, starts it and draws a picture with it.
#
#   sudo test/deploy/build-image.sh [folder]
#
# buildah builds in a chroot, on a base image that is made here: Debian by debootstrap, Node from its npm package. It is
# tagged with the name that the Dockerfile's FROM says, so the Dockerfile is built as it is. Needs root and the Debian
# packages buildah, debootstrap and curl. `folder` keeps the base image for the next run; without it a temporary one is
# used. Where the machine's npm trusts certificates of its own (NODE_EXTRA_CA_CERTS), the base image does too.
set -euo pipefail
# Mounts of this script are seen by nobody else, and end with it.
[ -n "${ARMATURE_IMAGE_NAMESPACE:-}" ] || exec env ARMATURE_IMAGE_NAMESPACE=1 unshare --mount "$0" "$@"

root=$(cd "$(dirname "$0")/../.." && pwd)
node_image=$(sed -n 's/^ARG NODE_IMAGE=//p' "$root/Dockerfile")
container=
server=

fail() {
  echo "build-image: $1" >&2
  exit 1
}

cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait
  [ -z "$container" ] || { umount --recursive "$mounted"; build rm "$container" >/dev/null; } 2>/dev/null || true
  [ -n "$keep" ] || rm -rf "$folder"
}

build() { buildah --root "$folder/storage" --runroot "$folder/run" --storage-driver vfs "$@"; }
config() { build inspect --type image --format "$1" armature:cpu; }

make_base() {
  local base="$folder/base" package="$folder/node" platform major blank
  rm -rf "$base" "$package"
  mkdir -p "$package"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$base" >"$folder/debootstrap.log" 2>&1 ||
    fail "debootstrap failed: see $folder/debootstrap.log"
  # What the npm package `node` installs for this platform.
  platform="node-linux-$(node -p process.arch)"
  major=$(sed 's/^node:\([0-9]*\).*/\1/' <<<"$node_image")
  npm install --prefix "$package" --no-save --ignore-scripts "$platform@$major" >/dev/null
  install -m 755 "$package/node_modules/$platform/bin/node" "$base/usr/local/bin/node"
  mkdir -p "$base/usr/local/lib/node_modules"
  cp -a "$(npm root -g)/npm" "$base/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/local/bin/npm"
  rm -rf "$base/var/cache/apt" "$base/var/lib/apt/lists"

  blank=$(build from scratch)
  build add "$blank" "$base" / >/dev/null
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    build add "$blank" "$NODE_EXTRA_CA_CERTS" /usr/local/share/build-ca.pem >/dev/null
    build config --env NODE_EXTRA_CA_CERTS=/usr/local/share/build-ca.pem "$blank"
  fi
  build commit --quiet "$blank" "docker.io/library/$node_image" >/dev/null
  build rm "$blank" >/dev/null
  rm -rf "$base" "$package"
}

# As `docker run --read-only --tmpfs /tmp` with a volume at /data: the image's user and environment, on a root file system
# that cannot be written.
mount_image() {
  mounted=$(build mount "$container")
  mount --bind "$mounted" "$mounted"
  mount -o remount,ro,bind "$mounted"
  mount -t tmpfs -o "uid=${user%:*},gid=${user#*:},mode=755" data "$mounted/data"
  mount -t tmpfs tmp "$mounted/tmp"
  mount -t proc proc "$mounted/proc"
  mount --rbind /dev "$mounted/dev"
}

await_health() {
  for _ in $(seq 120); do
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(tail -n 5 "$folder/server.log")"
    if "${inside[@]}" "${health[@]}" >/dev/null 2>&1; then return; fi
    sleep 1
  done
  fail "the health check did not pass in 120 s: $(tail -n 5 "$folder/server.log")"
}

[ "$(id -u)" -eq 0 ] || fail 'root is needed, to make the base image and to mount what was built'
for program in buildah debootstrap curl npm; do
  command -v "$program" >/dev/null || fail "$program is needed"
done
keep=${1:-}
folder=${keep:-$(mktemp -d)}
mkdir -p "$folder"
trap cleanup EXIT

if build inspect --type image "docker.io/library/$node_image" >/dev/null 2>&1; then
  echo "Base image $node_image is there"
else
  echo "Making the base image $node_image ..."
  make_base
fi

echo 'Building the target cpu ...'
build bud --isolation chroot --pull-never --target cpu --tag armature:cpu "$root" >"$folder/build.log" 2>&1 ||
  { tail -n 40 "$folder/build.log" >&2; fail 'the build failed'; }

mapfile -t environment < <(config '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' | sed '/^$/d')
mapfile -t command < <(config '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}{{range .OCIv1.Config.Cmd}}{{println .}}{{end}}' | sed '/^$/d')
# Images of the OCI's own format hold no health check: it is read where it is written.
mapfile -t health < <(sed -n '/ AS cpu$/,/^FROM/s/^HEALTHCHECK.* CMD \(.*\)/\1/p' "$root/Dockerfile" | node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).join("\n")')
user=$(config '{{.OCIv1.Config.User}}')
[ "${user%:*}" -gt 0 ] || fail "the image runs as $user"
port=$(node -p 'const server = require("node:net").createServer(); server.listen(0); const { port } = server.address(); server.close(); port')

container=$(build from --pull-never armature:cpu)
mount_image
echo "Image armature:cpu: $(du -sxm "$mounted" | cut -f1) MB, of which $(du -sm "$mounted/app" | cut -f1) MB are /app; user $user"

inside=(chroot --userspec="$user" "$mounted" /usr/bin/env -i "${environment[@]}" HOME=/tmp)
inside+=(ARMATURE_HOST=127.0.0.1 ARMATURE_PORT="$port")
"${inside[@]}" "${command[@]}" >"$folder/server.log" 2>&1 &
server=$!
started=$SECONDS
await_health
echo "Healthy after $((SECONDS - started)) s, on a read-only root file system"
curl -sS --fail-with-body -o "$folder/picture.png" -H 'Accept: image/png' -H 'Prefer: wait=60' \
  -F 'prompt=a red cube on a green floor' -F "canny=@$root/examples/photo.jpg" "http://127.0.0.1:$port/v1/generations"
file_type=$(head -c 8 "$folder/picture.png" | od -An -tx1 | tr -d ' \n')
[ "$file_type" = 89504e470d0a1a0a ] || fail 'the answer is no PNG'
echo "Drew a picture of $(stat -c %s "$folder/picture.png") bytes"
kill -TERM "$server"
wait "$server" && status=0 || status=$?
server=
[ "$status" -eq 0 ] || fail "the server ended with $status after SIGTERM"
echo 'Ended by SIGTERM with 0'
