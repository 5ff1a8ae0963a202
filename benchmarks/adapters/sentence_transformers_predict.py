# ruff: noqa: D101, D102 - what the class and its methods are stands in __init__.py
"""`sentence_transformers.CrossEncoder.predict`, with its default batch size, on torch, ONNX Runtime or OpenVINO."""

from __future__ import annotations

import torch
from sentence_transformers import CrossEncoder

from adapters.watching import watch_calls


class Adapter:
    scale = "logits"

    def __init__(self, folder, *, threads, backend="torch", dtype=None, file_name=None):
        torch.set_num_threads(threads)
        kwargs = {}
        if dtype:
            kwargs["torch_dtype"] = getattr(torch, dtype)
        if file_name:
            kwargs["file_name"] = file_name
        if backend == "openvino":
            kwargs["ov_config"] = {"INFERENCE_NUM_THREADS": threads}
        self.model = CrossEncoder(folder, device="cpu", backend=backend, model_kwargs=kwargs, local_files_only=True)
        self.identity = torch.nn.Identity()

    def score(self, pairs):
        scores = self.model.predict(pairs, activation_fn=self.identity, show_progress_bar=False)
        return scores.reshape(len(pairs), -1).tolist()

    def watch(self, seen):
        watch_calls(getattr(self.model, "transformers_model", None) or self.model.model, seen)
