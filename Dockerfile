# The image of kioskctl. `npm run image` makes its context, artefacts/image, and builds it; see docs/container.md.
# No step runs a program: the image is built for any architecture without emulation and without the network.
ARG BASE=docker.io/library/node:24-slim
FROM ${BASE}
COPY rootfs/ /
# /data is writable for any user, so `--user` and a read-only root work. Journals and settings are there.
ENV KIOSKCTL_HOME=/data
VOLUME /data
USER 1000:1000
WORKDIR /data
# The webhooks of serve and listen, the admin port of serve, and the sandbox.
EXPOSE 8788 8789 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "/usr/local/lib/kioskctl/health.js"]
ENTRYPOINT ["kioskctl"]
CMD ["--help"]
