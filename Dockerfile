# The same Node as in package.json (devDependencies.node); tests/deployment keeps the two equal. To pin the image's bytes as
# well, put @sha256:... behind -bookworm-slim, three times: docs/threat-model.md says where to find it.
ARG NODE_VERSION=24.21.0

# What runs, and no more. No install script is needed: better-sqlite3 carries its binaries in the package.
FROM node:${NODE_VERSION}-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The compiler and its types stay behind in this stage. Manifests come before the sources, so that a change of
# source does not install everything again.
FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src/ src/
RUN npm run build && rm dist/.tsbuildinfo

FROM node:${NODE_VERSION}-bookworm-slim AS runtime
LABEL org.opencontainers.image.title="webhook-inbox" \
      org.opencontainers.image.description="Takes signed webhook messages, stores each exactly once, and gives them back" \
      org.opencontainers.image.licenses="MIT"

# Defaults for a container, never a secret: WEBHOOK_SECRET comes from whoever runs it. SQLite spills big sorts to
# /data, because the rest of the file system may be read-only and /tmp may be memory.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATABASE_URL=sqlite:////data/app.db \
    SQLITE_TMPDIR=/data \
    MIGRATE_ON_START=true

WORKDIR /app
# The only directory the service may write; a new named volume takes over its owner and mode.
# The link makes the relative path of .env.example, which Compose passes on from a .env, lead there as well.
RUN mkdir --mode=0700 /data && chown 1000:1000 /data && ln -s /data /app/data
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules/
COPY --from=build /app/dist dist/
COPY api/ api/

# The base image's "node" user, as a number: Kubernetes cannot tell that a name is not root (runAsNonRoot).
USER 1000:1000
# Declared, so that /data is writable under "docker run --read-only" too.
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM

# Live, not ready: what replaces unhealthy containers would only do harm while the database is away. No curl in slim.
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
  --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# Node itself is process 1, without npm or a shell in front, so that it gets the stop signal.
CMD ["node", "--enable-source-maps", "--max-semi-space-size=4", "dist/infrastructure/main.js"]
