"""TorchScript modules as Python users have them, and what Python makes of ours.

In: a list of
  {trace: file, directory, config, mode, attention, ids, offsets}: a random model of transformers, saved, and traced in a
      mode; its own logits
  {script: file, ids, offsets}: a recurrent network, scripted, that returns a dictionary
  {load: file, ids, offsets, padding, left, types}: a saved module
Out: a list of {logits, names, dropout}, in evaluation mode; `dropout` tells whether training mode changes the logits.
"""

import json
import sys
import warnings

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

warnings.filterwarnings("ignore")


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(50, 16)
        self.lstm = torch.nn.LSTM(16, 8, num_layers=2, dropout=0.3, batch_first=True, bidirectional=True)
        self.gru = torch.nn.GRU(16, 16, batch_first=True)
        self.output = torch.nn.Linear(16, 3)

    def forward(self, input_ids, attention_mask) -> dict[str, torch.Tensor]:
        x, _ = self.lstm(self.embedding(input_ids))
        x, _ = self.gru(x)
        x = torch.nn.functional.dropout(x, 0.2, self.training)
        weight = attention_mask.unsqueeze(-1).to(x.dtype)
        return {"logits": self.output((x * weight).sum(1) / weight.sum(1))}


def padded(request, padding, left):
    ids, offsets = request["ids"], request["offsets"]
    rows = [ids[a:b] for a, b in zip(offsets, offsets[1:])]
    longest = max(map(len, rows))

    def fill(row, value):
        return [value] * (longest - len(row)) + row if left else row + [value] * (longest - len(row))

    return (
        torch.tensor([fill(row, padding) for row in rows]),
        torch.tensor([fill([1] * len(row), 0) for row in rows]),
        torch.zeros(len(rows), longest, dtype=torch.long),
    )


def logits_of(module, inputs):
    with torch.no_grad():
        output = module(*inputs)
    return output["logits"] if isinstance(output, dict) else output


def answer(request):
    torch.manual_seed(request.get("seed", 0))
    if "trace" in request:
        fields = dict(request["config"])
        config = AutoConfig.for_model(fields.pop("model_type"), **fields)
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation=request["attention"])
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.15)
        model.save_pretrained(request["directory"])
        inputs = padded(request, config.pad_token_id, config.model_type == "xlnet")
        module = Logits(model).train(request["mode"] == "train")
        # Other sizes than those of the batch.
        small = tuple(tensor[:2, -3:] for tensor in inputs)
        torch.jit.trace(module, small, check_trace=False).save(request["trace"])
    elif "script" in request:
        module = Recurrent()
        inputs = padded(request, 0, False)[:2]
        torch.jit.script(module).save(request["script"])
    else:
        module = torch.jit.load(request["load"])
        inputs = padded(request, request["padding"], request["left"])
        inputs = inputs if request["types"] else inputs[:2]
    names = [name for name, _ in module.named_parameters()]
    module.eval()
    logits = logits_of(module, inputs)
    module.train()
    dropout = not torch.equal(logits, logits_of(module, inputs))
    return {"logits": logits.flatten().tolist(), "names": names, "dropout": dropout}


json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
