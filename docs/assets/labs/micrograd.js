// micrograd's engine, to change and run in the page.
import { HEAD, cell, file, playground } from "./python.js";

const INTRO = {
  "zh-TW": "上半是本頁的引擎，一字不差；下半用它訓練一個網路學 XOR。改改看：拿掉隱藏層、換成 relu、把學習率調大。",
  en: "The first half is the engine of this page, word for word; the second trains a network on XOR with it. Change it: take the hidden layer away, use relu, raise the learning rate.",
};

export async function start(root, model, language) {
  const parts = [HEAD, await cell("micrograd", "Value"), await file("micrograd-xor.txt")];
  playground(root, language, INTRO[language] ?? INTRO.en, parts.join("\n\n"));
}
