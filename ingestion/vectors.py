"""The type of vectors where they cross borders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""Shape (n, dimension) or (dimension,), unit length."""

Rows = npt.NDArray[np.int64]
"""Shape (n,): numbers of chunks in the library."""
