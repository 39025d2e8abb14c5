# The image of webhook, operator and command line. The same files go into it as `npm run image` packs without an engine.
#
#   docker build -t registry.example.com/paddock:0.1.0 \
#     --build-arg REVISION=$(git rev-parse HEAD) --build-arg CREATED=$(git log -1 --format=%cI) \
#     --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) .

# What builds is of this machine's processor, whatever the image is for.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /paddock
# The lock file alone first: this layer stays as long as the dependencies do.
COPY package.json package-lock.json ./
# Without scripts: ours would build before the sources are there, and no dependency needs any of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json LICENSE ./
COPY scripts scripts
COPY cmd cmd
COPY src src
ARG SOURCE_DATE_EPOCH
ARG TARGETARCH
RUN node scripts/image.ts ${TARGETARCH:+--platform linux/$TARGETARCH} --folder /image

# No shell and no package manager: the C library, Node and the bundle.
FROM scratch
COPY --from=build /image/system /
COPY --from=build /image/node /
COPY --from=build /image/paddock /
# From here on as in scripts/image/config.ts.
ARG VERSION=0.1.0
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="paddock" \
      org.opencontainers.image.description="gunicorn admission for Kubernetes: reads start commands as the shell and gunicorn would, puts in the platform's defaults, turns away what would break" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.revision="$REVISION"
ENV PATH=/nodejs/bin NODE_DISABLE_COMPILE_CACHE=1 MALLOC_MMAP_THRESHOLD_=262144
WORKDIR /paddock
USER 65532:65532
EXPOSE 8443
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "/paddock/dist/paddock.js"]
CMD ["serve", "--host", "0.0.0.0", "--cert-dir", "/certificates"]
