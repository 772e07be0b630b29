"""Live models: the page's engine equals PyTorch, and each lab works under a reader's hands."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from axe_playwright_python.sync_playwright import Axe
from conftest import PHONE, ROOT
from playwright.sync_api import Browser, Page, expect
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from yuanliu.live import pack, unpack

TOLERANCE = (
    1e-5  # relative to the largest number: the engine adds in single precision, as torch does
)


def plain(value: object) -> object:
    """Tensors as {shape, data} for the page; everything else as it is."""
    if isinstance(value, Tensor):
        return {"shape": list(value.shape), "data": value.detach().flatten().tolist()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


CALL = """async ([module, path, given]) => {
  const found = await import(module);
  const tensors = (value) => {
    if (Array.isArray(value)) return value.map(tensors);
    if (!value || typeof value !== "object") return value;
    if (value.shape && value.data) return { ...value, data: Float32Array.from(value.data) };
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tensors(item)]));
  };
  const numbers = (value) =>
    Array.isArray(value) ? value.map(numbers)
    : value?.shape ? { ...value, data: [...value.data] } : value;
  const f = path.split(".").reduce((at, name) => at[name], found);
  return numbers(f(...given.map(tensors)));
}"""


def call(page: Page, function: str, *given: object, module: str = "/assets/labs/engine.js") -> Any:
    """The result of a function of a lab's module in the page, tensors as torch tensors."""
    if page.url == "about:blank":
        page.goto("/404.html")

    def tensors(value):
        if isinstance(value, list):
            return [tensors(item) for item in value]
        if isinstance(value, dict):
            return torch.tensor(value["data"]).view(value["shape"])
        return value

    return tensors(page.evaluate(CALL, [module, function, plain(list(given))]))


def same(got: Tensor, wanted: Tensor, tolerance: float = TOLERANCE) -> None:
    assert got.shape == wanted.shape
    scale = max(1.0, float(wanted.abs().max()))
    assert float((got - wanted).abs().max()) <= tolerance * scale


@torch.no_grad()
def heads(q: Tensor, k: Tensor, v: Tensor, count: int, causal: bool) -> tuple[Tensor, Tensor]:
    """Attention as the definition has it, with the last query at the last key."""
    q, k, v = (x.view(len(x), count, -1).transpose(0, 1) for x in (q, k, v))
    scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
    if causal:
        seen = torch.ones(scores.shape[1:]).tril(scores.shape[2] - scores.shape[1]).bool()
        scores = scores.masked_fill(~seen, -torch.inf)
    looks = scores.softmax(dim=-1)
    return (looks @ v).transpose(0, 1).flatten(1), looks


