# SPDX-License-Identifier: GPL-3.0-or-later
# The engine as a service, without a graphics card. `make build` makes it, `make run` starts it.
FROM python:3.11-slim-bookworm AS wheels
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . ./packaging/model-compact

FROM python:3.11-slim-bookworm
# libgomp: PyTorch's and scikit-learn's threads.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=wheels /wheels /wheels
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu "torch==2.13.0" \
 && pip install --no-cache-dir "$(ls /wheels/aqgt-[0-9]*.whl)[engine]" /wheels/aqgt_model_compact-*.whl \
 && rm -rf /wheels
# Numba keeps what it compiles beside the sources unless told otherwise, and those belong to root.
ENV NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 10001 aqgt
USER aqgt
WORKDIR /home/aqgt
# Without arguments it listens on loopback alone: start it with `--network host`, as `make run` does.
ENTRYPOINT ["aqgt"]
CMD ["serve"]
