# rollcall as a container: one program, no shell account, no root.
#
#   docker run -v ./rollcall.toml:/etc/rollcall/rollcall.toml:ro -v rollcall:/var/lib/rollcall rollcall
#
# In the file, keep an SQLite database in the volume: [database] url = "sqlite:///var/lib/rollcall/rollcall.db".
# Build with `buildah build --format docker`, or `docker build`: the OCI format knows no HEALTHCHECK.

FROM docker.io/library/rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The caches outlive the build and stay out of the image; the program is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin rollcall \
    && cp target/release/rollcall /usr/local/bin/rollcall \
    && mkdir -p /image/etc/rollcall /image/var/lib/rollcall

FROM docker.io/library/debian:bookworm-slim
# The public CAs, for databases and directories whose certificates they signed.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /image/etc/rollcall /etc/rollcall
COPY --from=build --chown=10001:10001 /image/var/lib/rollcall /var/lib/rollcall
COPY --from=build /usr/local/bin/rollcall /usr/local/bin/rollcall
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/rollcall
VOLUME ["/etc/rollcall", "/var/lib/rollcall"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["rollcall", "health"]
ENTRYPOINT ["rollcall"]
CMD ["run"]
