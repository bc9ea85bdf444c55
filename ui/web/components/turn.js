// Draws one answer: cards of what was found, the sentences with verdict and chips, and the copy button.
// All text goes in through textContent, so nothing from a document or a model is ever read as HTML.
// Parts are redrawn only when their data change: a click during streaming never loses its target.

const make = (tag, className, text) => {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text !== undefined) element.textContent = text
  return element
}

const button = (className, text, label, onClick) => {
  const element = make("button", className, text)
  element.type = "button"
  if (label) {
    element.title = label
    element.setAttribute("aria-label", label)
  }
  element.onclick = onClick
  return element
}

const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const area = document.createElement("textarea")
    area.value = text
    document.body.append(area)
    area.select()
    document.execCommand("copy")
    area.remove()
  }
}

const drawCards = (data, open) => {
  const box = make("section", "sources")
  if (!data.sourcesTitle) return box
  box.append(make("div", "label", data.sourcesTitle))
  const cards = make("div", "cards")
  data.sources.forEach((source, index) => {
    const card = button("card", undefined, undefined, () => open(source.key))
    card.title = source.preview
    if (source.quiet) card.classList.add("quiet")
    if (index >= data.shown && !source.cited) card.classList.add("extra")
    const head = make("span", "head")
    head.append(make("span", "number", source.number), make("span", "title", source.title))
    card.append(head)
    const where = make("span", "where")
    if (source.format) where.append(make("span", "format", source.format))
    if (source.place) where.append(make("span", "place", source.place))
    // Its beginning is cut off, not the file's name; bdi keeps the slashes of a path in their places.
    const path = make("span", "path")
    path.append(make("bdi", "", source.path))
    card.append(where, path)
    cards.append(card)
  })
  box.append(cards)
  if (cards.querySelector(".extra")) {
    const more = button("link", data.moreLabel, undefined, () => {
      box.classList.add("all")
      more.remove()
    })
    box.append(more)
  }
  return box
}

const drawPiece = (piece, data, open) => {
  if (!piece.verdict) return make("span", "between", piece.text)
  const claim = make("span", `claim ${piece.verdict}`)
  claim.append(make("span", "words", piece.text))
  const marks = make("span", "marks")
  piece.chips.forEach((chip) => {
    marks.append(button("chip", chip.number, `${data.openLabel}: ${chip.hint}`, () => open(chip.key)))
  })
  const verdict = button("verdict", undefined, `${piece.label}: ${piece.why} (${data.whyLabel})`, () => open(piece.key))
  verdict.append(make("span", "icon", piece.icon), make("span", "name", piece.label))
  verdict.firstChild.setAttribute("aria-hidden", "true")
  marks.append(verdict)
  claim.append(marks)
  return claim
}

const drawNote = (data) => {
  const note = make("div", `note ${data.phase}`)
  if (!data.note) return note
  if (["queued", "searching", "reading"].includes(data.phase)) note.append(make("span", "spinner"))
  if (data.phase === "failed") note.append(make("span", "icon", "!"))
  if (data.phase === "abstained") note.append(make("span", "icon", "∅"))
  if (data.phase === "stopped") note.append(make("span", "icon", "■"))
  if (data.phase === "done") note.append(make("span", "icon", "⚠"))
  note.append(make("span", undefined, data.note))
  note.setAttribute("role", "status")
  return note
}

const drawBar = (data) => {
  const box = make("div", "grounding")
  const line = make("div", "line")
  line.setAttribute("aria-hidden", "true")
  const words = make("div", "counts")
  words.append(make("span", "summary", data.summary))
  data.bar.forEach((part) => {
    const stretch = make("span", part.verdict)
    stretch.style.flexGrow = part.share
    line.append(stretch)
    const count = make("span", `count ${part.verdict}`)
    const icon = make("span", "icon", part.icon)
    icon.setAttribute("aria-hidden", "true")
    count.append(icon, make("span", undefined, `${part.label} ${part.count}`))
    words.append(count)
  })
  box.append(line, words)
  return box
}

const drawAbove = (data) => {
  const above = make("div", "above")
  if (data.verified) {
    const badge = make("div", "verified")
    badge.append(make("span", "icon", "✓"), make("span", undefined, data.verified))
    badge.firstChild.setAttribute("aria-hidden", "true")
    above.append(badge)
  }
  return above
}

