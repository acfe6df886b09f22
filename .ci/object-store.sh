#!/usr/bin/env bash
# Runs a command beside a real S3 server: Ceph's RADOS Gateway over one monitor and one OSD that keeps its data in memory, from
# Debian's packages. They are unpacked into a cache folder and nothing is installed. The server ends with the command.
#   .ci/object-store.sh COMMAND [ARGUMENT...]
# Needs root (for apt-get) and Debian's package server. TSDP_S3_CACHE: where packages are kept between runs. TSDP_S3_CPUS: the processors
# that the server gets, as `taskset -c` has them; all when it is not set.
set -euo pipefail

cache=${TSDP_S3_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tsdp-object-store}
key=TSDPTESTKEY
secret=tsdp-test-secret
work=$(mktemp -d)
pids=()

stop() {
  trap - EXIT INT TERM
  if ((${#pids[@]})); then
    kill "${pids[@]}" 2>/dev/null || true
    for ((i = 0; i < 50; i++)); do kill -0 "${pids[@]}" 2>/dev/null || break; sleep 0.1; done
    kill -9 "${pids[@]}" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

give_up() {
  echo "The object store for the tests could not be started: $1" >&2
  tail -n 20 "$work"/*.log 2>/dev/null >&2 || true
  exit 1
}

# A port that nobody listens at now.
free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# The folder gets its name only when every package is in it.
unpack_packages() {
  [[ -d $cache/root ]] && return
  local archives=$cache/archives part=$cache/root.$$
  mkdir -p "$archives/partial" "$part"
  apt-get update >"$work/apt.log" 2>&1 || give_up "apt-get update has failed"
  apt-get install --yes --download-only --no-install-recommends -o Dir::Cache::archives="$archives" -o Debug::NoLocking=1 \
    ceph-mon ceph-osd ceph-mgr radosgw >>"$work/apt.log" 2>&1 || give_up "the packages could not be downloaded"
  for package in "$archives"/*.deb; do dpkg --extract "$package" "$part"; done
  mv "$part" "$cache/root"
}

write_configuration() {
  cat >"$work/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = v1:127.0.0.1:$1
public addr = 127.0.0.1
ms bind ipv4 = true
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 2147483648
osd class dir = $lib/rados-classes
plugin dir = $lib/ceph
erasure code dir = $lib/ceph/erasure-code
run dir = $work
admin socket = $work/\$name.asok
log file = $work/\$name.log
mon cluster log file = $work/cluster.log
mon data = $work/mon
osd data = $work/osd
rgw data = $work/rgw
rgw frontends = beast endpoint=127.0.0.1:$2
rgw enable apis = s3
CONF
}

daemon() {
  ${TSDP_S3_CPUS:+taskset -c "$TSDP_S3_CPUS"} "$@" </dev/null >>"$work/daemons.log" 2>&1 &
  pids+=($!)
}

ceph() {
  timeout 30 /usr/bin/python3 "$bin/ceph" "${conf[@]}" "$@" </dev/null >>"$work/admin.log" 2>&1
}

is_osd_up() {
  timeout 30 /usr/bin/python3 "$bin/ceph" "${conf[@]}" osd stat </dev/null 2>>"$work/admin.log" | grep -q '1 up'
}

# Now and then the monitor refuses the first commands of an OSD ("wrong fsid"), which then ends: it is started again.
start_osd() {
  for ((try = 1; try <= 20; try++)); do
    daemon "$bin/ceph-osd" "${conf[@]}" -f -i 0
    for ((i = 0; i < 30; i++)); do
      if is_osd_up; then return; fi
      kill -0 "${pids[-1]}" 2>/dev/null || break
    done
    kill -9 "${pids[-1]}" 2>/dev/null || true
    unset "pids[-1]"
    sleep 0.5
  done
  give_up "its OSD does not come up"
}

start_server() {
  mkdir "$work/mon" "$work/osd" "$work/rgw"
  local fsid; fsid=$(sed -n 's/^fsid = //p' "$work/ceph.conf")
  "$bin/monmaptool" --create --fsid "$fsid" --addv a "v1:127.0.0.1:$1" "$work/monmap" >>"$work/admin.log" 2>&1
  "$bin/ceph-mon" "${conf[@]}" --mkfs -i a --monmap "$work/monmap" >>"$work/admin.log" 2>&1
  daemon "$bin/ceph-mon" "${conf[@]}" -f -i a
  local osd; osd=$(cat /proc/sys/kernel/random/uuid)
  "$bin/ceph-osd" "${conf[@]}" -i 0 --mkfs --osd-uuid "$osd" >>"$work/admin.log" 2>&1
  ceph osd new "$osd" || give_up "the monitor does not answer"
  start_osd
  timeout 120 "$bin/radosgw-admin" "${conf[@]}" user create --uid=tsdp --display-name=tsdp --access-key="$key" --secret="$secret" \
    </dev/null >>"$work/admin.log" 2>&1 || give_up "the user could not be made"
  daemon "$bin/radosgw" "${conf[@]}" -f -n client.rgw
  for ((i = 0; i < 240; i++)); do
    if node -e "fetch('http://127.0.0.1:$2/').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"; then return; fi
    kill -0 "${pids[@]}" 2>/dev/null || give_up "one of its processes has ended"
    sleep 0.25
  done
  give_up "the gateway does not answer"
}

unpack_packages
bin=$cache/root/usr/bin
lib=$(echo "$cache"/root/usr/lib/*-linux-gnu)
conf=(-c "$work/ceph.conf")
libraries=$lib:$lib/ceph:$cache/root/lib/$(basename "$lib")
ports=("$(free_port)" "$(free_port)")
write_configuration "${ports[@]}"
LD_LIBRARY_PATH=$libraries PYTHONPATH=$cache/root/usr/lib/python3/dist-packages start_server "${ports[@]}"
echo "Object store for the tests: RADOS Gateway at 127.0.0.1:${ports[1]}" >&2

status=0
TSDP_S3_ENDPOINT=http://127.0.0.1:${ports[1]} TSDP_S3_KEY=$key TSDP_S3_SECRET=$secret "$@" || status=$?
exit "$status"
