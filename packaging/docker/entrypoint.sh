#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The container's entry point.
#
#   serve …     the engine on port 5757, with keys; it makes them in /data/keys at the first start
#   health      whether that engine answers (what HEALTHCHECK asks)
#   anything    `aqgt anything`, e.g. generate /data/datasets/voice.wav -o /data/outputs/a.bvh
set -eu
keys=${AQGT_KEYS:-/data/keys} configs=${AQGT_CONFIGS:-/data/configs} port=${AQGT_PORT:-5757}
models=${AQGT_MODELS:-/data/models}
if [ -z "$(ls -A "$models" 2>/dev/null)" ]; then models=/opt/aqgt-models; fi
export AQGT_MODELS="$models"

case ${1:-serve} in
  serve)
    [ $# -eq 0 ] || shift
    # The health check is a client like any other.
    for client in client health; do
      if [ ! -e "$keys/clients/$client.pub" ] && [ ! -e "$keys/made" ]; then
        said=$(aqgt keys new "$keys" --client "$client" 2>&1) || {
          echo "$said" >&2
          echo "Mount a folder at $keys that user $(id -u) may write to." >&2
          exit 2
        }
        [ "$client" = health ] || echo "The key of your client: $keys/client.key (--key FILE)" >&2
      fi
    done
    # Later starts make no keys, so that a client whose key was taken away stays out.
    [ -e "$keys/made" ] || touch "$keys/made"
    [ ! -e "$configs/engine.yaml" ] || set -- --config "$configs/engine.yaml" "$@"
    exec aqgt serve --keys "$keys" --address "tcp://0.0.0.0:$port" "$@"
    ;;
  health)
    exec aqgt status --json --engine "tcp://127.0.0.1:$port" --key "$keys/health.key" >/dev/null
    ;;
  *)
    exec aqgt "$@"
    ;;
esac
