#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A folder with Debian sid and its Blender, whose real window the tests look at.
#
#   gui_root.sh make FOLDER                    make it unless it is there (about two minutes, 2 GB); needs root
#   gui_root.sh run FOLDER SHARED COMMAND …    run a command in it; SHARED (a folder) appears there as /shared
#
# Ends with 77 and a sentence where this machine can't provide it.
set -euo pipefail

cannot() { echo "No window tests here: $1" >&2; exit 77; }

make_root() {
  local folder=$1 partial=$1.partial mirror
  [ ! -e "$folder/ready" ] || return 0
  [ "$(id -u)" = 0 ] || cannot "making a Debian folder needs root."
  command -v debootstrap >/dev/null || cannot "debootstrap is missing (apt-get install debootstrap)."
  command -v apt-get >/dev/null || cannot "the mirror is taken from apt's configuration, and there is no apt."
  unshare --mount true 2>/dev/null || cannot "this machine allows no mount namespace."
  mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' | awk '$1 == "Debian" {print $2; exit}')
  [ -n "$mirror" ] || cannot "apt knows no Debian mirror (apt-get update, then try again)."
  rm -rf --one-file-system "$partial"
  mkdir -p "$partial"
  echo "Making a folder with Debian sid and Blender: $folder (about two minutes, 2 GB)"
  debootstrap --variant=minbase sid "$partial" "$mirror" >"$folder.log" 2>&1 ||
    cannot "debootstrap failed: $(tail -n 1 "$folder.log")"
  # A mirror may lag behind sid's short validity.
  printf 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n' >"$partial/etc/apt/apt.conf.d/99validity"
  # numpy, cattr: Blender's own scripts import them, its package only recommends or forgets them.
  in_root "$partial" "$partial/tmp" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    --no-install-recommends blender python3-numpy python3-requests python3-cattr xvfb xauth xdotool imagemagick \
    libgl1-mesa-dri libegl1 libegl-mesa0 fonts-dejavu-core && apt-get clean' >>"$folder.log" 2>&1 ||
    cannot "installing Blender in the folder failed: $(tail -n 1 "$folder.log")"
  touch "$partial/ready"
  mv "$partial" "$folder"
}

in_root() {  # folder, shared folder, command …; the mounts end with the command, in a namespace of their own
  local folder=$1 shared=$2
  shift 2
  mkdir -p "$folder/shared"
  unshare --mount --pid --fork --kill-child bash -c '
    set -e
    folder=$1 shared=$2; shift 2
    mount --make-rprivate /
    mount --bind "$shared" "$folder/shared"
    mount -t proc proc "$folder/proc"
    mount --rbind /dev "$folder/dev"
    mount --rbind /sys "$folder/sys"
    cp -L /etc/resolv.conf "$folder/etc/resolv.conf" 2>/dev/null || true
    cp -L /etc/hosts "$folder/etc/hosts" 2>/dev/null || true
    # Not exec: an X server tells its parent that it is ready unless the parent is process 1.
    chroot "$folder" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      LIBGL_ALWAYS_SOFTWARE=1 "$@"
  ' in_root "$folder" "$shared" "$@"
}

case ${1:-} in
  make) make_root "$2" ;;
  run) shift; in_root "$@" ;;
  *) sed -n '3,9s/^# \?//p' "$0"; exit 2 ;;
esac
