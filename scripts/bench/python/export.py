"""Exports a model of workload.py to ONNX, in fp32 and quantized to int8 by onnxruntime's own tool.

In: {directory, heads, hidden}. Writes directory/onnx/model.onnx and model_quantized.onnx, which is where transformers.js
looks for them, and the same after onnxruntime's optimizer for BERT: optimized.onnx and optimized_quantized.onnx.
"""

import json
import os
import sys
import warnings

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model  # makes its neighbours importable by their bare names
from fusion_attention import FusionAttention  # isort: skip
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
        # In the form in which onnxruntime's optimizer knows it.
        count, length = attention_mask.shape
        hidden = 1.0 - attention_mask[:, None, None, :].expand(count, 1, length, length).to(torch.float32)
        mask = hidden.masked_fill(hidden.to(torch.bool), torch.finfo(torch.float32).min)
        return self.model(input_ids, mask, token_type_ids).logits


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
    # The optimizer's own operations have no types that the quantizer could infer.
    types = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, extra_options=types
    )


export(f"{folder}/model.onnx")
quantize(f"{folder}/model.onnx", f"{folder}/model_quantized.onnx")
# transformers 5 writes -1 for the number of heads, by which the optimizer would not know attention.
FusionAttention.get_num_heads_and_hidden_size = lambda *_: (request["heads"], request["hidden"])
optimized = optimize_model(
    f"{folder}/model.onnx", "bert", num_heads=request["heads"], hidden_size=request["hidden"]
)
if optimized.get_fused_operator_statistics()["Attention"] == 0:
    raise RuntimeError("onnxruntime's optimizer did not find the attention of this model")
optimized.save_model_to_file(f"{folder}/optimized.onnx")
quantize(f"{folder}/optimized.onnx", f"{folder}/optimized_quantized.onnx")
json.dump({"fused": optimized.get_fused_operator_statistics()}, sys.stdout)