def r(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


OPERATIONS: dict[str, tuple[list, Callable[..., Tensor]]] = {
    "linear": ([r(3, 5), r(4, 5), r(4)], F.linear),
    "tanh": ([r(2, 3)], torch.tanh),
    "relu": ([r(2, 3)], torch.relu),
    "sigmoid": ([4 * r(2, 3)], torch.sigmoid),
    "gelu": ([3 * r(40)], F.gelu),
    "add": ([r(2, 3), r(3, 2).T.contiguous()], torch.add),
    "embedding": ([[2, 0, 2], r(3, 4)], lambda ids, w: F.embedding(torch.tensor(ids), w)),
    "layerNorm": ([r(3, 8), r(8), r(1, 8)[0]], lambda x, w, b: F.layer_norm(x, (8,), w, b)),
    "softmax": ([30 * r(3, 8), 0.7], lambda x, t: (x / t).softmax(dim=-1)),
    "batchNorm": (
        [r(3, 8), r(8), r(1, 8)[0], r(2, 8)[1], r(8).abs() + 0.1],
        lambda x, w, b, mean, variance: F.batch_norm(x, mean, variance, w, b),
    ),
    "conv2d": (
        [r(2, 7, 6), r(4, 2, 3, 3), r(4), 1],
        lambda x, w, b, padding: F.conv2d(x[None], w, b, padding=padding)[0],
    ),
    "avgPool": ([r(2, 7, 6), 2], lambda x, n: F.avg_pool2d(x[None], n)[0]),
    "maxPool": ([r(2, 7, 6), 3], lambda x, n: F.max_pool2d(x[None], n)[0]),
    "concat": ([r(2, 3), r(1, 3)], lambda x, y: torch.cat([x, y])),
    "columns": ([r(2, 6), 1, 4], lambda x, a, b: x[:, a:b]),
    "row": ([r(3, 4), 1], lambda x, n: x[n : n + 1]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_equals_torch(page: Page, name: str) -> None:
    given, torch_way = OPERATIONS[name]
    same(call(page, name, *given), torch_way(*given))


@pytest.mark.parametrize("causal", [True, False])
def test_attention_equals_its_definition(page: Page, causal: bool) -> None:
    q, k, v = r(2, 12), r(5, 12), r(5, 1, 12)[:, 0]
    got = call(page, "attention", q, k, v, 3, causal)
    for mine, wanted in zip(got, heads(q, k, v, 3, causal), strict=True):
        same(mine, wanted)


@torch.no_grad()
def test_recurrent_steps_equal_torch(page: Page) -> None:
    torch.manual_seed(0)
    lstm, gru = nn.LSTM(5, 6), nn.GRU(5, 6)
    x, h, c = r(1, 5), r(1, 6), r(2, 6)[:1]
    got = call(page, "lstmStep", x, [h, c], dict(lstm.named_parameters()))
    for mine, wanted in zip(got, lstm(x, (h, c))[1], strict=True):
        same(mine, wanted)
    same(call(page, "gruStep", x, h, dict(gru.named_parameters())), gru(x, h)[1])


def test_sampling_follows_the_probabilities(page: Page) -> None:
    p = torch.tensor([0.2, 0.5, 0.3])
    drawn = [call(page, "sample", p, at) for at in (0.0, 0.19, 0.21, 0.69, 0.71, 0.999)]
    assert drawn == [0, 0, 1, 1, 2, 2]
    assert call(page, "argmax", p) == 1


def test_weights_survive_packing() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    facts = {"words": ["甲", "</script>"], "size": 2}
    data = unpack(pack({"layer": layer, "places": torch.tensor([3, 70000]), **facts}))
    tensors = load_safetensors(data)
    assert torch.equal(tensors["layer.weight"], layer.weight.half())
    assert tensors["places"].tolist() == [3, 70000]
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert json.loads(header["__metadata__"]["facts"]) == facts


def test_page_reads_every_number_of_half_precision(page: Page) -> None:
    every = torch.arange(65536, dtype=torch.int32).to(torch.uint16).view(torch.float16)
    every = every[every.isfinite()]
    page.goto("/404.html")
    got = page.evaluate(
        """async (text) => {
          const { read } = await import("/assets/labs/engine.js");
          const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
          return [...read(bytes.buffer).x.data];
        }""",
        pack({"x": every}),
    )
    assert torch.equal(torch.tensor(got), every.float())


# Each lab: what its module computes against the snippet's own model with the same weights.


def snippet(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "snippets" / f"{name}.py")
    assert spec and spec.loader
    sys.path.insert(0, str(ROOT / "snippets"))  # one may build on another
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shipped(site: Path, name: str) -> dict[str, Tensor]:
    """The weights that the site ships for a snippet, in single precision."""
    tensors = load_safetensors((site / f"assets/models/{name}.safetensors").read_bytes())
    return {key: value.float() for key, value in tensors.items()}


def part(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}


@torch.no_grad()
def test_digits_are_read_as_torch_reads_them(page: Page, site: Path) -> None:
    lenet, weights = snippet("lenet"), shipped(site, "lenet")
    networks = {"lenet": lenet.LeNet5()}
    networks["mlp"] = lenet.perceptron(lenet.trainable(networks["lenet"]))
    for name, network in networks.items():
        network.load_state_dict(part(weights, f"{name}."))
        for image in weights["examples"][:3]:
            module = "/assets/labs/lenet.js"
            same(call(page, f"forward.{name}", weights, image, module=module), network(image[None]))


@pytest.mark.parametrize("start", ["/papers/lenet/", "/en/snippets/lenet/"])
def test_digits_lab(page: Page, start: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(start, wait_until="networkidle")
    assert not [url for url in asked if "/assets/labs/" in url or "/assets/models/" in url]
    page.locator("[data-lab='lenet'] [data-lab-start]").click()
    lab = page.locator("[data-lab='lenet']")
    status = lab.locator("[data-lab-root] [role=status]")
    lab.locator("[data-example]").click()
    expect(status).to_have_text(re.compile(r"LeNet-5\W+0\W"))
    lab.locator("[data-clear]").click()
    expect(status).to_have_text("")
    box = lab.locator("[data-draw]").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8, steps=20)
    page.mouse.up()
    expect(status).to_have_text(re.compile(r"LeNet-5\W+\d\W+\d+ %.*MLP\W+\d\W+\d+ %"))


@torch.no_grad()
def test_rbm_gives_the_probabilities_of_its_definition(page: Page, site: Path) -> None:
    weights = shipped(site, "rbm")
    W, b, c = weights["W"], weights["b"], weights["c"]  # noqa: N806
    v, h = weights["examples"][:2], (r(2, 64) > 0).float()
    module = "/assets/labs/rbm.js"
    same(call(page, "forward.hidden", weights, v, module=module), (v @ W + c).sigmoid())
    same(call(page, "forward.visible", weights, h, module=module), (h @ W.T + b).sigmoid())


def test_rbm_lab_fills_in_what_is_not_held(page: Page) -> None:
    page.goto("/en/papers/rbm/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    shot = "c => [...c.getContext('2d').getImageData(0, 10, 280, 260).data]"
    canvas = lab.locator("[data-draw]")
    before = canvas.evaluate(shot)
    for _ in range(3):
        lab.get_by_role("button", name="Sample once").click()
    expect(lab.locator("[data-lab-root] [role=status]")).to_have_text("Sampled 3 times")
    after = canvas.evaluate(shot)
    row, upper = 280 * 4, 115 * 280 * 4
    assert before[:upper] == after[:upper]  # held
    assert before[140 * row :] != after[140 * row :]


@pytest.mark.parametrize("bend", ["tanh", "relu"])
def test_training_in_the_page_has_torchs_gradients(page: Page, bend: str) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(2, 5), nn.Tanh() if bend == "tanh" else nn.ReLU(),
        nn.Linear(5, 5), nn.Tanh() if bend == "tanh" else nn.ReLU(),
        nn.Linear(5, 2),
    )  # fmt: skip
    x, y = r(7, 2), torch.tensor([0, 1, 1, 0, 1, 0, 0])
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    dense = [layer for layer in net if isinstance(layer, nn.Linear)]
    layers = [{"w": layer.weight.tolist(), "b": layer.bias.tolist()} for layer in dense]
    points = [{"x": one.tolist(), "y": int(label)} for one, label in zip(x, y, strict=True)]
    page.goto("/404.html")
    got = page.evaluate(
        """async ([layers, bend, points]) =>
          (await import("/assets/labs/convnetjs.js")).gradients(layers, bend, points)""",
        [layers, bend, points],
    )
    assert got["loss"] == pytest.approx(loss.item(), abs=1e-6)
    for sums, layer in zip(got["sums"], dense, strict=True):
        assert layer.weight.grad is not None and layer.bias.grad is not None
        same(torch.tensor(sums["w"]), layer.weight.grad)
        same(torch.tensor(sums["b"]), layer.bias.grad)


def test_network_learns_in_the_page(page: Page) -> None:
    page.goto("/en/papers/convnetjs/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    lab.get_by_role("button", name="Train").click()
    status = lab.locator("[data-lab-root] [role=status]")
    expect(status).to_have_text(re.compile(r"error [0-5] %"), timeout=60_000)
    lab.get_by_role("button", name="Pause").click()


@torch.no_grad()
def test_char_rnn_continues_as_torch_does(page: Page, site: Path) -> None:
    char_rnn, weights, told = (
        snippet("char_rnn"),
        shipped(site, "char_rnn"),
        facts(site, "char_rnn"),
    )
    for text in ("english", "tang"):
        count = len(told["signs"][text])
        sizes = {"english": char_rnn.ENGLISH, "tang": char_rnn.TANG}[text]
        model = char_rnn.CharRNN(torch.ones(count), sizes["hidden"])
        model.load_state_dict(part(weights, f"{text}."))
        ids = [(7 * n) % count for n in range(20)]
        got = call(page, "forward.logits", weights, text, ids, module="/assets/labs/char_rnn.js")
        same(got, model(torch.tensor([ids]))[0][0], 1e-4)


def test_char_rnn_lab_writes_in_both_scripts(page: Page) -> None:
    page.goto("/en/papers/rnn-effectiveness/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    lab.locator("textarea").fill("ORLANDO.\nI ~")
    lab.get_by_role("button", name="One step").click()
    expect(lab.locator("[data-lab-root] [role=status]")).to_contain_text("~")
    lab.locator("[data-lab-root] > p select").select_option("tang")
    lab.get_by_role("button", name="Go on").click()
    expect(lab.locator(".yl-text mark").nth(60)).to_be_attached(timeout=60_000)
    lab.get_by_role("button", name="Stop").click()
    assert re.search(r"[一-鿿]{7}", lab.locator(".yl-text").inner_text())


@torch.no_grad()
def test_gan_draws_and_judges_as_torch_does(page: Page, site: Path) -> None:
    gan, weights = snippet("gan"), shipped(site, "gan")
    for name, network, given in zip("GD", gan.networks(), (r(3, 16), r(3, 196)), strict=True):
        state = part(weights, f"{name}.")
        network.load_state_dict(state)
        network.eval()
        got = call(page, f"forward.{name}", weights, given, module="/assets/labs/gan.js")
        same(got, network(given), 1e-4)


def test_gan_lab_walks_between_two_digits(page: Page) -> None:
    page.goto("/en/papers/gan/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    look = "c => c.toDataURL()"
    seen = {lab.locator("[data-one]").evaluate(look)}
    for t in ("0.5", "1"):
        lab.locator("input").fill(t)
        seen.add(lab.locator("[data-one]").evaluate(look))
    assert len(seen) == 3
    expect(lab.locator("[data-lab-root] [role=status]")).to_have_text(re.compile(r"D: .*% real"))


@torch.no_grad()
def test_rlhf_models_and_reward_equal_torch(page: Page, site: Path) -> None:
    rlhf, weights = snippet("rlhf"), shipped(site, "rlhf")
    words = [3, 500, 42, 7, 999]
    for stage in ("pretrained", "sft", "ppo", "ppo_ptx", "ppo_free"):
        model = rlhf.LanguageModel()
        model.load_state_dict(part(weights, f"{stage}."))
        got = call(page, "forward.logits", weights, stage, words, module="/assets/labs/rlhf.js")
        same(got, model(torch.tensor([words]))[0][0, -1:], 1e-4)
    reward = rlhf.RewardModel()
    reward.load_state_dict(part(weights, "reward."))
    got = call(page, "forward.reward", weights, words, module="/assets/labs/rlhf.js")
    same(got.flatten(), reward(torch.tensor([words])), 1e-4)


def test_rlhf_lab_replies_at_every_stage_and_lets_the_reader_judge(page: Page) -> None:
    page.goto("/en/papers/instructgpt/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    expect(lab.locator("tbody tr")).to_have_count(5)
    lab.locator("input").fill("zyzzyva is a film")
    lab.get_by_role("button", name="Go on").click()
    expect(lab.locator("[data-lab-root] [role=status]").first).to_contain_text("zyzzyva")
    lab.locator("[data-pair] button").first.click()
    expect(lab.locator("[data-verdict]")).to_have_text(re.compile(r"You chose .* \d+ %"))


@torch.no_grad()
def test_bert_fills_blanks_as_torch_does(page: Page, site: Path) -> None:
    bert, weights, told = snippet("bert"), shipped(site, "bert"), facts(site, "bert")
    ids, blank = [bert.CLS, 20, 55, bert.MASK, 7, 300, 12], 3
    for name, both in (("bert", True), ("left", False)):
        model = bert.Transformer(both)
        model.load_state_dict(part(weights, f"{name}."))
        given = {**weights, "facts": told}
        got = call(page, "forward.fill", given, name, ids, blank, module="/assets/labs/bert.js")
        wanted = bert.fill(model, torch.tensor([ids]), torch.tensor([blank]))
        same(got.log_softmax(dim=-1), wanted, 1e-4)


def test_bert_lab_fills_the_blank_and_tells_unknown_words(page: Page) -> None:
    page.goto("/en/papers/bert/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    status = lab.locator("[data-lab-root] [role=status]")
    expect(status).to_have_text(re.compile(r"BERT, both sides: \S+ .*left side only: \S+"))
    for sentence, said in [
        ("the zyzzyva is _ .", "zyzzyva"),
        ("it was good .", "exactly one"),
        ("a " * 12 + "_", "Too long"),
    ]:
        lab.locator("input").fill(sentence)
        lab.get_by_role("button", name="Fill it in").click()
        expect(status).to_contain_text(said)


LABS = sorted(
    file.stem
    for file in (ROOT / "docs/assets/labs").glob("*.js")
    if (ROOT / "snippets" / f"{file.stem}.py").is_file()
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LABS)
def test_axe_finds_nothing_in_a_lab_at_work(
    browser: Browser, address: str, name: str, scheme: str
) -> None:
    context = browser.new_context(base_url=address, viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"/en/snippets/{name}/", wait_until="networkidle")
    page.locator("[data-lab-start]").click()
    expect(page.locator("[data-lab-start]")).to_be_hidden(timeout=30_000)
    results = Axe().run(page, context={"include": [[".yl-lab"]]})
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert results.violations_count == 0, results.generate_report()
    assert errors == []
    assert wide <= PHONE["width"]


def facts(site: Path, name: str) -> dict[str, Any]:
    data = (site / f"assets/models/{name}.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["facts"])


@torch.no_grad()
def test_gpt2_continues_as_torch_does_beyond_its_context(page: Page, site: Path) -> None:
    gpt2, weights, told = snippet("gpt2"), shipped(site, "gpt2"), facts(site, "gpt2")
    size = gpt2.SIZES["large"]
    model = gpt2.GPT2(len(told["vocabulary"]), gpt2.CONTEXT, *size)
    model.load_state_dict(part(weights, "model."))
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(len(told["vocabulary"]), (gpt2.CONTEXT + 9,), generator=generator)
    given = {**weights, "facts": told}
    got = call(page, "forward.logits", given, ids.tolist(), module="/assets/labs/gpt2.js")
    same(got[: gpt2.CONTEXT], model(ids[None, : gpt2.CONTEXT])[0], 1e-4)
    # When the context is full, the page begins again with the second half of it.
    same(got[gpt2.CONTEXT :], model(ids[None, gpt2.CONTEXT // 2 :])[0, gpt2.CONTEXT // 2 :], 1e-4)


@pytest.mark.parametrize("name", ["bpe", "gpt2"])
def test_page_cuts_text_into_the_same_tokens(page: Page, site: Path, name: str) -> None:
    bpe, told = snippet("bpe"), facts(site, name)
    vocabulary = {token.encode("latin-1"): n for n, token in enumerate(told["vocabulary"])}
    texts = ["The film isn't bad.", "中文與 English 混寫，2026！", "🙂 x  y\n\n z ", "Q: Peru?", ""]
    for text in texts:
        got = call(page, "forward.encode", told["vocabulary"], text, module="/assets/labs/bpe.js")
        assert got == bpe.encode(text, vocabulary)


def test_gpt2_lab_answers_and_shows_what_it_hesitates_between(page: Page) -> None:
    page.goto("/en/papers/gpt2/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    before = len(lab.locator(".yl-text").inner_text())
    lab.get_by_role("button", name="One step").click()
    expect(lab.locator(".yl-text mark")).to_have_count(1)
    assert len(lab.locator(".yl-text").inner_text()) > before
    expect(lab.locator("[data-next] li")).to_have_count(8)
    looks = lab.locator("[data-looks] span")
    weights = [float(looks.nth(n).evaluate("e => e.style.getPropertyValue('--yl-shade')"))
               for n in range(looks.count())]  # fmt: skip
    assert sum(weights) == pytest.approx(1, abs=0.02)
    lab.locator("input[type='range']").fill("0.1")
    lab.get_by_role("button", name="Go on").click()
    lab.get_by_role("button", name="Stop").click()
    assert lab.locator(".yl-text mark").count() > 1


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("micrograd", r"step 200  loss 0\.0\d+\n.*\[1\.0, 1\.0\] wanted -1 got -(1\.0|0\.9)"),
        ("hackers-guide", r"by hand +\[-0\.104994.*\nbackpropagation +\[-0\.104994.*step 10 "),
    ],
)
def test_python_runs_in_the_page(page: Page, name: str, printed: str) -> None:
    page.goto(f"/en/papers/{name}/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    lab.get_by_role("button", name="Run").click()
    status = lab.locator("[data-lab-root] [role=status]")
    expect(status).to_have_text(re.compile(r"^Done, \d"), timeout=60_000)
    assert re.search(printed, lab.locator(".yl-text").inner_text(), re.DOTALL)


def test_python_in_the_page_tells_errors_and_can_be_stopped(page: Page) -> None:
    page.goto("/papers/micrograd/")
    lab = page.locator(".yl-lab")
    lab.locator("[data-lab-start]").click()
    editor, output = lab.locator("textarea"), lab.locator(".yl-text")
    status = lab.locator("[data-lab-root] [role=status]")
    given = editor.input_value()
    editor.fill("x = 1\nprint(x + undefined)")
    lab.locator("[data-run]").click()
    expect(output).to_contain_text('File "program.py", line 2', timeout=60_000)
    expect(output).to_contain_text("NameError")
    editor.fill("print('begun')\nwhile True:\n    pass")
    lab.locator("[data-run]").click()
    expect(output).to_have_text("begun")
    lab.locator("[data-stop]").click()
    expect(status).to_have_text("已停止")
    lab.locator("[data-reset]").click()
    assert editor.input_value() == given
