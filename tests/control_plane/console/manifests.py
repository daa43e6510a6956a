"""The versions of a made-up shop, as their manifests tell of them."""

import hashlib
from typing import Any

SOURCES = {
    "fraud": ["amount", "orders_last_day", "address_age_days", "card_country_differs"],
    "pricing": ["base_price", "stock", "days_to_season_end"],
    "recommendations": ["views_7d", "basket_value", "category_affinity"],
}
METRIC = {
    "fraud": ("pr_auc", 0.41, 0.19),
    "pricing": ("wape", 0.182, 0.241),
    "recommendations": ("ndcg_10", 0.347, 0.211),
}
BASELINE = {
    "fraud": "amount over threshold",
    "pricing": "last week's price",
    "recommendations": "best sellers",
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(model: str, day: str, better: float, **changes: Any) -> dict[str, Any]:
    tag = f"{model}:{day}-{sha(model + day)[:8]}"
    name, ours, theirs = METRIC[model]
    higher = name != "wape"
    value = round(ours + better if higher else ours - better, 4)
    return {
        "version": tag,
        "model": model,
        "bento_digest": sha(tag),
        "onnx_digest": sha(f"onnx {tag}"),
        "signature": _signature(model),
        "features": {
            "model": model,
            "features": [
                {"name": each, "source": f"input:{each}", "default": 0.0} for each in SOURCES[model]
            ],
        },
        "dataset": _dataset(model, day),
        "consent_basis": "contract: order processing; analytics only with consent",
        "code_commit": sha(day)[:40],
        "lock_digest": sha("lock"),
        "seed": 20260,
        "cpu_kernels": {"blas": "Haswell", "ort": "CPUExecutionProvider"},
        "offline": {
            "protocol": "time split, last 14 days held out",
            "primary": name,
            "higher_is_better": higher,
            "model": {name: value, "calibration_error": 0.013},
            "baseline_name": BASELINE[model],
            "baseline": {name: theirs, "calibration_error": 0.048},
        },
        "parity": {
            "rows": 25_771,
            "edge_rows": 412,
            "max_abs_error": 2.4e-7,
            "mismatches": 0,
            "tolerance": "1e-5",
            "passed": True,
        },
        "budgets": {"onnx_bytes": 412_804.0, "p50_us": 14.2},
        "mlflow_run_id": sha(tag)[:32],
        **changes,
    }


def _signature(model: str) -> dict[str, Any]:
    output = {"fraud": "probability", "pricing": "price", "recommendations": "score"}[model]
    bounds = {"minimum": 1, "maximum": 500} if model == "pricing" else {"minimum": 0, "maximum": 1}
    return {
        "model": model,
        "inputs": [
            {"name": each, "datatype": "FP32", "redaction": "public"} for each in SOURCES[model]
        ],
        "outputs": [{"name": output, "datatype": "FP32", **bounds}],
    }


def _dataset(model: str, day: str) -> dict[str, Any]:
    return {
        "digest": sha(f"dataset {model} {day}"),
        "parts": {
            f"lines/{model}/{day}.parquet": sha(f"part {model} {day}"),
            f"returns/{day}.parquet": sha(f"returns {day}"),
        },
        "source": "lake/snapshots/orders",
        "rows": 184_203 + int(day) % 977,
        "assumptions": ["orders without consent were left out (2.1 %)"],
    }
