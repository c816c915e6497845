# The images of the controller and of the emulator, for those who build with Docker. `cargo xtask image` makes their like without
# it; only the authorities come from elsewhere: here from Debian, there from Mozilla's list as a crate. A test holds the two together.
#
#   docker build --target controller --tag privatelink-controller .
#   docker build --target emulator --tag privatelink-arm-emulator .
#   docker buildx build --platform linux/amd64,linux/arm64 --target controller .
#
# The tag of the base is a version, not a digest: pin the digest that your registry shows, where builds have to be repeatable.
FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates musl-tools \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# Statically linked with musl; no path of the builder stays in the program, and what a start adjusts is told in short.
ENV RUSTFLAGS="--remap-path-prefix=/usr/local/cargo=/cargo -Clink-arg=-Wl,-z,pack-relative-relocs"
RUN target="$(uname -m)-unknown-linux-musl" \
    && rustup target add "$target" \
    && cargo build --locked --release --target "$target" --package privatelink-controller --package privatelink-arm-emulator \
    && mkdir --parents /image/etc/ssl/certs /state \
    && cp LICENSE /image/LICENSE \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && printf 'root:x:0:\nnonroot:x:65532:\n' > /image/etc/group \
    && printf 'root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/:/none\n' > /image/etc/passwd \
    && cp "target/$target/release/privatelink-controller" "target/$target/release/arm-emulator" /usr/local/bin/

FROM scratch AS emulator
LABEL org.opencontainers.image.title="privatelink-arm-emulator" \
      org.opencontainers.image.description="Azure Resource Manager in memory, for tests and for trying things out" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /state /state
COPY --from=build /usr/local/bin/arm-emulator /arm-emulator
USER 65532:65532
WORKDIR /
EXPOSE 8443/tcp
VOLUME /state
ENTRYPOINT ["/arm-emulator"]
CMD ["serve", "--listen", "0.0.0.0:8443", "--state-dir", "/state"]

# The last target is what `docker build` makes when none is named.
FROM scratch AS controller
LABEL org.opencontainers.image.title="privatelink-controller" \
      org.opencontainers.image.description="Azure private endpoints, private DNS and network policies from custom resources" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
COPY --from=build /usr/local/bin/privatelink-controller /privatelink-controller
USER 65532:65532
WORKDIR /
EXPOSE 8080/tcp
ENTRYPOINT ["/privatelink-controller"]
CMD ["run"]
