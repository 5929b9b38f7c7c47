"use strict";
(() => {
  const PAGE = 30;
  const byId = (id) => document.getElementById(`explorer${id}`);
  const { texts, rows } = JSON.parse(byId("-data").textContent);
  const form = byId(""), found = byId("-found"), more = byId("-more"), fields = form.elements;
  const clips = rows.map(([id, speaker, emotion, level, confidence, flags, units, corrected, sentences]) => ({
    id, level, confidence, corrected, speaker: texts[speaker], emotion: texts[emotion],
    flags: flags.map((flag) => texts[flag]),
    units: units.map(([number, name, strength]) => ({ number, name: texts[name], level: texts[strength] })),
    sentences: sentences.map((parts) => ({ parts, lower: parts.filter((_, at) => at % 2 === 0).join("").toLowerCase() })),
  }));
  let hits = clips, shown = 0;

  const make = (tag, name, text = "") => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.textContent = text;
    return element;
  };

  function offer(select, values) {
    for (const [value, text] of values) select.append(new Option(text, value));
    if (!values.length) select.closest("label").hidden = true;
  }

  const distinct = (values) => [...new Set(values)].sort();
  offer(fields.emotion, distinct(clips.map((clip) => clip.emotion)).map((name) => [name, name]));
  offer(fields.flag, distinct(clips.flatMap((clip) => clip.flags)).map((name) => [name, name]));
  const units = new Map(clips.flatMap((clip) => clip.units).map((unit) => [unit.number, unit.name.replace(/^(left|right) /, "")]));
  offer(fields.unit, [...units].sort(([a], [b]) => a - b).map(([number, name]) => [number, `AU${number} ${name}`]));
  byId("-speakers").append(...distinct(clips.map((clip) => clip.speaker)).map((name) => new Option(name)));
  if (clips.every((clip) => clip.confidence === null)) fields.confidence.closest("label").hidden = true;

  function sentenceOf(sentence) {
    const line = make("li");
    sentence.parts.forEach((text, at) => {
      if (at % 2) return;
      const evidence = sentence.parts[at + 1];
      const piece = evidence < 0 ? document.createTextNode(text) : make("mark", "", text);
      if (evidence >= 0) piece.title = texts[evidence];
      line.append(piece);
    });
    return line;
  }

  function cardOf(clip, words) {
    const card = make("article", "hit"), label = make("div"), list = make("ol");
    const face = document.querySelector(`.faces img[data-clip="${clip.id}"]`);
    if (face) label.append(Object.assign(new Image(), { src: face.src, alt: "" }));
    label.append(make("b", "", `${clip.emotion}, ${clip.level}`));
    const sure = clip.confidence === null ? "" : ` · ${clip.confidence} %`;
    label.append(make("small", "", `${clip.speaker}${sure}`), make("code", "", clip.id.slice(0, 8)));
    if (clip.corrected) label.append(make("small", "", "labelled by a person"));
    list.append(...clip.sentences.filter((sentence) => words.every((word) => sentence.lower.includes(word))).map(sentenceOf));
    const chips = make("p", "chips");
    chips.append(...clip.flags.map((flag) => make("span", "flag", flag)));
    chips.append(...clip.units.map((unit) => make("span", "", `${unit.number} ${unit.name}, ${unit.level}`)));
    const body = make("div");
    body.append(list, chips);
    card.append(label, body);
    return card;
  }

  const wordsAsked = () => fields.words.value.toLowerCase().split(/\s+/).filter(Boolean);

  function showMore() {
    const words = wordsAsked();
    found.append(...hits.slice(shown, shown + PAGE).map((clip) => cardOf(clip, words)));
    shown = Math.min(hits.length, shown + PAGE);
    more.hidden = shown >= hits.length;
    byId("-count").textContent = `${hits.length} of ${clips.length} clips${shown < hits.length ? `, the first ${shown} shown` : ""}`;
  }

  function search() {
    const words = wordsAsked(), speaker = fields.speaker.value.trim().toLowerCase();
    const { emotion, level, unit, confidence, flag } = Object.fromEntries(new FormData(form));
    const [least, most] = confidence ? confidence.split("-").map(Number) : [];
    hits = clips.filter((clip) =>
      (!emotion || clip.emotion === emotion)
      && (!level || clip.level === Number(level))
      && (!unit || clip.units.some((one) => one.number === Number(unit)))
      && (!confidence || (clip.confidence !== null && clip.confidence >= least && clip.confidence <= most))
      && (!flag || (flag === "none" ? !clip.flags.length : clip.flags.includes(flag)))
      && (!speaker || clip.speaker.toLowerCase().startsWith(speaker))
      && (!words.length || clip.sentences.some((one) => words.every((word) => one.lower.includes(word)))));
    found.replaceChildren();
    shown = 0;
    showMore();
  }

  form.hidden = false;
  form.addEventListener("input", search);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(search));
  more.addEventListener("click", showMore);
  search();
})();
