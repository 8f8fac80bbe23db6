# Two stages: production dependencies, then the sources as they are. Node strips the types; nothing is built.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY config ./config
COPY src ./src
RUN install --directory --owner=node --group=node --mode=0700 /data
USER node
VOLUME /data
EXPOSE 8080
# Plain HTTP: with TLS of the gateway's own, replace it or switch it off (--no-healthcheck).
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["node", "--eval", \
  "fetch(`http://127.0.0.1:${+process.env.OPS_PORT || process.env.PORT}/livez`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Code as it was compiled, for the next start and for threads.
ENV NODE_COMPILE_CACHE=/tmp/node-compile-cache
# Small spaces for garbage: the pages of feeds are what memory is for (docs/operations.md).
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=50", "--no-parallel-scavenge", "--no-allocation-site-pretenuring", "src/main.ts"]
