// Python in a worker of its own: Brython, from the PyPI package of that name, served with the site.
// What a program prints goes to the page line by line; ending the worker ends the program.
importScripts("brython/brython.js", "brython/brython_stdlib.js");

console.log = (...words) => postMessage({ printed: words.join(" ").replace(/\n$/, "") });

onmessage = ({ data }) => {
  const started = performance.now();
  try {
    __BRYTHON__.runPythonSource(data, "program");
    postMessage({ done: (performance.now() - started) / 1000 });
  } catch (error) {
    const trace = __BRYTHON__.error_trace?.(error) ?? String(error);
    postMessage({ failed: trace.replace(/"[^"]*#program"/g, '"program.py"') });
  }
};

postMessage({ ready: true });
