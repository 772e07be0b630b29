"""Trained models on their way from a snippet's run to the page.

A snippet's ``run.live`` names what the page's live model needs: modules, tensors, and facts such as
a vocabulary. They are packed in the kernel as one safetensors file in half precision, printed as
base64, and so kept with the cached outputs of the very run that the page shows.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save


def pack(live: Mapping[str, Any]) -> str:
    """``live`` as base64 of a safetensors file.

    A module ``m`` becomes its parameters and buffers as ``m.NAME``, a tensor itself; numbers are
    kept as float16, whole numbers as int32. Everything else goes as JSON into the file's metadata
    under ``facts``.

    Raises:
        TypeError: for a fact that JSON cannot hold.
    """
    tensors: dict[str, np.ndarray] = {}
    facts: dict[str, Any] = {}
    for name, value in live.items():
        if hasattr(value, "state_dict"):
            for key, tensor in value.state_dict().items():
                tensors[f"{name}.{key}"] = _array(tensor)
        elif hasattr(value, "detach"):
            tensors[name] = _array(value)
        else:
            facts[name] = value
    told = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(save(tensors, {"facts": told})).decode("ascii")


def unpack(text: str) -> bytes:
    """The safetensors file that ``pack`` wrote."""
    return base64.b64decode(text, validate=True)


def _array(tensor: Any) -> np.ndarray:
    array = tensor.detach().cpu().numpy()
    whole = np.issubdtype(array.dtype, np.integer) or array.dtype == np.bool_
    return np.ascontiguousarray(array, dtype=np.int32 if whole else np.float16)
