# Two images: `docker build --target cpu .` (also without --target) and `docker build --target gpu .`. How to run them:
# docs/deployment.md. Stages of the second come last, for builders that build every stage before the target.

# Arguments so that a registry of your own can be named. The digests are of the images for all platforms: what is built today is
# built tomorrow, until somebody names newer ones.
ARG NODE_IMAGE=node:24-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
# CUDA 12 with cuDNN 9: what onnxruntime's CUDA provider is linked against.
ARG CUDA_IMAGE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04@sha256:ac55d124da4882b497f732d8dfd9a702d5447a5f29d08d56da6f64f0a1eb34bc

FROM ${NODE_IMAGE} AS node

FROM node AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/bundle.mjs scripts/install.mjs scripts/progress.mjs scripts/progress-dots.mjs scripts/
COPY src src
# Nothing reads the source maps at run time.
RUN npm run build \
  && rm dist/.tsbuildinfo dist/.sources \
  && find dist -name '*.map' -delete

FROM node AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# onnxruntime-node brings its libraries for every platform, some 240 MB of which this one cannot load. Source maps and type
# declarations are for people.
RUN npm ci --omit=dev \
  && cd node_modules \
  && find onnxruntime-node/bin/napi-v6 -mindepth 2 -maxdepth 2 ! -path "*/linux/$(node -p process.arch)" -exec rm -r {} + \
  && find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# What both images hold besides Node and node_modules.
FROM node AS app
WORKDIR /app
COPY package.json LICENSE README.md ./
COPY models models
COPY --from=build /app/dist dist
COPY deploy/healthcheck.mjs deploy/

FROM node AS cpu
COPY --from=modules /app/node_modules /app/node_modules
COPY --from=app /app /app
# An empty volume takes its owner from the image's folder.
RUN ln -s /app/dist/cli.js /usr/local/bin/armature && mkdir /data && chown 1000:1000 /data
# Reached from outside the container only if it listens beyond loopback. That needs a key, such as ARMATURE_ADMIN_KEY, which
# whoever runs the image gives: see docs/deployment.md.
ENV NODE_ENV=production ARMATURE_HOST=0.0.0.0 ARMATURE_PORT=7860 ARMATURE_DATA=/data
WORKDIR /app
USER 1000:1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "/app/deploy/healthcheck.mjs", "/readyz"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["serve"]

# .npmrc keeps packages from running scripts, so the one that brings the CUDA provider is run by name. TensorRT's provider
# comes along with it and is not used.
FROM modules AS modules-cuda
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js \
  && rm node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_tensorrt.so

FROM ${CUDA_IMAGE} AS gpu
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY --from=modules-cuda /app/node_modules /app/node_modules
COPY --from=app /app /app
RUN ln -s /app/dist/cli.js /usr/local/bin/armature && mkdir /data && chown 1000:1000 /data
ENV NODE_ENV=production ARMATURE_HOST=0.0.0.0 ARMATURE_PORT=7860 ARMATURE_DATA=/data
WORKDIR /app
USER 1000:1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["node", "/app/deploy/healthcheck.mjs", "/readyz"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["serve"]

# Without --target.
FROM cpu
