"""The kinds of artifacts that OCI registries and Helm repositories hold, besides packs.

Nothing that reads them is imported here: the program shows kinds where it reads no YAML.
"""

from __future__ import annotations

from registrykit.artifacts import ArtifactKind, Column

CHART = ArtifactKind(
    id="chart",
    title="Chart",
    plural="Charts",
    columns=(
        Column("app_version", "App version"),
        Column("kubeVersion", "Kubernetes"),
        Column("type", "Type", facet=True),
    ),
)
ZARF = ArtifactKind(
    id="zarf",
    title="Zarf package",
    plural="Zarf packages",
    columns=(
        Column("architectures", "Architectures", facet=True),
        Column("components", "Components"),
    ),
    readme=False,
)
IMAGE = ArtifactKind(
    id="image",
    title="Image",
    plural="Images",
    columns=(Column("platforms", "Platforms", facet=True),),
    readme=False,
)
ARTIFACT = ArtifactKind(
    id="artifact",
    title="Artifact",
    plural="Artifacts",
    columns=(Column("artifactType", "Type", facet=True),),
    readme=False,
)
