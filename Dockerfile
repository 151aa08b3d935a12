# The same Node as in package.json (devDependencies.node); tests/deployment compares the two. To pin the image by digest, add
# @sha256:... after -bookworm-slim in all three places: docs/threat-model.md says where to find the digest.
ARG NODE_VERSION=24.21.0

# Production dependencies only. They need no install scripts, because the package of better-sqlite3 contains its binaries.
FROM node:${NODE_VERSION}-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# The service serves one bundle of Redoc, which contains all that Redoc depends on, and the notices of it.
RUN mv node_modules/redoc redoc \
    && npm pkg delete dependencies.redoc \
    && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && mkdir -p node_modules/redoc/bundles \
    && cp redoc/package.json redoc/LICENSE node_modules/redoc/ \
    && cp redoc/bundles/redoc.standalone.js redoc/bundles/redoc.standalone.js.LICENSE.txt node_modules/redoc/bundles/
# Nothing reads sources, types and source maps of packages, the other bundles of Swagger UI, or binaries of other platforms.
RUN find node_modules -type f '(' -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' ')' -delete \
    && find node_modules/swagger-ui-dist -type f '!' -name 'swagger-ui-bundle.js*' '!' -name swagger-ui.css \
      '!' -name package.json '!' -name LICENSE '!' -name NOTICE -delete \
    && find node_modules/better-sqlite3/prebuilds '!' -name "$(node -p 'process.platform + "-" + process.arch').node" -type f -delete \
    && cd node_modules/better-sqlite3 \
    && rm -rf binding.gyp deps src node_modules

# The compiler and its types stay in this stage. The manifests are copied before the sources, so a change in the sources does
# not repeat the installation.
FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src/ src/
RUN npm run build && rm dist/.tsbuildinfo

# What Node needs of the operating system: its libraries with their licences, the names of users, and how to look up hosts.
# Without a shell, npm and apt the image is a third of the size, and an intruder finds no tools.
FROM node:${NODE_VERSION}-bookworm-slim AS system
WORKDIR /app
RUN mkdir -p root/usr/local/bin root/etc root/app \
    && cp "$(command -v node)" root/usr/local/bin/ \
    && ldd "$(command -v node)" | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory=root \
    && for notice in /usr/local/LICENSE /usr/share/doc/libc6/copyright /usr/share/doc/libgcc-s1/copyright /usr/share/doc/libstdc++6/copyright; \
      do [ ! -e "$notice" ] || cp --parents --dereference --target-directory=root "$notice"; done \
    && cp /etc/passwd /etc/group root/etc/ \
    && echo 'hosts: files dns' > root/etc/nsswitch.conf \
    && mkdir --mode=1777 root/tmp
# The only directory that the service may write to; a new named volume inherits its owner and mode.
# Compose passes the relative path of .env.example from a .env on to the container; the link makes it lead to /data.
RUN mkdir --mode=0700 root/data && chown 1000:1000 root/data && ln -s ../data root/app/data

FROM scratch AS runtime
LABEL org.opencontainers.image.title="webhook-inbox" \
      org.opencontainers.image.description="Accepts signed webhook messages, stores each exactly once, and serves them through an API" \
      org.opencontainers.image.licenses="MIT"

# Defaults for a container, never a secret: pass WEBHOOK_SECRET when you run it. SQLite writes large sorts to /data, because
# the rest of the file system may be read-only and /tmp may be in memory.
ENV PATH=/usr/local/bin \
    NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATABASE_URL=sqlite:////data/app.db \
    SQLITE_TMPDIR=/data \
    MIGRATE_ON_START=true

COPY --from=system /app/root/ /
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules/
COPY --from=build /app/dist dist/
COPY api/ api/

# The base image's "node" user, as a number: Kubernetes cannot tell that a name is not root (runAsNonRoot).
USER 1000:1000
# A declared volume stays writable under "docker run --read-only".
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM

# Checks liveness, not readiness: replacing containers would not help while the database is unavailable. It does not use
# fetch, which refuses some ports (https://fetch.spec.whatwg.org/#port-blocking).
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
  --start-period=30s \
  CMD ["node", "-e", "require('http').get('http://127.0.0.1:' + process.env.PORT + '/health/live', (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]

# Node itself is process 1, without npm or a shell in front, so it receives the stop signal.
CMD ["node", "--enable-source-maps", "--max-semi-space-size=4", "dist/infrastructure/main.js"]
