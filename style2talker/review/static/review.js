"use strict";
// The draft lives here until it is saved; the server keeps the history.
const state = JSON.parse(document.getElementById("state").textContent);
const byId = (id) => document.getElementById(id);
const LEVELS = ["", "low", "middle", "high"];
const SIDES = ["both", "left", "right"];
const EMOTION_KEYS = "12345678", LEVEL_KEYS = "qwe";
const [form, movie, note, transcript] = ["decision", "movie", "note", "transcript"].map(byId);
const status = byId("status"), units = [...document.querySelectorAll(".unit")];

// ---- the draft -------------------------------------------------------------------------------------------

const said = state.said && state.said.verdict === "keep" ? state.said : null;
const unitsSaid = said && said.action_units
  ? Object.fromEntries(said.action_units.map((mark) => [mark.unit, [mark.side, mark.level]])) : null;
const before = {
  emotion: (said && said.emotion) || state.emotion,
  level: (said && said.emotion_level) || state.level,
  units: unitsSaid || state.units,
  transcript: said && said.transcript !== null ? said.transcript : state.transcript,
  note: (said && said.note) || "",
};
let draft = structuredClone(before);

// Objects with numbers as keys come back in the order of the numbers, so equal drafts are equal texts.
const differs = (one, other) => JSON.stringify(one) !== JSON.stringify(other);
const isDirty = () => differs(draft, before);
const isDirtyBesideNote = () => differs({ ...draft, note: "" }, { ...before, note: "" });

function show() {
  form.elements.emotion.value = draft.emotion;
  form.elements.level.value = String(draft.level);
  if (transcript.value !== draft.transcript) transcript.value = draft.transcript;
  if (note.value !== draft.note) note.value = draft.note;
  for (const row of units) {
    const [side, level] = draft.units[row.dataset.unit] || ["both", ""];
    const text = level ? level + (side === "both" ? "" : `, ${side} side`) : "off";
    row.dataset.level = level;
    row.setAttribute("aria-valuenow", LEVELS.indexOf(level));
    row.setAttribute("aria-valuetext", text);
    row.querySelector("em").textContent = level && side !== "both" ? side[0].toUpperCase() : "";
  }
  const dirty = isDirty();
  document.body.classList.toggle("dirty", dirty);
  if (dirty) tell("Not saved yet: Enter saves, Esc takes it back.");
  else if (status.dataset.kind === "draft") tell("As it was.");
}

function tell(text, kind = "draft") {
  if (status.textContent !== text) status.textContent = text;
  status.dataset.kind = kind;
}

function change(values) {
  Object.assign(draft, values);
  show();
}

function discard() {
  draft = structuredClone(before);
  show();
}

// ---- the server ------------------------------------------------------------------------------------------

async function post(path, values) {
  let answer;
  try {
    answer = await fetch(`${state.root}/${path}`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(values),
    });
  } catch {
    return tell("Not saved: the program does not answer. Start it again; what was saved before is kept.", "error");
  }
  const said = await answer.json().catch(() => ({ error: "the program failed, its terminal says why." }));
  if (!answer.ok) return tell(`Not saved: ${said.error}`, "error");
  sessionStorage.setItem("told", said.told);
  location.assign(`${state.root}/${said.next}`);
}

function save() {
  const marks = Object.entries(draft.units).map(([unit, [side, level]]) => [Number(unit), side, level]);
  post(`say/${state.clip_id}`, {
    verdict: "keep", emotion: draft.emotion, level: draft.level, note: draft.note,
    action_units: differs(draft.units, state.units) ? marks : null,
    transcript: draft.transcript === state.transcript ? null : draft.transcript,
  });
}

const warn = () => tell("Not saved yet: Enter saves, Esc takes it back.", "error");
const go = (link) => (isDirty() ? warn() : byId(link).click());
const keep = () => (isDirtyBesideNote() ? warn() : save());
const drop = () => (isDirtyBesideNote() ? warn() : post(`say/${state.clip_id}`, { verdict: "drop", note: draft.note }));
const undo = () => (isDirty() ? discard() : post("undo", { clip_id: state.clip_id }));

// ---- action units ----------------------------------------------------------------------------------------

function setUnit(row, level, turn = false) {
  const changed = { ...draft.units }, [side] = changed[row.dataset.unit] || ["both"];
  if (level) changed[row.dataset.unit] = [turn ? SIDES[(SIDES.indexOf(side) + 1) % 3] : side, level];
  else delete changed[row.dataset.unit];
  change({ units: changed });
}

function focusUnit(row) {
  units.forEach((other) => other.setAttribute("tabindex", other === row ? "0" : "-1"));
  row.focus();
}

