// Watches a run on its live page, moves the film, ends the run by the page's button, and sends home what it saw.
(async () => {
  const get = (id) => document.getElementById(id);
  const until = async (what) => {
    for (let tries = 0; tries < 600; tries++) {
      if (what()) return true;
      await new Promise((done) => setTimeout(done, 50));
    }
    return false;
  };
  const lines = () => [...document.querySelectorAll("#chart polyline")].map((line) => line.dataset.line);
  const found = { failures: window.failures };
  found.followed = await until(() => run.trace.total.length >= 20 && lines().length >= 3 && run.frames.length >= 1);
  found.status = get("status").textContent;
  found.progress = get("progress").value;
  const then = run.trace.total.length;
  found.goes_on = await until(() => run.trace.total.length > then + 5);
  found.aligned = run.trace.layers.length > 0 && run.trace.layers.every((layer) => layer.values.length === run.trace.total.length);
  found.photograph = !get("before").hidden && get("before").naturalWidth > 0;
  get("stop").click();
  found.ended = await until(() => get("stop").hidden && run.result);
  found.last = get("status").textContent;
  found.result = await until(() => get("after").src === run.result && get("after").naturalWidth > 0);
  found.lead = get("lead").textContent;
  await fetch("result", { method: "POST", body: JSON.stringify(found) });
})();
