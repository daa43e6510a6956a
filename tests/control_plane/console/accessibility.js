// What is wrong with the page as people with other eyes and hands meet it. Returns a list of
// complaints: contrast (WCAG 2.2 §1.4.3), names, headings, ids, targets, sideways scrolling.
() => {
  const complaints = [];
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const say = (element) => element.outerHTML.slice(0, 120);

  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = (text) => {
    const found = text.match(/[\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? [...found.slice(0, 3).map((v) => v * 255), found[3] ?? 1] : found;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = colour(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !shown(element) || element.closest("script, style, option, .away, .skip")) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(colour(style.color)), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) complaints.push(`contrast ${ratio.toFixed(2)}: ${say(element)}`);
  }

  for (const field of document.querySelectorAll("input, select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel) complaints.push(`no label: ${say(field)}`);
  }
  for (const target of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (!shown(target)) continue;
    const name = target.ariaLabel || target.textContent.trim() || target.labels?.length;
    if (!name) complaints.push(`no name: ${say(target)}`);
    const box = target.getBoundingClientRect();
    if (target.matches("button") && (box.height < 24 || box.width < 24)) complaints.push(`small: ${say(target)}`);
  }
  for (const button of document.querySelectorAll("button[aria-label]")) {
    const seen = button.textContent.trim().replace(/…$/, "");
    if (!button.ariaLabel.includes(seen.split(" ")[0])) complaints.push(`other name than seen: ${say(button)}`);
  }

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length) complaints.push(`ids twice: ${twice}`);
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) complaints.push(`heading skips a level: ${say(heading)}`);
    level = next;
  }
  if (document.querySelectorAll("h1").length !== 1) complaints.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) complaints.push("not one main");
  if (!document.documentElement.lang) complaints.push("no lang");
  if (!/ · Signalbox$/.test(document.title)) complaints.push(`title: ${document.title}`);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) complaints.push(`scrolls sideways by ${wide}`);
  return complaints;
}