function unitKey(event, row) {
  const place = units.indexOf(row), level = LEVELS.indexOf(row.dataset.level);
  if (event.key === "ArrowDown") focusUnit(units[(place + 1) % units.length]);
  else if (event.key === "ArrowUp") focusUnit(units[(place + units.length - 1) % units.length]);
  else if (event.key === "ArrowRight") setUnit(row, LEVELS[Math.min(3, level + 1)]);
  else if (event.key === "ArrowLeft") setUnit(row, LEVELS[Math.max(0, level - 1)]);
  else if (event.key === "Home") focusUnit(units[0]);
  else if (event.key === "End") focusUnit(units.at(-1));
  else if (event.key === "s") setUnit(row, row.dataset.level, true);
  else return false;
  return true;
}

for (const row of units) {
  row.addEventListener("click", () => {
    focusUnit(row);
    setUnit(row, LEVELS[(LEVELS.indexOf(row.dataset.level) + 1) % 4]);
  });
}

// ---- the movie -------------------------------------------------------------------------------------------

const playhead = byId("playhead"), seek = byId("seek"), play = byId("play"), words = [...document.querySelectorAll(".word")];

function follow() {
  const at = movie.currentTime, x = (1000 * Math.min(at, state.duration_s)) / state.duration_s;
  playhead.setAttribute("x1", x);
  playhead.setAttribute("x2", x);
  seek.value = x;
  seek.ariaValueText = byId("clock").textContent = `${at.toFixed(1)} / ${state.duration_s.toFixed(1)} s`;
  for (const word of words) {
    word.classList.toggle("now", at > 0 && at >= word.dataset.start && at < word.dataset.end);
  }
  if (!movie.paused) requestAnimationFrame(follow);
}

function showPlaying() {
  play.ariaLabel = movie.paused ? "Play" : "Pause";
  play.textContent = movie.paused ? "▶" : "❚❚";
}

const toggle = () => (movie.paused ? movie.play() : movie.pause());
for (const event of ["play", "seeked", "timeupdate"]) movie.addEventListener(event, follow);
for (const event of ["play", "pause", "ended"]) movie.addEventListener(event, showPlaying);
for (const element of [play, movie]) element.addEventListener("click", toggle);
seek.addEventListener("input", () => { movie.currentTime = (seek.value / 1000) * state.duration_s; });
movie.addEventListener("error", () => tell("The movie cannot be shown; `style2talker verify` says why.", "error"));
if (state.following) {  // the server makes the next movie while this one is looked at
  const ahead = () => fetch(`${state.root}/movie/${state.following}`, { method: "HEAD" });
  movie.addEventListener("canplaythrough", ahead, { once: true });
}
byId("time").addEventListener("click", (event) => {
  const point = new DOMPoint(event.clientX, event.clientY);
  const x = point.matrixTransform(byId("time").getScreenCTM().inverse()).x;
  movie.currentTime = (Math.max(0, Math.min(1000, x)) / 1000) * state.duration_s;
});

// ---- keys ------------------------------------------------------------------------------------------------

const help = byId("help"), keys = byId("keys");
keys.checked = sessionStorage.getItem("keys") !== "off";
keys.addEventListener("change", () => sessionStorage.setItem("keys", keys.checked ? "on" : "off"));
const actions = {
  " ": toggle, k: keep, d: drop, u: undo, Escape: discard, Enter: save, n: () => go("next"),
  p: () => go("previous"), ArrowRight: () => go("next"), ArrowLeft: () => go("previous"),
  f: () => go("to-finish"), a: () => focusUnit(units.find((row) => row.tabIndex === 0)),
  t: () => transcript.focus(), o: () => note.focus(), "?": () => help.showModal(),
};

function textKey(event) {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  event.target.blur();
  if (event.key === "Enter" && event.target === note) save();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || help.open) return;
  const target = event.target;
  if (target === note || target === transcript) return textKey(event);
  const isPress = event.key === " " || event.key === "Enter", isArrow = event.key.startsWith("Arrow");
  if (isPress && target.closest("button, a, video, summary")) return;
  if (isArrow && target.matches("video, input")) return;
  const row = target.closest(".unit");
  if (row && unitKey(event, row)) return event.preventDefault();
  if (!keys.checked && event.key.length === 1) return;  // voice control and screen readers type letters, too
  const emotion = EMOTION_KEYS.indexOf(event.key), level = LEVEL_KEYS.indexOf(event.key);
  if (emotion >= 0) change({ emotion: form.elements.emotion[emotion].value });
  else if (level >= 0) change({ level: level + 1 });
  else if (Object.hasOwn(actions, event.key)) actions[event.key]();
  else return;
  event.preventDefault();
});

form.addEventListener("change", (event) => {
  if (event.target.name === "emotion") change({ emotion: event.target.value });
  if (event.target.name === "level") change({ level: Number(event.target.value) });
});
form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
note.addEventListener("input", () => change({ note: note.value }));
transcript.addEventListener("input", () => change({ transcript: transcript.value }));
for (const [id, action] of [["keep", keep], ["drop", drop], ["undo", undo]]) byId(id).addEventListener("click", action);
byId("help-button").addEventListener("click", () => help.showModal());
show();
if (sessionStorage.getItem("told")) tell(sessionStorage.getItem("told"));
sessionStorage.removeItem("told");
