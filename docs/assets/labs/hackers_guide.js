// The hacker's guide: a circuit to change and pull at, in the page.
import { HEAD, cell, file, playground } from "./python.js";

const INTRO = {
  "zh-TW": "上半是本頁的電路；下半搭一個神經元，比較三種梯度，再沿著力的方向推幾步，看輸出往上爬。換掉數字，或多接幾個閘試試。",
  en: "The first half is the circuit of this page; the second builds a neuron, compares three gradients, and takes some steps along the force to see the output climb. Change the numbers, or wire in more gates.",
};

export async function start(root, model, language) {
  const parts = [HEAD, await cell("hackers_guide", "Circuit"), await cell("hackers_guide", "neuron"), await file("hackers_guide-pull.txt")];
  playground(root, language, INTRO[language] ?? INTRO.en, parts.join("\n\n"));
}
