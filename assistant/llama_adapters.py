"""LoRA adapters in a llama.cpp context: loaded beside the model, put on and taken off between answers.

Knows one model and its context, not who may use them: the caller holds the turn. What the context has read
is of no use under another adapter, and is dropped here with each change.
"""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from typing import Any

from assistant.errors import AdapterError
from assistant.generation import AdapterFile
from assistant.llama_state import forget_after

_LOADED = 4
"""Adapters in memory at once (tens of megabytes each): one served, one on trial, two that are tested."""


class LlamaAdapters:
    """The adapters of one model. `on` is the key of the one that is on, "" without."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._loaded: OrderedDict[str, Any] = OrderedDict()  # the one used last stands last
        self.on = ""

    def put_on(self, adapter: AdapterFile | None) -> list[str]:
        """Let the context compute with `adapter`; it has read nothing then. The keys that were dropped.

        When it is on already nothing happens. When it cannot be loaded, the context stays as it is.

        Raises:
            AdapterError: llama.cpp cannot load it, or refuses it.
        """
        key = key_of(adapter)
        if key == self.on:
            return []
        pointer = None if adapter is None else self._pointer(adapter)
        self._set(pointer, adapter)
        self.on = key
        self._forget_all()
        return self._free_surplus()

    def _pointer(self, adapter: AdapterFile) -> Any:
        import llama_cpp

        found = self._loaded.get(adapter.sha256)
        if found is None:
            found = llama_cpp.llama_adapter_lora_init(self._model.model, str(adapter.path).encode("utf-8"))
            if not found:
                raise AdapterError(
                    f"llama.cpp cannot load adapter {adapter.name!r} from {adapter.path}: it is damaged or "
                    "made for another architecture. Export it again: "
                    f"konkyo train export {adapter.name}"
                )
            self._loaded[adapter.sha256] = found
        self._loaded.move_to_end(adapter.sha256)
        return found

    def _set(self, pointer: Any, adapter: AdapterFile | None) -> None:
        import llama_cpp

        count = 0 if pointer is None else 1
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(*([pointer] if count else []))
        scales = (ctypes.c_float * 1)(1.0)
        if llama_cpp.llama_set_adapters_lora(self._model.ctx, adapters, count, scales) != 0:
            name = adapter.name if adapter else ""
            raise AdapterError(
                f"llama.cpp refuses adapter {name!r}. Serve another one: konkyo train rollback"
            )

    def _forget_all(self) -> None:
        forget_after(self._model, 0)
        self._model.reset()

    def _free_surplus(self) -> list[str]:
        import llama_cpp

        dropped = []
        while len(self._loaded) > _LOADED:
            key = next(one for one in self._loaded if one != self.on)
            llama_cpp.llama_adapter_lora_free(self._loaded.pop(key))
            dropped.append(key)
        return dropped


def key_of(adapter: AdapterFile | None) -> str:
    """What tells the weights apart: the file's content, or "" for the base model."""
    return "" if adapter is None else adapter.sha256
