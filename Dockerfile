# SPDX-License-Identifier: GPL-3.0-or-later
# The engine as a service. `make build` makes it, `make run` starts it; docs/engine.md says how.
FROM debian:bookworm-slim AS wheels
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3-venv
WORKDIR /source
COPY . .
RUN python3 -m venv /build \
 && /build/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . ./packaging/model-compact

FROM debian:bookworm-slim
# PyTorch from the package index brings CUDA on x86-64; `make build TORCH=cpu` names its index without.
ARG TORCH_INDEX=
ARG EXTRAS=engine
# libgomp: PyTorch's threads.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libgomp1 python3-venv \
 && rm -rf /var/lib/apt/lists/*
COPY --from=wheels /wheels /wheels
RUN python3 -m venv /opt/aqgt \
 && /opt/aqgt/bin/pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "torch==2.13.0" \
 && /opt/aqgt/bin/pip install --no-cache-dir "$(ls /wheels/aqgt-[0-9]*.whl)[$EXTRAS]" /wheels/aqgt_model_compact-*.whl \
 && rm -rf /wheels
# Models that `make build MODELS=…` has put there; the licence is named, since a COPY of nothing is an error.
COPY LICENSE build/image-models* /opt/aqgt-models/
COPY packaging/docker/entrypoint.sh /usr/local/bin/aqgt-engine
RUN chmod 755 /usr/local/bin/aqgt-engine \
 && mkdir -p /data/configs /data/models /data/keys /data/datasets /data/outputs \
 && useradd --uid 10001 --no-create-home aqgt \
 && chown aqgt /data/keys /data/outputs
# HOME: whoever `--user` names has none here. NVIDIA_…: what NVIDIA's container runtime asks for.
ENV PATH=/opt/aqgt/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER aqgt
WORKDIR /data
EXPOSE 5757
HEALTHCHECK --interval=30s --timeout=20s --start-period=180s CMD ["aqgt-engine", "health"]
ENTRYPOINT ["aqgt-engine"]
CMD ["serve"]
