"use strict";
const state = JSON.parse(document.getElementById("state").textContent);
const status = document.getElementById("status");

async function copy() {
  await navigator.clipboard.writeText(document.getElementById("command").textContent);
  status.textContent = "Copied.";
}

async function close() {
  await fetch(`${state.root}/close`, {
    method: "POST", headers: { "content-type": "application/json" }, body: "{}",
  });
  document.querySelectorAll("button, a").forEach((element) => element.setAttribute("inert", ""));
  status.textContent = "Closed. Everything is saved; this tab can go.";
}

status.textContent = sessionStorage.getItem("told") ?? "";
sessionStorage.removeItem("told");
document.getElementById("copy").addEventListener("click", copy);
document.getElementById("close").addEventListener("click", close);
document.getElementById("close").focus();
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "c") copy();
  else if (event.key === "p" || event.key === "ArrowLeft") document.getElementById("back").click();
});