const drawBelow = (data, open) => {
  const below = make("div", "below")
  data.disagreements.forEach((found) => {
    const note = make("div", "differ")
    note.setAttribute("role", "note")
    const text = make("div", "text")
    text.append(make("span", "icon", "⇄"), make("span", undefined, found.text))
    text.firstChild.setAttribute("aria-hidden", "true")
    note.append(text)
    found.passages.forEach((passage) => {
      note.append(button("side", passage.label, `${data.openLabel}: ${passage.label}`, () => open(passage.key)))
    })
    below.append(note)
  })
  if (data.ask.length) {
    const ask = make("div", "ask")
    ask.append(make("div", "label", data.askLabel))
    data.ask.forEach((line) => ask.append(make("div", "person", line)))
    below.append(ask)
  }
  if (data.draft) {
    const fold = make("details", "draft")
    fold.append(make("summary", undefined, data.draft.label), make("div", "text", data.draft.text))
    data.draft.why.forEach((reason) => fold.append(make("div", "why", reason)))
    below.append(fold)
  }
  return below
}

const drawFoot = (data) => {
  const foot = make("div", "foot")
  if (data.bar.length) foot.append(drawBar(data))
  else if (data.summary) foot.append(make("span", "summary", data.summary))
  if (data.scope) foot.append(make("span", "scope", data.scope))
  if (data.copy) {
    const copy = button("copy", data.copyLabel, undefined, async () => {
      await copyText(data.copy)
      copy.textContent = data.copiedLabel
      setTimeout(() => (copy.textContent = data.copyLabel), 1600)
    })
    foot.append(copy)
  }
  return foot
}

const place = (root, name, value, draw) => {
  const text = JSON.stringify(value)
  const known = root.parts.get(name)
  if (known && known.text === text) return known.element
  const element = draw()
  if (known) {
    if (known.element.classList.contains("all")) element.classList.add("all")
    known.element.replaceWith(element)
  }
  root.parts.set(name, { text, element })
  return element
}

const LIVE = ["queued", "searching", "reading", "writing"]
const BOTTOM_BAR = 150

// The last answer comes into view, and its end stays there while it grows, unless the reader has scrolled away from it.
const keepInView = (root, data) => {
  const first = root.live === undefined
  const live = LIVE.includes(data.phase)
  const wanted = live || root.live || (first && data.last)
  root.live = live
  if (!wanted) return
  requestAnimationFrame(() => {
    const below = root.getBoundingClientRect().bottom - (window.innerHeight - BOTTOM_BAR)
    if (below > 0 && (first || below < 300)) root.scrollIntoView({ block: "end" })
  })
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".turn")
  document.documentElement.lang = data.lang
  root.lang = data.lang
  root.parts ??= new Map()
  root.open = (key) => setTriggerValue("open", key)
  const open = (key) => root.open(key)

  const cards = place(root, "cards", [data.sources, data.sourcesTitle], () => drawCards(data, open))
  const note = place(root, "note", [data.phase, data.note], () => drawNote(data))
  const foot = place(root, "foot", [data.summary, data.bar, data.scope, data.copy], () => drawFoot(data))
  const above = place(root, "above", [data.verified], () => drawAbove(data))
  const below = place(root, "below", [data.openLabel, data.disagreements, data.draft, data.ask], () => drawBelow(data, open))
  root.answer ??= make("div", "answer")
  root.answer.className = `answer ${data.phase}`
  root.answer.setAttribute("aria-live", "polite")
  root.answer.setAttribute("aria-busy", String(data.phase === "writing"))
  data.pieces.forEach((piece, index) => {
    const element = place(root, `piece${index}`, piece, () => drawPiece(piece, data, open))
    if (element.parentNode !== root.answer) root.answer.append(element)
  })
  for (let index = data.pieces.length; root.parts.has(`piece${index}`); index += 1) {
    root.parts.get(`piece${index}`).element.remove()
    root.parts.delete(`piece${index}`)
  }
  const wanted = data.phase === "abstained" ? [note, root.answer, below, cards, foot] : [cards, note, above, root.answer, below, foot]
  wanted.forEach((element, index) => {
    if (root.children[index] !== element) root.insertBefore(element, root.children[index] ?? null)
  })
  keepInView(root, data)
}
