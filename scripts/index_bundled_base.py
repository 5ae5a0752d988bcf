"""Write the table by which hubel reads the bundled base's weights without unpickling the file.

The published file is a pickle (torch's format of before 2020). Its SHA-256 is pinned, so the places of the
296 tensors in it are known once and for all. This script finds them with ``torch.load(weights_only=True)``:

    python scripts/index_bundled_base.py > src/hubel/models/efficientnet_lite0.tsv
"""

from __future__ import annotations

import struct
import sys

import torch

from hubel.models.bundled import verified_weights_file


def main() -> None:
    path = verified_weights_file()
    raw = path.read_bytes()
    print("name\tdtype\tshape\tstride\toffset")
    for name, tensor in torch.load(path, weights_only=True, map_location="cpu").items():
        storage = tensor.untyped_storage()
        record = struct.pack("<q", storage.nbytes() // tensor.element_size()) + bytes(storage)
        offset = raw.find(record)
        if offset < 0 or (raw.find(record, offset + 1) >= 0 and tensor.numel() > 1):
            sys.exit(f"{name}: no single place found")
        shape = ",".join(map(str, tensor.shape))
        stride = ",".join(map(str, tensor.stride()))
        print(f"{name}\t{str(tensor.dtype)[6:]}\t{shape}\t{stride}\t{offset + 8}")


if __name__ == "__main__":
    main()
