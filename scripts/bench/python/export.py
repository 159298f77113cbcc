"""Exports a model of workload.py to ONNX, in fp32 and quantized to int8 by onnxruntime's own tool.

In: {directory, heads, hidden}. Writes directory/onnx/model.onnx and model_quantized.onnx, which is where transformers.js
looks for them, and the same after onnxruntime's optimizer for BERT: optimized.onnx and optimized_quantized.onnx.
"""

import json
import os
import sys
import warnings

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from transformers import AutoModelForSequenceClassification

warnings.filterwarnings("ignore")
request = json.loads(sys.argv[1])
folder = f"{request['directory']}/onnx"
os.makedirs(folder)

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids, attention_mask, token_type_ids).logits


def export(file):
    # The optimizer knows attention in this form.
    model = AutoModelForSequenceClassification.from_pretrained(
        request["directory"], attn_implementation="eager", dtype=torch.float32
    )
    ids = torch.randint(1000, 2000, (2, 16))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    sizes = {0: "batch", 1: "length"}
    torch.onnx.export(
        Logits(model).eval(),
        (ids, mask, torch.zeros_like(ids)),
        file,
        input_names=INPUTS,
        output_names=["logits"],
        dynamic_axes={**{name: sizes for name in INPUTS}, "logits": {0: "batch"}},
        dynamo=False,
    )


def quantize(source, target):
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)


export(f"{folder}/model.onnx")
quantize(f"{folder}/model.onnx", f"{folder}/model_quantized.onnx")
optimized = optimize_model(
    f"{folder}/model.onnx", "bert", num_heads=request["heads"], hidden_size=request["hidden"]
)
optimized.save_model_to_file(f"{folder}/optimized.onnx")
quantize(f"{folder}/optimized.onnx", f"{folder}/optimized_quantized.onnx")
json.dump({"fused": optimized.get_fused_operator_statistics()}, sys.stdout)
