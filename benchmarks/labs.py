"""What the live models cost in the page: kilobytes, time to load, time for one step.

Run after make build, with the test requirements: .venv/bin/python benchmarks/labs.py

Each is measured in headless Chromium at full speed and at a quarter of it, as on a phone.
"""

from __future__ import annotations

import http.server
import shutil
import sys
import threading
from functools import partial
from pathlib import Path

from lighthouse import CHROMIUM, Compressed
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
# What one step is, in JavaScript: `lab` is the module, `model` the weights, `engine` the engine.
STEPS = {
    "lenet": "const x = engine.tensor([1, 32, 32]); lab.lenet(model, x); lab.mlp(model, x)",
    "rbm": "lab.forward.visible(model, lab.forward.hidden(model, engine.tensor([1, 784])))",
    "gan": "lab.forward.G(model, engine.tensor([1, 16]))",
    "char_rnn": "lab.forward.logits(model, 'english', [1])",
    "gpt2": "lab.forward.logits(model, Array(32).fill(1))",
    "bert": "lab.forward.fill(model, 'bert', [2, 9, 1, 9, 9, 9, 9, 9, 9, 9, 9], 2)",
    "rlhf": "lab.forward.logits(model, 'ppo', [1, 2, 3, 4])",
}
NOTES = {"gpt2": "32 tokens", "rlhf": "4 words", "lenet": "both networks", "bert": "11 words"}
MEASURE = """async ([name, step]) => {
  const engine = await import("/assets/labs/engine.js");
  const lab = await import(`/assets/labs/${name}.js`);
  const started = performance.now();
  const model = await engine.load(`/assets/models/${name}.safetensors`);
  const loaded = performance.now() - started;
  const run = new Function("lab", "model", "engine", step);
  const times = [];
  for (let n = 0; n < 20; n++) {
    const before = performance.now();
    run(lab, model, engine);
    times.push(performance.now() - before);
  }
  return [loaded, times.sort((a, b) => a - b)[10]];
}"""


def main(site: Path) -> None:
    """Print the table; times are in milliseconds, a step's is the median of twenty."""
    chromium = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    table = Table("model", "kB", "load", "one step", "load, 4x slower", "one step, 4x slower", "")
    handler = partial(Compressed, directory=str(site))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, step in STEPS.items():
            size = (site / f"assets/models/{name}.safetensors").stat().st_size / 1000
            cells = []
            for rate in (1, 4):
                page = browser.new_page(bypass_csp=True)  # for the steps above, made at run time
                page.goto(f"http://127.0.0.1:{server.server_port}/404.html")
                session = page.context.new_cdp_session(page)
                session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
                loaded, once = page.evaluate(MEASURE, [name, step])
                cells += [f"{loaded:.0f}", f"{once:.2f}"]
                page.close()
            table.add_row(name, f"{size:.0f}", *cells, NOTES.get(name, ""))
        browser.close()
        server.shutdown()
    Console(width=120 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site"))
