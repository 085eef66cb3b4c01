# Any image with Python 3.11 or newer; both stages must have the same one.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# For builds without a network: --build-arg PIP_OPTIONS="--no-index --find-links=/wheels"
ARG PIP_OPTIONS=
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python3 -m venv /opt/podtailor && python3 -m venv /opt/build \
    # Word splitting is wanted: options are several.
    # hadolint ignore=SC2086
    && /opt/podtailor/bin/pip install --no-cache-dir --require-hashes ${PIP_OPTIONS} -r requirements/runtime.txt \
    # hadolint ignore=SC2086
    && /opt/build/bin/pip install --no-cache-dir --require-hashes ${PIP_OPTIONS} -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY webhook webhook
COPY certs certs
RUN /opt/build/bin/hatchling build -t wheel -d /dist \
    && /opt/podtailor/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl \
    && /opt/podtailor/bin/pip uninstall --yes pip setuptools \
    && /opt/build/bin/cyclonedx-py environment /opt/podtailor/bin/python --output-reproducible \
        --output-file /opt/podtailor/sbom.cdx.json

FROM ${BASE}
COPY --from=build /opt/podtailor /opt/podtailor
# A number, so that runAsNonRoot can be checked without asking the image.
USER 65532:65532
EXPOSE 9443 8080
ENTRYPOINT ["/opt/podtailor/bin/podtailor"]
CMD ["serve"]
