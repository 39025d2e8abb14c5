# Paddock's webhook: docker build -t registry.example.com/paddock:0.1.0 .

FROM node:24-bookworm-slim AS build
WORKDIR /paddock
# The lock file alone first: this layer stays as long as the dependencies do.
COPY package.json package-lock.json ./
# Without scripts: ours would build before the sources are there, and no dependency needs any of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build.ts scripts/
COPY cmd cmd
COPY src src
RUN npm run build

# No shell and no package manager: there is nothing in the image but Node and the bundle.
FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /paddock
# For its `"type": "module"`, which spares Node from finding that out.
COPY --from=build /paddock/package.json ./
# The bundle holds all that it needs, so that no node_modules comes along.
COPY --from=build /paddock/dist dist

# By number, which `runAsNonRoot: true` can check. The base image's `nonroot`.
USER 65532:65532
EXPOSE 8443
# Nothing has to be written: with a certificate in /certificates (a Secret of type kubernetes.io/tls) the root file system
# can be read-only. The certificate must name the Service, such as paddock.paddock.svc.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "/paddock/dist/paddock.js"]
# In a container, 127.0.0.1 would be reached by nobody.
CMD ["serve", "--host", "0.0.0.0", "--cert-dir", "/certificates"]
