// An editor and a Python that runs what stands in it, in the page.

const WORDS = {
  "zh-TW": {
    program: "程式，可以修改",
    run: "執行",
    stop: "停止",
    reset: "還原程式",
    output: "輸出",
    starting: "正在啟動 Python…",
    running: "執行中…",
    done: (seconds) => `完成，${seconds} 秒`,
    stopped: "已停止",
    failed: "程式出錯了，訊息在輸出的最後",
  },
  en: {
    program: "The program; change it",
    run: "Run",
    stop: "Stop",
    reset: "Restore the program",
    output: "Output",
    starting: "Starting Python…",
    running: "Running…",
    done: (seconds) => `Done, ${seconds} s`,
    stopped: "Stopped",
    failed: "The program failed; the message stands at the end of the output",
  },
};

export const HEAD = "from __future__ import annotations\n\nimport math\nimport random\n"; // what snippets import
const LINES = 500; // kept of what a program prints

// The cell of a snippet that defines `name`, as the site ships it.
export async function cell(snippet, name) {
  const answer = await fetch(new URL(`../../snippets/${snippet}/${snippet}.py`, import.meta.url));
  if (!answer.ok) throw new Error(`${answer.status} ${snippet}.py`);
  const cells = (await answer.text()).split(/^# %%.*\n/m);
  return cells.find((text) => new RegExp(`^(class|def) ${name}\\b`, "m").test(text)).trim();
}

export const file = async (name) => (await fetch(new URL(name, import.meta.url))).text();

export function playground(root, language, intro, program) {
  const say = WORDS[language] ?? WORDS.en;
  root.innerHTML = `
    <p></p>
    <label>${say.program}<textarea rows="18" spellcheck="false" autocapitalize="off" autocomplete="off"></textarea></label>
    <p class="yl-panel__tools">
      <button type="button" class="yl-button" data-run>${say.run}</button>
      <button type="button" class="yl-button" data-stop disabled>${say.stop}</button>
      <button type="button" class="yl-button" data-reset>${say.reset}</button>
      <span role="status"></span>
    </p>
    <div class="yl-text" role="region" aria-label="${say.output}" tabindex="0"></div>`;
  const [editor, output, status] = ["textarea", ".yl-text", "[role=status]"].map((at) => root.querySelector(at));
  const [run, stop] = ["[data-run]", "[data-stop]"].map((at) => root.querySelector(at));
  root.querySelector("p").textContent = intro;
  editor.value = program;
  let worker = null;
  let lines = [];

  function print(text) {
    lines = [...lines, ...text.split("\n")].slice(-LINES);
    output.textContent = lines.join("\n");
    output.scrollTop = output.scrollHeight;
  }

  function rest(message) {
    status.textContent = message;
    [run.disabled, stop.disabled] = [false, true];
  }

  function end(message) {
    worker?.terminate();
    worker = null;
    rest(message);
  }

  run.addEventListener("click", () => {
    [run.disabled, stop.disabled] = [true, false];
    lines = [];
    output.textContent = "";
    const start = () => {
      status.textContent = say.running;
      worker.postMessage(editor.value);
    };
    if (worker) return start();
    status.textContent = say.starting;
    worker = new Worker(new URL("python-worker.js", import.meta.url));
    worker.addEventListener("error", (event) => end(event.message));
    worker.addEventListener("message", ({ data }) => {
      if (data.ready) start();
      if (data.printed !== undefined) print(data.printed);
      if (data.done !== undefined) rest(say.done(data.done.toFixed(1)));
      if (data.failed !== undefined) {
        print(data.failed);
        rest(say.failed);
      }
    });
  });
  stop.addEventListener("click", () => end(say.stopped));
  root.querySelector("[data-reset]").addEventListener("click", () => (editor.value = program));
}
