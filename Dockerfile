# Three images of one build: planner, profiler and runtime. Each holds Node.js, the few shared libraries it needs and the built
# project, and nothing else: no shell, no package manager. Not root; everything is written below /var/lib/flash-slim (a volume)
# and /tmp, so the root file system can be read-only.
#
#   docker build --target runtime -t flash-slim-runtime .

FROM node:24-bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ cmake make binutils ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY proto/package.json proto/
COPY cli/package.json cli/
COPY packages/ packages/
COPY services/ services/
COPY scripts/ scripts/
RUN npm ci
# Minutes of compiling: before what changes more often.
RUN npm run build:native
COPY . .
RUN npx tsc -b cli
RUN deploy/image/prune.sh /app /image

FROM scratch AS planner
COPY --from=build /image/root/ /
COPY --from=build --chown=65532:65532 /image/empty/ /var/lib/flash-slim/
COPY --from=build --chmod=1777 /image/empty/ /tmp/
COPY --from=build /image/app/ /app/
ENV PATH=/usr/bin HOME=/var/lib/flash-slim FLASH_SLIM_HOME=/var/lib/flash-slim NODE_ENV=production
USER 65532:65532
VOLUME /var/lib/flash-slim
EXPOSE 7432
# The options of cli/bin/flash-slim.mjs, which keep the process small; the heap limit, or V8 takes half of the memory limit.
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=1", "--v8-pool-size=1", "--single-threaded-gc", "--no-opt", "--no-maglev", "--max-old-space-size=256", "/app/cli/bin/flash-slim.mjs"]
CMD ["planner", "--listen", "0.0.0.0:7432"]

FROM planner AS engine
COPY --from=build /image/engine/ /app/

FROM engine AS profiler
EXPOSE 7431
CMD ["profiler", "--listen", "0.0.0.0:7431"]

FROM engine AS runtime
EXPOSE 7433
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=1", "--v8-pool-size=1", "--single-threaded-gc", "--no-opt", "--no-maglev", "--max-old-space-size=96", "/app/cli/bin/flash-slim.mjs"]
CMD ["runtime", "--listen", "0.0.0.0:7433"]
