"""Makes kubernetes.json, keda.json and prometheus.json: what the API servers accept of the kinds that deploy/kubernetes uses,
as JSON Schema.

Kubernetes' own from the models of its Python client (pip install kubernetes pyyaml), which are generated from its API
description; those of KEDA and of the Prometheus operator from the definitions that they install (config/crd/bases and
example/prometheus-operator-crd in their repositories). Unknown fields are refused, as `kubectl apply --validate=strict` does.
Descriptions are left out.

    python3 make.py kubernetes
    python3 make.py keda FOLDER_OF_KEDA_CRDS
    python3 make.py prometheus FOLDER_OF_PROMETHEUS_CRDS
"""

import json
import sys
from pathlib import Path

import kubernetes
import yaml
from kubernetes import client

KINDS = {
    "apps/v1 Deployment": "V1Deployment",
    "networking.k8s.io/v1 Ingress": "V1Ingress",
    "networking.k8s.io/v1 NetworkPolicy": "V1NetworkPolicy",
    "policy/v1 PodDisruptionBudget": "V1PodDisruptionBudget",
    "v1 PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "v1 Service": "V1Service",
}
# Maps of quantities, which the client types as texts: the API takes numbers too.
QUANTITIES = {"limits", "requests"}


def plain(schema, name=""):
    """A model's schema without titles, prose and nulls, refusing what it does not name."""
    if "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        schema = choices[0] if len(choices) == 1 else {"type": [choice["type"] for choice in choices]}
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/$defs/", "#/definitions/")}
    out = {key: schema[key] for key in ("type", "enum") if key in schema}
    if "properties" in schema:
        out["properties"] = {key: plain(value, key) for key, value in schema["properties"].items()}
        out["additionalProperties"] = False
        if "required" in schema:
            out["required"] = schema["required"]
    if "items" in schema:
        out["items"] = plain(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        quantity = {"type": ["number", "string"]}
        out["additionalProperties"] = quantity if name in QUANTITIES else plain(schema["additionalProperties"])
    return out


def strict(schema):
    """A custom resource's schema without prose, refusing what it does not name."""
    kept = ("type", "properties", "items", "required", "enum", "additionalProperties", "pattern", "minimum", "maximum")
    out = {key: schema[key] for key in kept if key in schema}
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    if "properties" in out:
        out["properties"] = {key: strict(value) for key, value in out["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out.setdefault("additionalProperties", False)
    if "items" in out:
        out["items"] = strict(out["items"])
    if isinstance(out.get("additionalProperties"), dict):
        out["additionalProperties"] = strict(out["additionalProperties"])
    return out


def write(name, value):
    Path(__file__).with_name(name).write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def kubernetes_kinds():
    definitions = {}
    for name in KINDS.values():
        schema = getattr(client, name).model_json_schema(by_alias=True)
        definitions |= {key: plain(value) for key, value in schema.pop("$defs", {}).items()}
        definitions[name] = plain(schema)
    kinds = {kind: {"$ref": f"#/definitions/{name}"} for kind, name in KINDS.items()}
    source = f"Kubernetes, by its Python client {kubernetes.__version__}"
    write("kubernetes.json", {"$comment": source, "kinds": kinds, "definitions": definitions})


def custom_kinds(whose, crds, used):
    kinds = {}
    for path in sorted(Path(crds).glob("*.yaml")):
        spec = yaml.safe_load(path.read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            kinds[f"{spec['group']}/{version['name']} {spec['names']['kind']}"] = schema
    return {"$comment": f"{whose} custom resource definitions", "kinds": {kind: kinds[kind] for kind in used}}


match sys.argv[1:]:
    case ["kubernetes"]:
        kubernetes_kinds()
    case ["keda", folder]:
        used = ("keda.sh/v1alpha1 ScaledObject", "keda.sh/v1alpha1 TriggerAuthentication")
        write("keda.json", custom_kinds("KEDA's", folder, used))
    case ["prometheus", folder]:
        used = ("monitoring.coreos.com/v1 PodMonitor", "monitoring.coreos.com/v1 ServiceMonitor")
        write("prometheus.json", custom_kinds("The Prometheus operator's", folder, used))
    case _:
        sys.exit(__doc__)
