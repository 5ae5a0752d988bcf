"""Libraries that would report to their makers, imported so that they do not. hubel calls nobody unless asked."""

from __future__ import annotations

import os
from typing import Any


def import_onnxruntime() -> Any:
    """ONNX Runtime without its telemetry.

    From 1.29 on, importing it writes a device id into the home folder and reports to a server, unless these variables
    are set; it looks at them once, while it is imported (docs/decisions/0004).
    """
    names = ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        import onnxruntime
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return onnxruntime
