"""What was found, as JSON and as a page."""

import json


def write(found, folder):
    folder.mkdir(parents=True, exist_ok=True)
    machine = found["machine"]
    name = f"{machine['date'][:10]}-{machine.get('gpu', machine['device']).replace(' ', '-').lower()}"
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / f"{name}.md").write_text(page(found))


def page(found):
    machine = found["machine"]
    where = machine.get("gpu", "the CPU, made to compute as a device: this proves the script, and no speed")
    lines = [f"# device-check on {where}", ""]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    lines += ["", "| stage | seconds | result |", "|---|---|---|"]
    for name, stage in found["stages"].items():
        lines.append(f"| {name} | {stage['seconds']} | {outcome(stage)} |")
    for name, stage in found["stages"].items():
        if stage.get("figures"):
            lines += ["", f"## {name}", "", *table(stage["figures"])]
        if "ratioOfBest" in stage:
            lines += ["", f"- training speed, our best to their best: {stage['ratioOfBest']:.2f}"]
        if "epochSeconds" in stage:
            lines += ["", *(f"- an epoch, {how}: {seconds:.0f} s" for how, seconds in stage["epochSeconds"].items())]
    return "\n".join(lines) + "\n"


def outcome(stage):
    if "notRun" in stage:
        return f"not run: {stage['notRun']}"
    return "; ".join(stage["failed"]) or "ok"


def table(figures):
    columns = list(dict.fromkeys(column for values in figures.values() for column in values))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, values in figures.items():
        lines.append(f"| {name} | " + " | ".join(shown(values.get(column)) for column in columns) + " |")
    return lines


def shown(value):
    if value is None:
        return "-"
    return f"{value:.1e}" if abs(value) < 1 else f"{value:,.0f}"
